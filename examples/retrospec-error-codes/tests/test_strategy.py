"""What is the same failure, and what is not."""

import re

import pytest
from pydantic import ValidationError
from retrospec.plugin import MarkerFacts

from retrospec_error_codes import ErrorCodesSettings, ErrorCodesStrategy

COMPONENTS = {"checkout": ("/cart", "/checkout*"), "account": ("/me/*",)}


def failure(
    label: str, evidence: str = "", *, route: str = "/checkout", kind: str = "api_error", hint: str = ""
) -> MarkerFacts:
    return MarkerFacts(route, kind, hint, label, evidence)


def keys(*markers: MarkerFacts, **settings: object) -> list[str]:
    given = ErrorCodesSettings.model_validate({"components": COMPONENTS} | settings)
    return list(ErrorCodesStrategy(given).keys(markers))


@pytest.mark.parametrize(
    "other",
    [
        failure("Zahlung abgelehnt (SHOP-1042)"),
        failure("Payment declined", "at pay (app.js:1:2)\nError: shop says SHOP-1042"),
        failure("Payment declined", '{"error": {"code": "shop-1042"}}'),
        failure("SHOP-1042: Payment of 12.50 declined", route="/cart"),
        failure("SHOP-1042 then SHOP-7", hint="api_error:POST:/pay"),
    ],
)
def test_one_code_in_one_component_is_one_failure_however_it_is_worded(other: MarkerFacts) -> None:
    first, second = keys(failure("SHOP-1042: Payment declined"), other)

    assert first == second


@pytest.mark.parametrize(
    "other",
    [
        failure("SHOP-1043: Payment declined"),
        failure("SHOP-1042: Payment declined", kind="js_exception"),
        failure("SHOP-1042: Payment declined", route="/me/cards"),
        failure("SHOP-1042: Payment declined", route="/elsewhere"),
        failure("Payment declined"),
    ],
)
def test_another_code_kind_or_component_is_another_failure(other: MarkerFacts) -> None:
    first, second = keys(failure("SHOP-1042: Payment declined"), other)

    assert first != second


def test_components_make_no_difference_where_settings_say_so() -> None:
    first, second = keys(failure("SHOP-1042"), failure("SHOP-1042", route="/me/cards"), by_component=False)

    assert first == second


def test_a_code_that_tells_nothing_is_passed_over_for_one_that_does() -> None:
    vague = failure('{"code": "Unknown"} PAY-07')
    [by_pay, same, by_words] = keys(vague, failure("PAY-07"), failure('{"code": "unknown"}'))

    assert by_pay == same != by_words


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("GET /orders/17 -> 500", "GET /orders/2041 -> 500", True),
        ("Cannot read 'price' of null", "Cannot read 'stock' of null", True),
        ("Gone: 6f1c2f0e-8a52-4d0e-9d5c-0a1b2c3d4e5f", "Gone: 00000000-8a52-4d0e-9d5c-ffffffffffff", True),
        ("It  BROKE", "it broke", True),
        ("It broke", "It broke again", False),
        ("Save did nothing", "Send did nothing", False),
    ],
)
def test_without_a_code_the_wording_counts_but_for_what_differs_from_visitor_to_visitor(
    one: str, other: str, same: bool
) -> None:
    first, second = keys(failure(one), failure(other))

    assert (first == second) is same


def test_a_route_that_belongs_to_no_component_is_one_without_its_ids() -> None:
    first, second, third = keys(
        failure("PAY-07", route="/orders/17/items?page=2"),
        failure("PAY-07", route="/orders/0a1b2c3d4e5f/items"),
        failure("PAY-07", route="/orders/open/items"),
    )

    assert first == second != third


def test_a_code_is_never_taken_for_a_wording() -> None:
    first, second = keys(failure("pay-07"), failure("PAY-07"), patterns=["PAY-[0-9]+"])

    assert first != second


def test_the_explanation_says_what_counted_and_where_it_was_found() -> None:
    strategy = ErrorCodesStrategy(ErrorCodesSettings(components={"checkout": ("/checkout",)}))

    told = strategy.explain(failure("Declined", "says PAY-07"))

    assert told.key == strategy.keys([failure("Declined", "says PAY-07")])[0]
    assert told.parts == (("kind", "api_error"), ("code", "PAY-07"), ("component", "checkout"))
    assert told.steps[0] == ("code", "PAY-07, in the evidence")
    assert told.text == "kind=api_error\ncode=PAY-07\ncomponent=checkout"
    assert dict(strategy.explain(failure("Order 7 failed")).parts)["wording"] == "order # failed"


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("patterns", [], "at least 1 item"),
        ("patterns", ["("], "regular expression"),
        ("patterns", ["(A)(B)"], "one group"),
        ("patterns", ["[A-Z]*"], "must not match an empty text"),
        ("components", {"checkout": ["cart"]}, "pattern"),
        ("colour", "red", "not permitted"),
    ],
)
def test_settings_that_do_not_fit_are_refused(field: str, value: object, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        ErrorCodesSettings.model_validate({field: value})


def test_nothing_in_a_long_marker_takes_long() -> None:
    hostile = ["'" * 500, "a1" * 250, "-" * 500, '"code" : "' * 50, "A-" * 250]
    for text in hostile:
        assert re.fullmatch(r"api_error:[0-9a-f]{16}", keys(failure(text, text * 8, route="/" + text))[0])
