"""What the heuristic says of clicks without effect."""

import pytest

from retrospec.plugin import Analysis
from retrospec.plugin.testing.visit import Visit, element
from retrospec_plugins.analysis_heuristic import Heuristic

LABEL = 'Click on "Apply" changed nothing'


def basket(**of_button: str) -> Visit:
    code = element("input", id="code", placeholder="Discount code")
    apply = element("button", "Apply", **{"id": "apply", "type": "button", **of_button})
    clock = element("p", "0", id="clock")
    return Visit().open("/basket", element("h1", "Basket"), code, apply, clock).wait(2_000)


async def explained(visit: Visit) -> Analysis:
    visit.wait(4_000).log("info", "later")
    return await Heuristic().analyze(visit.request())


async def test_a_control_without_any_effect_is_named_with_what_was_looked_for() -> None:
    visit = basket().log("info", "ready").call("GET", "/api/basket", 200).wait(500).click("apply")

    report = await explained(visit.mark("ui_no_effect", LABEL, "button#apply"))

    assert report.symptom == "On the page “Basket” (/basket) the button “Apply” did nothing when it was clicked."
    assert "no change of the page, no request, no console error and no other page" in report.technical_root_cause
    assert "`button#apply`" in report.suggested_fix
    assert report.confidence >= 0.75


async def test_what_was_filled_in_before_tells_what_the_click_was_for() -> None:
    visit = basket().type("code", "AUTUMN-10").wait(400).click("apply").mark("ui_no_effect", LABEL)

    report = await explained(visit)

    assert "the field “Discount code” (`input#code`) (9 characters: letters, digits and hyphens)" in (
        report.technical_root_cause
    )


async def test_clicking_again_and_again_makes_it_surer() -> None:
    once = await explained(basket().click("apply").mark("ui_no_effect", LABEL))
    visit = basket()
    for _ in range(4):
        visit.wait(200).click("apply")

    rage = await explained(visit.mark("ui_no_effect", LABEL))

    assert rage.confidence > once.confidence
    assert "when it was clicked 4 times" in rage.symptom
    assert "4 clicks within 0.6 s" in rage.technical_root_cause


async def test_a_click_that_changed_the_page_contradicts() -> None:
    visit = basket().click("apply").mark("ui_no_effect", LABEL).wait(100).show("body", element("p", "Code accepted"))

    report = await explained(visit)

    assert report.confidence < 0.6
    assert "“Code accepted” appeared on the page" in report.technical_root_cause


async def test_a_click_that_opened_a_page_contradicts() -> None:
    visit = basket().click("apply").mark("ui_no_effect", LABEL).wait(300).open("/checkout", element("h1", "Checkout"))

    assert (await explained(visit)).confidence < 0.6


async def test_a_ticking_clock_is_no_effect() -> None:
    visit = basket()
    for second in range(5):
        visit.wait(1_000).say("clock", str(second))
    visit.wait(500).click("apply").mark("ui_no_effect", LABEL).wait(500).say("clock", "6")

    assert (await explained(visit)).confidence >= 0.75


async def test_a_button_that_only_looks_pressed_is_no_effect() -> None:
    visit = basket().click("apply").mark("ui_no_effect", LABEL).wait(10).set("apply", class_="pressed")

    assert (await explained(visit)).confidence >= 0.75


async def test_an_error_after_the_click_is_the_cause() -> None:
    visit = basket().click("apply").mark("ui_no_effect", LABEL).wait(5)
    visit.log("error", "TypeError: form is null", "apply (https://shop.example/basket.js:8:2)")

    report = await explained(visit)

    assert "ended in an error in apply (/basket.js:8)" in report.technical_root_cause
    assert report.confidence >= 0.75


async def test_a_slow_answer_is_told_from_a_dead_button() -> None:
    visit = basket().click("apply").mark("ui_no_effect", LABEL).wait(5).call("POST", "/api/codes", 200, took=4_000)

    report = await explained(visit)

    assert "`POST /api/codes`, which answered 200 after 4.0 s" in report.technical_root_cause
    assert "seemed to do nothing" in report.symptom


async def test_an_answer_that_the_page_ignores_is_told_so() -> None:
    visit = basket().click("apply").mark("ui_no_effect", LABEL).wait(5).call("POST", "/api/codes", 422)

    report = await explained(visit)

    assert "answered 422" in report.technical_root_cause
    assert "the page showed nothing of it" in report.technical_root_cause


@pytest.mark.parametrize(
    ("of_button", "cause"),
    [
        ({"disabled": ""}, "is disabled, and nothing on the page says why"),
        ({"aria_disabled": "true"}, "is disabled"),
        ({"type": "button"}, "Most likely no listener is attached"),
    ],
)
async def test_the_control_itself_tells_the_reason(of_button: dict[str, str], cause: str) -> None:
    report = await explained(basket(**of_button).click("apply").mark("ui_no_effect", LABEL))

    assert cause in report.technical_root_cause


@pytest.mark.parametrize(
    ("tag", "attributes", "cause"),
    [
        ("a", {"href": "#"}, "leads nowhere"),
        ("a", {"href": "mailto:help@shop.example"}, "opens another window, file or program"),
        ("a", {"href": "/help", "target": "_blank"}, "opens another window, file or program"),
        ("a", {"href": "/help"}, "cancels the navigation"),
        ("div", {}, "is no button or link"),
    ],
)
async def test_links_and_plain_elements_have_reasons_of_their_own(
    tag: str, attributes: dict[str, str], cause: str
) -> None:
    visit = Visit().open("/", element("h1", "Home"), element(tag, "Help", id="help", **attributes)).wait(1_000)

    report = await explained(visit.click("help").mark("ui_no_effect", 'Click on "Help" changed nothing'))

    assert cause in report.technical_root_cause


async def test_a_marker_without_a_click_is_no_explanation() -> None:
    assert (await explained(basket().mark("ui_no_effect", LABEL))).confidence < 0.6


async def test_a_recording_that_ends_with_the_click_cannot_tell() -> None:
    visit = basket().click("apply").mark("ui_no_effect", LABEL)

    report = await Heuristic().analyze(visit.request())

    assert report.confidence < 0.6


async def test_a_picture_within_a_button_stands_for_the_button() -> None:
    button = element("button", element("svg", element("path", id="path")), aria_label="Close", id="close")
    visit = Visit().open("/", button).wait(1_000).click("path").mark("ui_no_effect", "Click on close changed nothing")

    assert "the button “Close”" in (await explained(visit)).symptom
