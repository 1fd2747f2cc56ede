"""Which patterns are taken, and which are refused because some text would keep them busy. Add to the tables."""

import pytest

from retrospec.clustering.pattern_checks import MATCH_SECONDS, Refused, check_regex
from retrospec.clustering.patterns import LENGTHS, of_glob, of_regex

ORDINARY = [
    r"timeout",
    r"(?i)payment (?:failed|declined|refused)",
    r"tenant=(?P<tenant>[a-z0-9-]+)",
    r"^/orders/\d+/(?P<what>[a-z-]+)$",
    r"^(?:\d+\.)+\d+$",
    r"at (?:\w+\.)*checkout \(",
    r"\bError: .*\n\s+at checkout\b",
    r".*gateway.*",
    r"(?:GET|POST) \S+ -> 5\d\d",
    r"(?>a+)+b",
    r"a++b",
    r"\d{3}-\d{4}",
]
# The name says what there is too much of.
BUSY = {
    "a repetition repeated": r"(a+)+b",
    "a repetition repeated, with something that may be missing": r"^(\w+\s?)*$",
    "a repetition in a choice, repeated": r"(?:x|[a-z]+)*!",
    "a repetition repeated, counted": r"(?:a{1,40}){1,40}b",
    "choices that overlap": r"^(?:a|aa)+$",
    "a separator that the repetition takes too": r"^(\w+_)*!",
    "two neighbours that take the same": r"(?:x+x+)+y",
    "a dot before a separator, repeated": r"^(?:.*?,){11}P",
    "spaces before a line's end, anywhere": r"\s+$",
    "lines of spaces": r"(?:\s*\n)+x",
}
NONE = {
    "unterminated character set": "([a-z",
    "min repeat greater than max": "a{2,1}",
    "unknown extension": "(?R)",
    "goes back to what a group has found": r"(.*)\1",
    "Possible nested set": "[[a]",
}


@pytest.mark.parametrize("pattern", ORDINARY)
def test_a_pattern_that_no_text_keeps_busy_is_taken(pattern: str) -> None:
    assert check_regex(pattern, LENGTHS["evidence"]).groups("none of these 17", MATCH_SECONDS) is None


@pytest.mark.parametrize("pattern", BUSY.values(), ids=BUSY)
def test_a_pattern_that_some_text_keeps_busy_is_refused(pattern: str) -> None:
    with pytest.raises(Refused, match=r"for ever|takes longer than 20 ms on a text like"):
        check_regex(pattern, LENGTHS["evidence"])


@pytest.mark.parametrize(("said", "pattern"), NONE.items(), ids=NONE)
def test_what_is_no_regex_or_cannot_be_bounded_is_refused_in_words(said: str, pattern: str) -> None:
    with pytest.raises(Refused, match=said):
        check_regex(pattern, 500)


def test_how_long_texts_can_be_decides_about_what_is_slow_on_long_ones_only() -> None:
    address = r"[\w.+-]+@[\w-]+\.example"

    assert check_regex(address, LENGTHS["label"]).groups("by ann@mail.example", MATCH_SECONDS) == {}
    with pytest.raises(Refused, match="of 40"):
        check_regex(address, LENGTHS["evidence"])


def test_a_text_that_keeps_a_pattern_busy_is_given_up_after_its_time() -> None:
    with pytest.raises(TimeoutError):
        of_regex(BUSY["choices that overlap"]).groups("a" * 60 + "!", 0.001)


@pytest.mark.parametrize(
    ("glob", "text"),
    [
        ("*timeout*", "GET /orders -> timeout after 30 s"),
        ("timeout", "Timeout"),
        ("api_*", "api_error"),
        ("a?c*", "abc and more"),
        ("*a*b*c", "xxaxxbxxc"),
        ("*ab", "aab"),
        ("*", ""),
        ("*first*second*", "first\nsecond"),
        ("[a]+(b", "[a]+(b"),
    ],
)
def test_a_glob_is_about_the_whole_text_in_any_case(glob: str, text: str) -> None:
    assert of_glob(glob).groups(text, MATCH_SECONDS) == {}


@pytest.mark.parametrize(
    ("glob", "text"),
    [("timeout", "a timeout"), ("a*a", "a"), ("?", ""), ("*a*b*c", "abcd"), ("a.c", "abc"), ("[ab]", "a")],
)
def test_a_glob_does_not_match_what_only_resembles_it(glob: str, text: str) -> None:
    assert of_glob(glob).groups(text, MATCH_SECONDS) is None
