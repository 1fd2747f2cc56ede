"""Templates of messages, mined by drain3, with a name that each keeps for its life."""

import importlib
from collections.abc import Iterable, Sequence
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from drain3.drain import Drain, LogCluster

_ANY = "<*>"


@cache
def _drain3() -> Any:
    """The library, loaded with the first marker: every server has this strategy, and few use its three megabytes."""
    return importlib.import_module("drain3.drain")


class Template(msgspec.Struct, array_like=True, frozen=True):
    """A template as it is kept.

    Attributes:
        birth: Of the first message: the name that the template keeps, however general it becomes.
        tokens: Words, `<*>` where they differ.
        size: Messages of it so far.
    """

    birth: str
    tokens: tuple[str, ...]
    size: int


class Miner:
    """The templates of one kind of failure; the least recently used are forgotten beyond a number."""

    def __init__(self, *, similarity: float, most: int, fixed: int) -> None:
        """Begin without any.

        Args:
            fixed: How many words at the beginning always tell two failures apart.
            similarity: Share of words that must be equal for two messages to have one template.
            most: How many templates are kept.
        """
        self._fixed = fixed
        self._similarity = similarity
        self._most = most
        self._births: dict[int, str] = {}
        self._drain = self._fresh()

    def __len__(self) -> int:
        return len(self._drain.id_to_cluster)

    def learn(self, words: Sequence[str]) -> tuple[str, bool]:
        """Find the template of a message, or make one.

        Args:
            words: Of the message.

        Returns:
            The template's name, and whether anything of it is new.
        """
        found, change = self._drain.add_log_message(" ".join(words))
        if change != "cluster_created":
            return self._births[found.cluster_id], change != "none"
        birth = self._births[found.cluster_id] = digest(words)
        self._forget()
        return birth, True

    def find(self, words: Sequence[str]) -> Template | None:
        """The template that a message would join; None if it would begin one. Nothing is learnt."""
        found = self._drain.tree_search(self._drain.root_node, list(words), self._similarity, False)
        return self._template(found) if found else None

    def templates(self) -> list[Template]:
        """All that are kept, in the order in which they were learnt."""
        # Its `get` uses nothing; `values` would count as the use of each.
        return [self._template(self._drain.id_to_cluster.get(key)) for key in list(self._drain.id_to_cluster)]

    def adopt(self, templates: Iterable[Template]) -> bool:
        """Take in templates that were learnt elsewhere; say whether some of its own are not among them.

        Those of elsewhere go before: where both know a message, its name is the one that others use too.
        """
        given = list(templates)
        own = self.templates()
        self._drain, self._births = self._fresh(), {}
        for template in given[-self._most :]:
            self._put(template)
        own = own[: self._most - len(self)]
        known = {template.birth for template in given}
        more = False
        for template in own:
            if template.birth not in known and self.find(template.tokens) is None:
                self._put(template)
                more = True
        return more

    def _put(self, template: Template) -> None:
        self._drain.clusters_counter += 1
        cluster = _drain3().LogCluster(list(template.tokens), self._drain.clusters_counter)
        cluster.size = template.size
        self._births[cluster.cluster_id] = template.birth
        self._drain.id_to_cluster[cluster.cluster_id] = cluster
        self._drain.add_seq_to_prefix_tree(self._drain.root_node, cluster)

    def _forget(self) -> None:
        # drain3 forgets templates, but neither their names, which are ours, nor the branches of its tree.
        if self._drain.clusters_counter >= 2 * self._most:
            kept = self.templates()
            self._drain, self._births = self._fresh(), {}
            for template in kept:
                self._put(template)

    def _template(self, cluster: "LogCluster") -> Template:
        return Template(self._births[cluster.cluster_id], tuple(cluster.log_template_tokens), cluster.size)

    def _fresh(self) -> "Drain":
        return _drain3().Drain(
            # Its tree has the number of words above them, and the templates below.
            depth=self._fixed + 2,
            sim_th=self._similarity,
            max_clusters=self._most,
            param_str=_ANY,
            # Numbers that vary are masked already; the others tell something.
            parametrize_numeric_tokens=False,
        )


def digest(words: Iterable[str]) -> str:
    """The name of a template that begins with this message: the same in every process."""
    return sha256(" ".join(words).encode("utf-8", "surrogatepass")).hexdigest()[:32]
