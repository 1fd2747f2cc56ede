"""How well a clustering strategy groups a labelled corpus, and how long it takes.

    python bench/clustering.py CORPUS STRATEGY [--errors N] [--rules]

CORPUS is a folder of `*.jsonl`, one file for each project, one marker a line with `id`, `group` (its true cause) and
the fields `route`, `kind`, `label`, `clusterKey`, `evidence`. STRATEGY is the name of one in `retrospec_plugins`.
Keys are compared within a project only. Pairwise figures count pairs of markers; B-cubed averages over markers,
so that large groups weigh less.
"""

import argparse
import importlib
import json
import pkgutil
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import process_time
from typing import NamedTuple

import retrospec_plugins
from retrospec.clustering.rules import CompiledRule, ProjectRules
from retrospec.clustering.schemas import Rule, RuleAction, RuleMatch, TextMatch
from retrospec.plugin import ClusteringStrategy, MarkerFacts, Registration


class Example(NamedTuple):
    project: str
    group: str
    facts: MarkerFacts


class Score(NamedTuple):
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def read(corpus: Path) -> list[Example]:
    return [
        Example(
            file.stem,
            row["group"],
            MarkerFacts(row["route"], row["kind"], row["clusterKey"], row["label"], row.get("evidence", "")),
        )
        for file in sorted(corpus.glob("*.jsonl"))
        for row in map(json.loads, file.read_text(encoding="utf-8").splitlines())
    ]


def find(name: str) -> ClusteringStrategy:
    """Make the strategy of that name, with no settings."""
    for module in pkgutil.iter_modules(retrospec_plugins.__path__, "retrospec_plugins."):
        for member in vars(importlib.import_module(module.name)).values():
            offer = getattr(member, "registration", None)
            if isinstance(offer, Registration) and offer.family is ClusteringStrategy and offer.name == name:
                strategy: ClusteringStrategy = offer.factory()
                return strategy
    raise SystemExit(f"no clustering strategy named {name!r} in retrospec_plugins")


def pairs(counts: Counter[tuple[str, ...]]) -> int:
    return sum(count * (count - 1) // 2 for count in counts.values())


def pairwise(true: Sequence[tuple[str, ...]], found: Sequence[tuple[str, ...]]) -> Score:
    both = pairs(Counter((*t, *f) for t, f in zip(true, found, strict=True)))
    return Score(both / max(1, pairs(Counter(found))), both / max(1, pairs(Counter(true))))


def b_cubed(true: Sequence[tuple[str, ...]], found: Sequence[tuple[str, ...]]) -> Score:
    in_true, in_found, in_both = Counter(true), Counter(found), Counter(zip(true, found, strict=True))
    precision = sum(count * count / in_found[f] for (_, f), count in in_both.items())
    recall = sum(count * count / in_true[t] for (t, _), count in in_both.items())
    return Score(precision / len(true), recall / len(true))


def microseconds(work: Callable[[Sequence[MarkerFacts]], object], facts: Sequence[MarkerFacts], rounds: int) -> float:
    """Processor time a marker takes, in batches of 1,000, the best of several rounds."""
    best = float("inf")
    for _ in range(rounds):
        start = process_time()
        for first in range(0, len(facts), 1_000):
            work(facts[first : first + 1_000])
        best = min(best, process_time() - start)
    return best / len(facts) * 1e6


def condition(number: int, *, regex: bool) -> RuleMatch:
    """Something that no marker is like, to be looked for in all of a label."""
    if regex:
        return RuleMatch(label=TextMatch(regex=rf"(?i)\bcourier {number} (?:failed|declined)\b"))
    return RuleMatch(label=TextMatch(glob=f"*courier {number} *"))


def show_rules(facts: Sequence[MarkerFacts]) -> None:
    """Print what rules cost a marker that none of them matches, which is asked of all of them."""
    action, moment = RuleAction(fingerprint="courier"), datetime.now(UTC)
    for name, regex in (("globs", False), ("regexes", True)):
        for count in (1, 10, 100):
            rules = ProjectRules(
                [
                    CompiledRule(Rule(f"rule_{n}", name, n, condition(n, regex=regex), action, True, moment, moment))
                    for n in range(count)
                ]
            )
            print(f"{count:>3} rules of {name:<8} {microseconds(rules.decide, facts, 5):>6.1f} microseconds a marker")


def show(title: str, examples: Sequence[Example], keys: Sequence[str]) -> None:
    true = [(example.project, example.group) for example in examples]
    found = [(example.project, key) for example, key in zip(examples, keys, strict=True)]
    figures = "   ".join(
        f"{name} P {score.precision:.3f} R {score.recall:.3f} F1 {score.f1:.3f}"
        for name, score in (("pairwise", pairwise(true, found)), ("B-cubed", b_cubed(true, found)))
    )
    print(f"{title:<18} {len(true):>5} markers {len(set(true)):>4} groups {len(set(found)):>4} keys   {figures}")


def show_errors(examples: Sequence[Example], keys: Sequence[str], limit: int) -> None:
    """Print the keys that hold most of what does not belong together, and the groups that fell apart most."""
    by_key, by_group = defaultdict(list), defaultdict(list)
    for example, key in zip(examples, keys, strict=True):
        by_key[example.project, key].append(example)
        by_group[example.group].append(key)
    merged = [found for found in by_key.values() if len({example.group for example in found}) > 1]
    for found in sorted(merged, key=len, reverse=True)[:limit]:
        print("merged", dict(Counter(example.group for example in found)), found[0].facts.label[:100])
    for group, of in sorted(by_group.items(), key=lambda item: -len(set(item[1])))[:limit]:
        print("split ", group, f"{len(of)} markers in {len(set(of))} keys")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("strategy")
    parser.add_argument("--errors", type=int, default=0, metavar="N", help="show the N worst merges and splits")
    parser.add_argument("--rules", action="store_true", help="time rules too")
    options = parser.parse_args()
    examples, strategy = read(options.corpus), find(options.strategy)
    if not examples:
        raise SystemExit(f"no *.jsonl with markers in {options.corpus}")
    facts = [example.facts for example in examples]
    # What is remembered of markers is empty now, as it is for those that nobody has sent before.
    cold = microseconds(strategy.keys, facts, 1)
    keys = list(strategy.keys(facts))
    for kind in sorted({each.kind for each in facts}):
        chosen = [at for at, each in enumerate(facts) if each.kind == kind]
        show(kind, [examples[at] for at in chosen], [keys[at] for at in chosen])
    for project in sorted({each.project for each in examples}):
        chosen = [at for at, each in enumerate(examples) if each.project == project]
        show(project, [examples[at] for at in chosen], [keys[at] for at in chosen])
    show("all", examples, keys)
    show_errors(examples, keys, options.errors)
    print(f"{options.strategy} version {strategy.version}: microseconds of processor time a marker")
    print(f"  {cold:.1f} when a process sees them first, {microseconds(strategy.keys, facts, 7):.1f} after that")
    if options.rules:
        show_rules(facts)


if __name__ == "__main__":
    main()
