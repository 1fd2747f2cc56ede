"""What the heuristic says of forms that refuse."""

import pytest

from retrospec.plugin import Analysis
from retrospec.plugin.testing.visit import Visit, element
from retrospec_plugins.analysis_heuristic import Heuristic
from retrospec_plugins.analysis_heuristic.rules import broken, pattern_words
from retrospec_plugins.analysis_heuristic.values import shape

MESSAGE = "Please enter a valid postcode."
EVIDENCE = 'input[name="postcode"] refused: patternMismatch'


def checkout(**of_field: str) -> Visit:
    field = {"name": "postcode", "id": "postcode", "required": "", "aria_errormessage": "wrong", **of_field}
    countries = element(
        "select", element("option", "Germany"), element("option", "Japan"), name="country", id="country"
    )
    form = element(
        "form",
        element("label", element("span", "Country"), countries),
        element("label", "Postcode", element("input", **field), element("em", MESSAGE, id="wrong", hidden="")),
        element("button", "Pay", id="pay"),
    )
    return Visit().open("/checkout", element("h1", "Checkout"), form).wait(2_000)


def refuse(visit: Visit) -> Visit:
    visit.click("pay").wait(2).mark("validation_failed", MESSAGE, EVIDENCE)
    return visit.set("postcode", aria_invalid="true").set("wrong", hidden=None)


async def explained(visit: Visit) -> Analysis:
    return await Heuristic().analyze(visit.wait(2_000).set("body", class_="x").request())


async def test_the_field_its_rule_and_the_shape_of_the_value_are_named() -> None:
    report = await explained(refuse(checkout(pattern="[0-9]{5}").type("postcode", "153-0063")))

    assert "The field “Postcode” (`input#postcode`) held a value (8 characters: digits and hyphens)" in (
        report.technical_root_cause
    )
    assert "its pattern `[0-9]{5}` takes exactly 5 digits and nothing else" in report.technical_root_cause
    assert report.confidence >= 0.8


async def test_what_the_form_said_is_the_symptom() -> None:
    report = await explained(refuse(checkout(pattern="[0-9]{5}").type("postcode", "153-0063")))

    assert report.symptom == (
        "The form on the page “Checkout” (/checkout) refused what was entered in the field “Postcode”, "
        "saying “Please enter a valid postcode.”"
    )


async def test_the_chosen_country_is_told_where_the_rule_ignores_it() -> None:
    visit = checkout(pattern="[0-9]{5}").type("country", "Japan").type("postcode", "153-0063")

    report = await explained(refuse(visit))

    assert "“Country” was set to “Japan”" in report.technical_root_cause
    assert "depend on “Country”" in report.suggested_fix


async def test_being_refused_again_makes_it_surer() -> None:
    visit = refuse(checkout(pattern="[0-9]{5}").type("postcode", "153-0063"))
    once = await explained(visit)

    twice = await explained(refuse(visit.type("postcode", "1530 063")))

    assert twice.confidence > once.confidence
    assert "refused what was entered in the field “Postcode” twice" in twice.symptom


async def test_an_empty_field_is_the_visitors_slip_not_a_wrong_rule() -> None:
    visit = checkout(pattern="[0-9]{5}").click("pay").wait(2)
    visit.mark("validation_failed", MESSAGE, 'input[name="postcode"] refused: valueMissing').set("wrong", hidden=None)

    report = await explained(visit)

    assert "was left empty" in report.symptom
    assert "did what it was told to" in report.technical_root_cause


async def test_a_value_that_fits_the_rule_contradicts_the_marker() -> None:
    visit = checkout(pattern="[0-9]{5}", minlength="9").type("postcode", "10115").click("pay").wait(2)
    visit.mark("validation_failed", MESSAGE, EVIDENCE)

    assert (await explained(visit)).confidence < 0.6


async def test_a_masked_value_is_not_measured_against_the_rule() -> None:
    report = await explained(refuse(checkout(pattern="[0-9]{5}").type("postcode", "********")))

    assert "masked in the recording" in report.technical_root_cause
    assert "characters" not in report.technical_root_cause


async def test_a_field_that_the_page_marks_is_found_without_a_name_in_the_marker() -> None:
    visit = checkout(pattern="[0-9]{5}").type("postcode", "153-0063").click("pay").wait(2)
    visit.mark("validation_failed", "Form blocked").set("postcode", aria_invalid="true").set("wrong", hidden=None)

    assert "“Postcode”" in (await explained(visit)).symptom


async def test_a_refusal_without_a_field_or_message_is_no_explanation() -> None:
    visit = Visit().open("/checkout", element("h1", "Checkout")).wait(2_000).mark("validation_failed", "Form blocked")

    report = await explained(visit)

    assert report.confidence < 0.6
    assert "aria-invalid" in report.suggested_fix


@pytest.mark.parametrize(
    ("rules", "value", "expected"),
    [
        ({"pattern": "[0-9]{5}"}, "12345", ()),
        ({"pattern": "[0-9]{5}"}, "123456", ("patternMismatch",)),
        ({"type": "email"}, "anna at mail", ("typeMismatch",)),
        ({"minlength": "3"}, "ab", ("tooShort",)),
        ({"maxlength": "3"}, "abcd", ("tooLong",)),
        ({"min": "1"}, "0", ("rangeUnderflow",)),
        ({"max": "10"}, "11", ("rangeOverflow",)),
        ({"max": "ten", "pattern": "("}, "11", ()),
        ({"pattern": "(a+)+b"}, "a" * 60, ()),
    ],
)
def test_rules_are_tried_on_the_value(rules: dict[str, str], value: str, expected: tuple[str, ...]) -> None:
    assert broken(rules, value, empty=False) == expected


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (r"\d{4}", "takes exactly 4 digits and nothing else"),
        ("[0-9]{2,4}", "takes 2 to 4 digits and nothing else"),
        ("[0-9]{2,}", "takes at least 2 digits and nothing else"),
        ("[A-Za-z]+", "takes letters from A to Z and nothing else"),
        ("(x|y)", "does not match it"),
    ],
)
def test_plain_patterns_are_put_into_words(pattern: str, words: str) -> None:
    assert pattern_words(pattern) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("", "empty"),
        ("x", "1 character: letters"),
        ("SW1A 1AA", "8 characters: letters, digits and spaces"),
        ("a@b.example", "11 characters: letters, dots and an @"),
        ("5€", "2 characters: digits and other signs"),
        ("••••", "masked in the recording"),
        ("[redacted]", "masked in the recording"),
        ("[email]", "masked in the recording"),
        ("email", "5 characters: letters"),
    ],
)
def test_a_value_is_described_by_its_shape(value: str, words: str) -> None:
    assert shape(value) == words
