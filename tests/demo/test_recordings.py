"""The recordings that ship with the package."""

import json
import re
from collections import defaultdict
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from retrospec.demo import Recording, read_recordings

KINDS = {"js_exception", "api_error", "validation_failed", "ui_no_effect"}
META, FULL_SNAPSHOT, PLUGIN = 4, 2, 6
RECORDINGS = tuple(read_recordings())
every_recording = pytest.mark.parametrize("recording", RECORDINGS, ids=lambda recording: recording.name)


def test_there_are_at_least_eight_sessions_by_at_least_five_visitors() -> None:
    assert len(RECORDINGS) >= 8
    assert len({recording.session["userId"] for recording in RECORDINGS}) >= 5


def test_ids_are_unique_across_recordings() -> None:
    sessions = [recording.session["id"] for recording in RECORDINGS]
    markers = [marker["id"] for recording in RECORDINGS for marker in recording.markers]
    assert len(set(sessions)) == len(sessions)
    assert len(set(markers)) == len(markers)


def test_every_defect_appears_in_three_sessions_on_one_route_and_some_session_is_healthy() -> None:
    met: dict[str, set[str]] = defaultdict(set)
    routes: dict[str, set[str]] = defaultdict(set)
    for recording in RECORDINGS:
        for marker in recording.markers:
            met[marker["clusterKey"]].add(recording.session["id"])
            routes[marker["clusterKey"]].add(recording.session["route"])
    assert {hint.partition(":")[0] for hint in met} == KINDS
    assert {hint: len(sessions) for hint, sessions in met.items() if len(sessions) < 3} == {}
    # A strategy may look at the route: a defect on two routes would be two issues.
    assert {hint: found for hint, found in routes.items() if len(found) > 1} == {}
    assert any(not recording.markers for recording in RECORDINGS)


def test_the_api_fails_with_500_and_with_503() -> None:
    labels = {marker["label"] for recording in RECORDINGS for marker in recording.markers}
    assert {"POST /api/orders -> 500", "POST /api/orders -> 503"} <= labels


def test_they_take_less_than_two_megabytes() -> None:
    folder = files("retrospec.demo") / "recordings"
    assert sum(len(entry.read_bytes()) for entry in folder.iterdir()) < 2_000_000


def test_an_address_a_password_and_a_card_number_were_typed_for_redaction_to_find() -> None:
    everything = "".join(json.dumps(recording.events) for recording in RECORDINGS)
    assert "jonas.weber@mail.example" in everything
    assert "correct-horse-9-battery" in everything
    assert "4242 4242 4242 4242" in everything
    assert "Bearer " in everything


@every_recording
def test_it_begins_with_the_page_and_a_whole_picture_of_it(recording: Recording) -> None:
    kinds = [event["type"] for event in recording.events]
    assert META in kinds
    assert kinds.index(FULL_SNAPSHOT) == kinds.index(META) + 1


@every_recording
def test_its_events_are_in_order_and_within_its_duration(recording: Recording) -> None:
    times = [event["timestamp"] for event in recording.events]
    assert times == sorted(times)
    assert times[-1] - times[0] <= recording.session["durationMs"]


@every_recording
def test_its_markers_are_those_of_the_contract_and_lie_within_it(recording: Recording) -> None:
    length = recording.events[-1]["timestamp"] - recording.events[0]["timestamp"]
    for marker in recording.markers:
        assert set(marker) == {"id", "clusterKey", "label", "evidence", "replayOffsetMs", "kind"}
        assert marker["kind"] in KINDS
        assert marker["label"]
        assert marker["evidence"]
        assert 0 <= marker["replayOffsetMs"] <= length


@every_recording
def test_its_pages_are_of_the_shop_and_nothing_in_it_tells_where_it_was_made(recording: Recording) -> None:
    pages = [event["data"]["href"] for event in recording.events if event["type"] == META]
    assert all(page.startswith("http://shop.example/") for page in pages)
    text = json.dumps(recording.events) + json.dumps(recording.markers)
    places = r"127\.0\.0\.1|localhost|shop\.example:\d|headless|playwright|/home/"
    assert not re.search(places, text, re.IGNORECASE)


@every_recording
def test_its_styles_are_inside_it(recording: Recording) -> None:
    snapshots = [event["data"]["node"] for event in recording.events if event["type"] == FULL_SNAPSHOT]
    for snapshot in snapshots:
        links = [node["attributes"] for node in nodes_of(snapshot) if node.get("tagName") == "link"]
        assert any("--fern" in link.get("_cssText", "") for link in links)
        assert not any(link.get("href", "").startswith("http") for link in links)


@every_recording
def test_passwords_typed_into_fields_are_masked_in_it(recording: Recording) -> None:
    typed = [event["data"]["text"] for event in recording.events if event["data"].get("source") == 5]
    assert not any("correct-horse" in text for text in typed)


@every_recording
def test_a_failed_request_and_an_exception_are_in_its_network_and_console_events(recording: Recording) -> None:
    payloads = json.dumps([event["data"]["payload"] for event in recording.events if event["type"] == PLUGIN])
    for marker in recording.markers:
        if marker["kind"] == "api_error":
            assert f'"status": {marker["label"][-3:]}' in payloads
        if marker["kind"] == "js_exception":
            assert "Uncaught TypeError" in payloads


@every_recording
def test_moved_to_another_day_only_its_timestamps_differ(recording: Recording) -> None:
    started = datetime(2031, 5, 6, 7, 8, 9, 250_000, tzinfo=UTC)
    moved = recording.events_from(started)
    assert moved[0]["timestamp"] == started.timestamp() * 1000
    gaps = {after["timestamp"] - before["timestamp"] for before, after in zip(recording.events, moved, strict=True)}
    assert len(gaps) == 1
    assert [dict(event, timestamp=0) for event in moved] == [dict(event, timestamp=0) for event in recording.events]
    # No other field holds a time of day, or it would stay behind on the day of recording.
    assert not re.search(r"\b174885\d{7}\b", json.dumps([event["data"] for event in recording.events]))


def nodes_of(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [node, *(found for child in node.get("childNodes", ()) for found in nodes_of(child))]


def test_the_lock_of_the_player_names_versions_and_checksums_but_no_registry() -> None:
    lock = json.loads((Path(__file__).parents[2] / "web/package-lock.json").read_text())
    packages = [package for place, package in lock["packages"].items() if place]
    assert packages
    assert all(package["integrity"].startswith("sha512-") for package in packages)
    assert not any("resolved" in package for package in packages)
