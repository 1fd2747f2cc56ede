"""What the heuristic says of scripts that throw."""

import pytest

from retrospec.plugin import Analysis
from retrospec.plugin.testing.visit import Visit, element
from retrospec_plugins.analysis_heuristic import Heuristic
from retrospec_plugins.analysis_heuristic.known_errors import meaning_of
from retrospec_plugins.analysis_heuristic.stack import first_own, parse_stack

MESSAGE = "TypeError: Cannot read properties of undefined (reading 'amount')"
OWN = "chooseSize (https://shop.example/pages/product.js:39:58)"


def product_page() -> Visit:
    sizes = [element("button", name, class_="size", id=name.lower()) for name in ("Small", "Large")]
    price = element("p", "EUR 49", id="price")
    return Visit().open(
        "/products/lantern", element("h1", "Lantern"), price, *sizes, element("button", "Add", id="add")
    )


def broken_choice(visit: Visit) -> Visit:
    """The defect: the price is cleared, the button switched off, and then it throws."""
    visit.click("large").wait(5).log("error", f"Uncaught {MESSAGE}", OWN).mark("js_exception", MESSAGE)
    return visit.wait(2).say("price", "Updating price…").set("add", disabled="")


async def explained(visit: Visit) -> Analysis:
    return await Heuristic().analyze(visit.request())


async def test_the_first_own_frame_and_the_click_that_led_there_are_named() -> None:
    report = await explained(broken_choice(product_page().wait(3_000)).wait(4_000).set("body", class_="x"))

    assert "thrown in chooseSize (/pages/product.js:39)" in report.technical_root_cause
    assert "right after a click on the button “Large” (`button#large`)" in report.technical_root_cause
    assert "In chooseSize (/pages/product.js:39)" in report.suggested_fix
    assert report.confidence >= 0.85


async def test_how_the_page_was_left_is_part_of_the_symptom() -> None:
    report = await explained(broken_choice(product_page().wait(3_000)).wait(4_000).set("body", class_="x"))

    assert report.symptom == (
        "After a click on “Large”, the page stayed at “Updating price…” and “Add” could not be used any more "
        "(TypeError)."
    )
    assert "the button “Add” (`button#add`) stayed disabled" in report.technical_root_cause


async def test_a_page_that_recovers_is_not_called_stuck() -> None:
    visit = broken_choice(product_page().wait(3_000)).wait(1_000).say("price", "EUR 49").set("add", disabled=None)

    report = await explained(visit.wait(4_000).set("body", class_="x"))

    assert "stayed" not in report.symptom + report.technical_root_cause


async def test_a_like_click_that_went_well_narrows_it_down() -> None:
    sizes = [element("button", name, class_="size", ref=name) for name in ("Small", "Large")]
    visit = Visit().open("/products/lantern", element("p", "EUR 49", id="price"), *sizes)
    visit.wait(1_000).click("Small").wait(10).say("price", "EUR 39").wait(2_000).click("Large")
    visit.wait(2).log("error", f"Uncaught {MESSAGE}", OWN).mark("js_exception", MESSAGE)

    report = await explained(visit)

    assert "A click on “Small” at 0:01.0 went through" in report.technical_root_cause
    assert "for “Large”" in report.suggested_fix


async def test_a_request_that_failed_just_before_is_named() -> None:
    visit = product_page().wait(2_000).call("GET", "/api/prices", 500).wait(200)
    visit.log("error", f"Uncaught {MESSAGE}", OWN).mark("js_exception", MESSAGE)

    report = await explained(visit)

    assert "GET /api/prices answered 500 0.2 s before" in report.technical_root_cause


async def test_a_stack_in_the_marker_alone_is_worth_less_than_one_in_the_console() -> None:
    visit = product_page().wait(2_000).click("large").wait(5)
    visit.mark("js_exception", MESSAGE, f"{MESSAGE}\n    at {OWN}")

    report = await explained(visit)

    assert "chooseSize" in report.technical_root_cause
    assert 0.6 <= report.confidence < 0.8


async def test_a_console_that_tells_of_other_errors_only_contradicts() -> None:
    visit = product_page().wait(2_000).log("error", "Image not found").wait(500)
    visit.mark("js_exception", MESSAGE, f"{MESSAGE}\n    at {OWN}")

    assert (await explained(visit)).confidence < 0.6


async def test_nothing_around_the_marker_is_no_explanation() -> None:
    visit = product_page().wait(60_000).mark("js_exception", MESSAGE).set("body", class_="x")
    visit.events.pop()

    report = await explained(visit)

    assert report.confidence < 0.6
    assert "shows nothing around 1:00.0" in report.text_summary


async def test_an_extension_of_the_browser_is_not_blamed_on_the_product() -> None:
    visit = product_page().wait(2_000).log("error", "Error: no port", "run (chrome-extension://abcdef/content.js:9:1)")
    visit.mark("js_exception", "Error: no port")

    report = await explained(visit)

    assert "browser extension" in report.symptom
    assert "Nothing in the product" in report.suggested_fix


@pytest.mark.parametrize(
    "line",
    [
        "    at load (https://shop.example/js/cart.js:12:3)",
        "    at async load (https://shop.example/js/cart.js?v=3:12:3)",
        "load@https://shop.example/js/cart.js:12:3",
        "load (https://shop.example/js/cart.js:12:3)",
    ],
)
def test_stacks_of_every_browser_name_function_and_place(line: str) -> None:
    (frame,) = parse_stack(f"Error: x\n{line}\n")

    assert frame.words in ("load (/js/cart.js:12)", "load (/js/cart.js)")
    assert (frame.function, frame.line, frame.column) == ("load", 12, 3)


@pytest.mark.parametrize(
    "foreign",
    [
        "https://shop.example/assets/vendor.4f2a.js:1:2",
        "https://shop.example/node_modules/react-dom/index.js:1:2",
        "https://unpkg.com/vue.global.js:1:2",
        "chrome-extension://abc/content.js:1:2",
        "webpack/runtime/chunk.js:1:2",
    ],
)
def test_frames_of_libraries_are_passed_over(foreign: str) -> None:
    frames = parse_stack(f"at inner ({foreign})\nat own (https://shop.example/app.js:7:1)")

    own = first_own(frames)

    assert own is not None
    assert own.function == "own"


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ("Cannot read property 'price' of null", "reads `price` although the value it is read from is null"),
        ("undefined is not an object (evaluating 'cart.total')", "reads `cart.total`"),
        ('can\'t access property "id", user is undefined', "reads `id` although `user` is undefined"),
        ("basket.sum is not a function", "calls `basket.sum`"),
        ("dataLayer is not defined", "uses the name `dataLayer`"),
        ("Can't find variable: dataLayer", "uses the name `dataLayer`"),
        ("Failed to fetch", "got no answer"),
        ("Unexpected token '<', \"<!DOCTYPE\" is not valid JSON", "parses an answer as JSON"),
        ("Loading chunk 17 failed.", "a release removed it"),
        ("Maximum call stack size exceeded", "calls itself"),
        ("Script error.", "another host"),
        ("The frobnicator is sad", "Nothing around it catches"),
    ],
)
def test_the_usual_messages_of_browsers_are_understood(message: str, says: str) -> None:
    assert says in meaning_of(message, "f (/a.js:1)").why
