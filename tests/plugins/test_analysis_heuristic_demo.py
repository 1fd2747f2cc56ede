"""The heuristic on sessions recorded in a real browser: each defect of the demo shop is found for what it is."""

import re
from collections.abc import Sequence
from dataclasses import astuple

import pytest

from retrospec.demo import Recording, read_recordings
from retrospec.plugin import Analysis, AnalysisMarker, AnalysisRequest
from retrospec_plugins.analysis_heuristic import Heuristic

STRENGTH = ("ui_no_effect", "validation_failed", "api_error", "js_exception")
RECORDINGS = {recording.name: recording for recording in read_recordings()}


def marked(kind: str) -> list[str]:
    """The recordings that have a marker of this kind."""
    return [name for name, one in RECORDINGS.items() if any(marker["kind"] == kind for marker in one.markers)]


async def explained(recording: Recording, kind: str | None = None) -> Analysis:
    markers: Sequence[AnalysisMarker] = [
        AnalysisMarker(one["replayOffsetMs"], one["kind"], one["label"], one.get("evidence", ""))
        for one in recording.markers
        if kind is None or one["kind"] == kind
    ]
    trigger = max((marker.kind for marker in markers), key=STRENGTH.index)
    request = AnalysisRequest("proj_demo", recording.name, "shop.example", "/", trigger, markers, recording.events)
    return await Heuristic().analyze(request)


@pytest.mark.parametrize("name", marked("js_exception"))
async def test_the_size_without_a_price_is_found(name: str) -> None:
    report = await explained(RECORDINGS[name], "js_exception")

    assert report.symptom.startswith("After a click on “Large · 38 cm”, the page stayed at “Updating price…”")
    assert "chooseSize (/pages/product.js:" in report.technical_root_cause
    assert "reads `amount`" in report.technical_root_cause
    assert "“Add to basket” (`button#add`) stayed disabled" in report.technical_root_cause
    assert "chooseSize" in report.suggested_fix
    assert report.confidence >= 0.75


@pytest.mark.parametrize("name", marked("api_error"))
async def test_the_order_that_the_courier_breaks_is_found(name: str) -> None:
    report = await explained(RECORDINGS[name], "api_error")

    assert "the page said “We could not place your order." in report.symptom
    assert "`POST /api/orders` answered 50" in report.technical_root_cause
    assert "a click on the button “Place order” (`button#place`)" in report.technical_root_cause
    assert "courier quote failed" in report.technical_root_cause
    assert "`POST /api/orders` in the server's log" in report.suggested_fix
    assert report.confidence >= 0.75


@pytest.mark.parametrize("name", marked("validation_failed"))
async def test_the_postcode_rule_for_one_country_is_found(name: str) -> None:
    report = await explained(RECORDINGS[name], "validation_failed")

    assert "refused what was entered in the field “Postcode”" in report.symptom
    assert "its pattern `[0-9]{5}` takes exactly 5 digits and nothing else" in report.technical_root_cause
    assert "“Country” was set to “" in report.technical_root_cause
    assert "depend on “Country”" in report.suggested_fix
    assert report.confidence >= 0.75


@pytest.mark.parametrize("name", marked("ui_no_effect"))
async def test_the_button_that_nothing_listens_to_is_found(name: str) -> None:
    report = await explained(RECORDINGS[name], "ui_no_effect")

    assert "the button “Apply” did nothing when it was clicked" in report.symptom
    assert "no listener is attached" in report.technical_root_cause
    assert "the field “Gift card or discount code”" in report.technical_root_cause
    assert "`button#apply-code`" in report.suggested_fix
    assert report.confidence >= 0.75


@pytest.mark.parametrize("name", [name for name, one in RECORDINGS.items() if one.markers])
async def test_no_report_repeats_what_a_visitor_typed(name: str) -> None:
    recording = RECORDINGS[name]
    chosen_from_lists = {"Germany", "France", "Japan", "Portugal", "Spain", "United Kingdom", "United States", "on"}
    typed = (
        {
            event["data"]["text"]
            for event in recording.events
            if event["type"] == 3 and event["data"].get("source") == 5 and len(event["data"]["text"]) > 3
        }
        - chosen_from_lists
        - {"standard", "express"}
    )

    report = await explained(recording)

    told = "\n".join(str(text) for text in astuple(report))
    assert not [text for text in typed if re.search(rf"(?<![\w-]){re.escape(text)}(?![\w-])", told)]
    assert "@" not in told
