"""What every clustering strategy must do."""

import re
from abc import ABC, abstractmethod
from dataclasses import replace

import pytest

from retrospec.plugin.clustering import ClusteringStrategy, Explanation, MarkerFacts

KINDS = ("validation_failed", "api_error", "js_exception", "ui_no_effect")

ORDINARY = (
    MarkerFacts(
        "/checkout",
        "api_error",
        "api_error:POST:https://api.shop.example/orders:5xx",
        "POST https://api.shop.example/orders -> 500",
        "statusText=Internal Server Error",
    ),
    MarkerFacts(
        "/cart",
        "js_exception",
        "js_exception:https://shop.example/assets/cart.js",
        "Uncaught TypeError: Cannot read properties of undefined (reading 'price')",
        "TypeError: Cannot read properties of undefined (reading 'price')\n"
        "    at Cart.total (https://shop.example/assets/cart.js:10:5)",
    ),
    MarkerFacts("/signup", "validation_failed", "", "Validation blocked submission: email (Enter an address)", ""),
    MarkerFacts("/settings", "ui_no_effect", "", "Repeated clicks with no progress on tag:button|id:save", ""),
)

# Each of these has stopped somebody's text processing before.
ODD_TEXTS = {
    "nothing": "",
    "spaces": " \t\r\n\u00a0\u2003",
    "control characters": "\x00\x01\x1f\x7f",
    "a lone surrogate": "before \ud800 after",
    "a pair of lone surrogates the wrong way round": "\udc00\ud800",
    "text from right to left": "\u202e\u05e9\u05d2\u05d9\u05d0\u05d4 \u05d1\u05d3\u05e3\u202c",
    "an emoji of several parts": "👩‍👩‍👧‍👦 failed",
    "letters under a pile of accents": "e" + "\u0301" * 300,
    "a character that grows when normalised": "\ufdfa" * 500,
    "characters that change length with case": "İßŉǰΐ" * 50,
    "digits that are not 0 to 9": "٣٤٥ ५६७ ²³ ①②③ Ⅷ",
    "other characters than ASCII in an address": "GET https://bücher.example/straße/日本語?q=é -> 500",
    "an address cut off": "GET https://",
    "percent signs that encode nothing": "GET /a%zz%%41%f -> 500",
    "brackets that never close": "[" * 500,
    "quotes that never close": "'\"`" * 150,
    "a stack cut off": "TypeError: x\n    at Cart.tot",
    "at signs": "@" * 500,
    "slashes": "/" * 500,
    "letters without a space": "a" * 500,
    "digits without a space": "7" * 500,
}


def as_every_field(text: str, kind: str) -> MarkerFacts:
    """Make a marker whose every text is the same."""
    return MarkerFacts(route=text, kind=kind, hint=text, label=text, evidence=text)


class ClusteringSuite(ABC):
    """Inherit it in a test module, under a name that begins with `Test`, and say what to test:

        class TestMine(ClusteringSuite):
            @pytest.fixture
            def strategy(self) -> Mine:
                return Mine()

    A strategy that takes settings overrides `another` too.
    """

    @abstractmethod
    @pytest.fixture
    def strategy(self) -> ClusteringStrategy:
        """The strategy, opened if it needs that."""

    @pytest.fixture
    def another(self, strategy: ClusteringStrategy) -> ClusteringStrategy:
        """A second instance with the same settings, as another process would have."""
        return type(strategy)()

    def test_its_version_is_a_positive_whole_number(self, strategy: ClusteringStrategy) -> None:
        assert type(strategy.version) is int
        assert strategy.version > 0

    def test_no_markers_get_no_keys(self, strategy: ClusteringStrategy) -> None:
        assert list(strategy.keys([])) == []

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_key_is_the_kind_and_sixteen_hex_digits(self, strategy: ClusteringStrategy, kind: str) -> None:
        (key,) = strategy.keys([as_every_field("x", kind)])
        assert re.fullmatch(rf"{kind}:[0-9a-f]{{16}}", key)

    def test_each_marker_gets_one_key_in_the_order_given(self, strategy: ClusteringStrategy) -> None:
        keys = strategy.keys(ORDINARY)
        assert [key.partition(":")[0] for key in keys] == [marker.kind for marker in ORDINARY]

    def test_a_thousand_markers_get_a_thousand_keys(self, strategy: ClusteringStrategy) -> None:
        assert list(strategy.keys(ORDINARY * 250)) == list(strategy.keys(ORDINARY)) * 250

    def test_the_same_marker_gets_the_same_key_again(self, strategy: ClusteringStrategy) -> None:
        assert list(strategy.keys(ORDINARY)) == list(strategy.keys(tuple(replace(marker) for marker in ORDINARY)))

    def test_the_order_of_markers_does_not_matter(self, strategy: ClusteringStrategy) -> None:
        _needs_purity(strategy)
        backwards = strategy.keys(ORDINARY[::-1])
        assert list(backwards)[::-1] == list(strategy.keys(ORDINARY))

    def test_neighbours_do_not_matter(self, strategy: ClusteringStrategy) -> None:
        alone = [key for marker in ORDINARY for key in strategy.keys([marker])]
        assert alone == list(strategy.keys(ORDINARY))

    def test_another_instance_gives_the_same_keys_whatever_the_first_has_seen(
        self, strategy: ClusteringStrategy, another: ClusteringStrategy
    ) -> None:
        _needs_purity(strategy)
        strategy.keys([as_every_field(f"seen before {n}", kind) for n in range(100) for kind in KINDS])
        assert list(strategy.keys(ORDINARY)) == list(another.keys(ORDINARY))

    def test_what_it_tells_of_a_marker_ends_in_the_key_that_it_gives(self, strategy: ClusteringStrategy) -> None:
        odd = [as_every_field(text, kind) for text in ODD_TEXTS.values() for kind in KINDS]
        told = [strategy.explain(marker) for marker in (*ORDINARY, *odd)]
        assert all(isinstance(each, Explanation) for each in told)
        assert [each.key for each in told] == list(strategy.keys([*ORDINARY, *odd]))

    def test_unrelated_failures_stay_apart(self, strategy: ClusteringStrategy) -> None:
        assert len(set(strategy.keys(ORDINARY))) == len(ORDINARY)

    def test_equal_texts_of_different_kinds_stay_apart(self, strategy: ClusteringStrategy) -> None:
        assert len(set(strategy.keys([as_every_field("Payment failed", kind) for kind in KINDS]))) == len(KINDS)

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS)
    def test_odd_text_gets_an_ordinary_key(self, strategy: ClusteringStrategy, kind: str, text: str) -> None:
        first, second = strategy.keys([as_every_field(text, kind)] * 2)
        assert re.fullmatch(rf"{kind}:[0-9a-f]{{16}}", first)
        assert first == second

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("text", ["a b/", "1-", "at f (https://x.example/a.js:1:1)\n", "\ufdfa\ud800", "'@/:*"])
    def test_a_megabyte_in_every_field_gets_an_ordinary_key(
        self, strategy: ClusteringStrategy, kind: str, text: str
    ) -> None:
        (key,) = strategy.keys([as_every_field(text * (1_000_000 // len(text)), kind)])
        assert re.fullmatch(rf"{kind}:[0-9a-f]{{16}}", key)

    def test_an_unknown_kind_is_kept_as_it_is(self, strategy: ClusteringStrategy) -> None:
        (key,) = strategy.keys([as_every_field("x", "of a later version")])
        assert re.fullmatch(r"of a later version:[0-9a-f]{16}", key)

    def test_what_one_that_learns_has_learnt_is_brought_to_another(
        self, strategy: ClusteringStrategy, another: ClusteringStrategy
    ) -> None:
        _needs_learning(strategy)
        keys = list(strategy.keys(ORDINARY))
        state = strategy.state()
        assert state is not None
        assert strategy.state() is None

        another.adopt(state)

        assert list(another.keys(ORDINARY)) == keys

    def test_two_that_learnt_apart_agree_once_each_has_the_others_state(
        self, strategy: ClusteringStrategy, another: ClusteringStrategy
    ) -> None:
        _needs_learning(strategy)
        strategy.keys(ORDINARY[:3])
        another.keys(ORDINARY[1:])
        another.adopt(strategy.state() or "")
        state = another.state()
        assert state is not None
        strategy.adopt(state)

        assert list(strategy.keys(ORDINARY)) == list(another.keys(ORDINARY))

    @pytest.mark.parametrize("text", ["", "null", "[]", "{", '{"form": 99999, "templates": {}}', "x" * 1000])
    def test_a_state_that_is_none_is_refused_and_changes_nothing(self, strategy: ClusteringStrategy, text: str) -> None:
        _needs_learning(strategy)
        keys = list(strategy.keys(ORDINARY))

        with pytest.raises(ValueError):  # noqa: PT011 - its words are the plugin's own
            strategy.adopt(text)

        assert list(strategy.keys(ORDINARY)) == keys


def _needs_purity(strategy: ClusteringStrategy) -> None:
    if strategy.learns:
        pytest.skip("the strategy declares learns = True")


def _needs_learning(strategy: ClusteringStrategy) -> None:
    if not strategy.learns:
        pytest.skip("the strategy declares learns = False")
