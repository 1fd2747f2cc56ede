"""Whether some text could keep a regex busy: looked for in its structure, and then by trying.

Backtracking is what takes long: where a text can be divided among repetitions in many ways, and none of them leads
to a match, each is tried. A check of the structure names the plainest case, a repetition that is nothing but a
repetition, in words that help. Whatever else is slow is found by running the pattern on texts made of itself: what
leads to a repetition, then what the repetition takes, again and again, then something that nothing takes.
"""

import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice, product
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from time import thread_time
from typing import Any

from retrospec.clustering.patterns import Pattern, of_regex

# Of the processor's time, which is what `regex` counts. An ordinary pattern needs microseconds for its worst text.
MATCH_SECONDS = 0.02
_CHECK_SECONDS = 1.0
_ENDLESS = 16
_ATTACKS = 120
_PICKS = 4
_REPEATS = {op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT}
_STRANGE = "a1_ -./:A\n\xe9\u4e2d"

_CATEGORIES: dict[Any, Callable[[str], bool]] = {
    op.CATEGORY_DIGIT: str.isdigit,
    op.CATEGORY_NOT_DIGIT: lambda char: not char.isdigit(),
    op.CATEGORY_SPACE: str.isspace,
    op.CATEGORY_NOT_SPACE: lambda char: not char.isspace(),
    op.CATEGORY_WORD: lambda char: char.isalnum() or char == "_",
    op.CATEGORY_NOT_WORD: lambda char: not (char.isalnum() or char == "_"),
}

# As Python's own parser gives it: pairs of an operation and what belongs to it.
Node = tuple[Any, Any]
Nodes = Sequence[Node]


class Refused(Exception):
    """What is wrong with a pattern, in words."""


def check_regex(text: str, longest: int) -> Pattern:
    """Compile a regex, and try to find a text that makes it slow.

    Args:
        text: The pattern, in the syntax of Python's `re`.
        longest: How long the texts can be that it will meet.

    Raises:
        Refused: It is none, goes back to what a group found, repeats a repetition, or took longer than 20 ms on a
            text that was made for it.
    """
    nodes = _parsed(text)
    for node in _all(nodes):
        if node[0] in {op.GROUPREF, op.GROUPREF_EXISTS}:
            raise Refused("goes back to what a group has found, which can take for ever")
        if _repeats_a_repetition(node):
            raise Refused("repeats what is a repetition already, like (a+)+, which can take for ever: one is enough")
    try:
        pattern = of_regex(text)
    except (re.error, ValueError, RecursionError, OverflowError) as mistake:
        raise Refused(f"is no regex: {mistake}") from mistake
    began = thread_time()
    for attack in islice(_attacks(nodes, longest), _ATTACKS):
        if _is_slow(pattern, attack) or thread_time() - began > _CHECK_SECONDS:
            limit = round(MATCH_SECONDS * 1000)
            raise Refused(
                f"takes longer than {limit} ms on a text like {attack[:24]!r}… of {len(attack)} characters: "
                "let it begin with ^ or a fixed text, or use a glob"
            )
    return pattern


def _parsed(text: str) -> Nodes:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return list(_parser.parse(text))
    except (re.error, Warning, RecursionError, OverflowError) as mistake:
        raise Refused(f"is no regex: {mistake}") from mistake


def _is_slow(pattern: Pattern, text: str) -> bool:
    # Twice: the time of other threads counts too.
    for _ in range(2):
        try:
            pattern.groups(text, MATCH_SECONDS)
        except TimeoutError:
            continue
        return False
    return True


def _inner(node: Node) -> list[Nodes]:
    """The sequences that a node is made of."""
    kind, value = node
    if kind in _REPEATS or kind is op.SUBPATTERN:
        return [list(value[-1])]
    if kind is op.BRANCH:
        return [list(branch) for branch in value[1]]
    if kind is op.ATOMIC_GROUP:
        return [list(value)]
    if kind in {op.ASSERT, op.ASSERT_NOT}:
        return [list(value[1])]
    return []


def _all(nodes: Nodes) -> Iterator[Node]:
    for node in nodes:
        yield node
        for inner in _inner(node):
            yield from _all(inner)


def _is_endless(node: Node) -> bool:
    return node[0] in {op.MAX_REPEAT, op.MIN_REPEAT} and node[1][1] >= _ENDLESS


def _repeats_a_repetition(node: Node) -> bool:
    return _is_endless(node) and any(_is_bare_repetition(inner) for inner in _inner(node))


def _is_bare_repetition(nodes: Nodes) -> bool:
    """Whether a sequence can match by one endless repetition alone."""
    needed = [node for node in nodes if not _may_be_empty(node)]
    if len(needed) > 1:
        return False
    candidates = needed or nodes
    return any(
        _is_endless(node)
        or (node[0] in {op.SUBPATTERN, op.BRANCH} and any(_is_bare_repetition(inner) for inner in _inner(node)))
        for node in candidates
    )


def _may_be_empty(node: Node) -> bool:
    kind, value = node
    if kind in _REPEATS:
        return value[0] == 0 or all(map(_may_be_empty, value[-1]))
    if kind in {op.AT, op.ASSERT, op.ASSERT_NOT}:
        return True
    inner = _inner(node)
    return bool(inner) and any(all(map(_may_be_empty, each)) for each in inner)


def _attacks(nodes: Nodes, longest: int) -> Iterator[str]:
    letters = list(dict.fromkeys(char for node in _all(nodes) for char in _letters(node)))[:12]
    # The engine gives up at once where a text lacks what every match needs, so that it stands behind what fails.
    tails = ("\x01" + _sample(nodes, 0), "!", "")
    for before, node in _repeats(nodes, ""):
        bodies = [_sample(_inner(node)[0], pick) for pick in range(_PICKS)]
        for pump, tail in product(dict.fromkeys([*bodies, *letters]), tails):
            if pump:
                yield before + pump * max(1, (longest - len(before)) // len(pump)) + tail
    # Where nothing repeats, search still begins anew at each character.
    yield from (letter * longest for letter in letters)


def _repeats(nodes: Nodes, before: str) -> Iterator[tuple[str, Node]]:
    """Each endless repetition, with a text that leads to it."""
    for node in nodes:
        if node[0] in _REPEATS and node[1][1] >= _ENDLESS:
            yield before, node
        for inner in _inner(node):
            yield from _repeats(inner, before)
        before += _sample([node], 0)


def _letters(node: Node) -> Iterable[str]:
    kind, value = node
    if kind is op.LITERAL:
        return [chr(value)]
    return _members(node) if kind in {op.IN, op.NOT_LITERAL, op.ANY} else []


def _members(node: Node) -> list[str]:
    """Some characters that a node for one character takes."""
    kind, value = node
    if kind is op.ANY:
        return list(_STRANGE.replace("\n", ""))
    if kind is op.NOT_LITERAL:
        return [char for char in _STRANGE if ord(char) != value]
    named = [chr(code) for what, code in value if what is op.LITERAL]
    ranges = [chr(code) for what, ends in value if what is op.RANGE for code in ends]
    return [char for char in dict.fromkeys([*named, *ranges, *_STRANGE]) if _takes(value, char)]


def _takes(items: Nodes, char: str) -> bool:
    """Whether a set like `[a-z_]` takes a character."""
    found = any(
        (kind is op.LITERAL and ord(char) == value)
        or (kind is op.RANGE and value[0] <= ord(char) <= value[1])
        or (kind is op.CATEGORY and _CATEGORIES[value](char))
        for kind, value in items
    )
    return found is not (items[0][0] is op.NEGATE)


def _sample(nodes: Nodes, pick: int) -> str:
    """A text that a sequence takes; another one for another `pick`, where it has a choice."""
    return "".join(_sample_of(node, pick) for node in nodes)


def _sample_of(node: Node, pick: int) -> str:
    kind, value = node
    if kind is op.LITERAL:
        return str(chr(value))
    if kind in {op.IN, op.NOT_LITERAL, op.ANY}:
        members: list[str] = _members(node) or [""]
        return members[pick % len(members)]
    inner = _inner(node)
    if kind in _REPEATS:
        return _sample(inner[0], pick) * int(max(1, min(value[0], 50)))
    if kind in {op.ASSERT, op.ASSERT_NOT} or not inner:
        return ""
    return _sample(inner[pick % len(inner)], pick)
