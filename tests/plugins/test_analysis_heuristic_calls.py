"""What the heuristic says of requests that fail."""

import json

import pytest

from retrospec.plugin import Analysis
from retrospec.plugin.testing.visit import Visit, element
from retrospec_plugins.analysis_heuristic import Heuristic
from retrospec_plugins.analysis_heuristic.plugin_events import Calls, path_of

LABEL = "POST /api/orders -> 503"
ANSWER = json.dumps({"error": "stock service did not answer", "requestId": "req-77"})
SORRY = "We could not place your order. Please try again."


def checkout() -> Visit:
    alert = element("p", role="alert", id="failure", hidden="")
    return Visit().open("/checkout", element("h1", "Checkout"), alert, element("button", "Pay", id="pay")).wait(2_000)


def refused_order(visit: Visit, *, status: int = 503) -> Visit:
    visit.click("pay").wait(5).call("POST", "/api/orders", status, took=140, body=ANSWER)
    return visit.mark("api_error", f"POST /api/orders -> {status}")


async def explained(visit: Visit) -> Analysis:
    return await Heuristic().analyze(visit.request())


async def test_endpoint_status_and_what_sent_it_are_named() -> None:
    report = await explained(refused_order(checkout()))

    assert "`POST /api/orders` answered 503 Service Unavailable after 0.1 s" in report.technical_root_cause
    assert "sent by a click on the button “Pay” (`button#pay`)" in report.technical_root_cause
    assert report.confidence >= 0.75


async def test_what_the_answer_says_and_its_request_id_lead_to_the_server() -> None:
    report = await explained(refused_order(checkout()))

    assert "The answer says “stock service did not answer”" in report.technical_root_cause
    assert "request id req-77" in report.suggested_fix
    assert "2026-05-28 20:26:42 UTC" in report.suggested_fix
    assert "Retry-After" in report.suggested_fix


async def test_what_the_page_told_the_visitor_is_the_symptom() -> None:
    visit = refused_order(checkout()).wait(3).set("failure", hidden=None).show("failure", SORRY)

    report = await explained(visit)

    assert report.symptom == f"After a click on “Pay”, the page said “{SORRY}” (POST /api/orders answered 503)."
    assert "Tell the visitor" not in report.suggested_fix


async def test_a_page_that_keeps_silent_about_it_is_told_to_speak() -> None:
    report = await explained(refused_order(checkout()))

    assert "failed without a word on the page" in report.symptom
    assert "Tell the visitor on the page" in report.suggested_fix


async def test_the_same_request_failing_again_is_told_with_its_time_and_status() -> None:
    visit = refused_order(checkout(), status=500).wait(4_000)

    report = await explained(refused_order(visit))

    assert "also failed at 0:06.3 with 503" in report.technical_root_cause


async def test_a_request_that_sometimes_succeeds_is_told_to_fail_at_times() -> None:
    visit = checkout().call("POST", "/api/orders", 201).wait(1_000)

    report = await explained(refused_order(visit))

    assert "fails only at times" in report.technical_root_cause


async def test_a_recording_in_which_the_request_went_well_contradicts() -> None:
    visit = checkout().click("pay").call("POST", "/api/orders", 201).mark("api_error", LABEL)

    assert (await explained(visit)).confidence < 0.6


async def test_without_entries_of_the_network_the_page_can_still_confirm() -> None:
    visit = (
        checkout().click("pay").wait(100).mark("api_error", LABEL).set("failure", hidden=None).show("failure", SORRY)
    )

    report = await explained(visit)

    assert "`POST /api/orders` answered 503" in report.technical_root_cause
    assert report.confidence >= 0.6


async def test_a_marker_alone_is_not_enough() -> None:
    visit = checkout().click("pay").wait(100).mark("api_error", LABEL)

    assert (await explained(visit)).confidence < 0.6


async def test_a_failed_request_of_another_name_is_no_confirmation() -> None:
    visit = checkout().call("GET", "/api/adverts", 404).mark("api_error", LABEL)

    assert (await explained(visit)).confidence < 0.6


async def test_a_request_without_an_answer_is_told_so() -> None:
    visit = checkout().click("pay").call("POST", "/api/orders", 0).mark("api_error", "POST /api/orders -> no answer")

    report = await explained(visit)

    assert "`POST /api/orders` got no answer" in report.technical_root_cause
    assert "CORS" in report.suggested_fix


@pytest.mark.parametrize(
    ("status", "advice"), [(401, "sign in"), (404, "does not exist"), (429, "Retry-After"), (504, "gateway waits")]
)
async def test_the_fix_fits_the_status(status: int, advice: str) -> None:
    assert advice in (await explained(refused_order(checkout(), status=status))).suggested_fix


def test_entries_that_arrive_late_are_put_back_to_when_they_happened() -> None:
    calls = Calls()
    at_once = {"url": "/a", "method": "GET", "status": 200, "startTime": 100, "endTime": 200}
    late = {"url": "/b", "method": "GET", "status": 200, "startTime": 300, "endTime": 400}

    calls.read({"requests": [at_once]}, 10_200, 10_000)
    (call,) = calls.read({"requests": [late]}, 10_900, 10_000)

    assert (call.at, call.ended) == (300, 400)


@pytest.mark.parametrize(
    "entry",
    [
        {"requests": [{"url": "https://a.example/x", "method": "get", "status": 500, "startTime": 1, "endTime": 2}]},
        {"requests": [{"name": "https://a.example/x", "initiatorType": "fetch", "statusCode": 500, "duration": 1}]},
        {"url": "/x", "method": "GET", "responseStatus": 500.0},
        {"requests": [None, 7, {"url": "/x?token=abc#frag", "status": 500, "startTime": 1.78e12, "endTime": 1.78e12}]},
    ],
)
def test_entries_of_many_shapes_are_understood(entry: object) -> None:
    (call,) = Calls().read(entry, 1_780_000_000_000, 1_779_999_999_000)

    assert (call.name, call.status, call.failed) == ("GET /x", 500, True)


def test_the_query_of_an_address_is_left_out() -> None:
    assert path_of("https://shop.example/search?email=a@b.example#top") == "/search"
