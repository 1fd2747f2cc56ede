"""A recording becomes the shop again, in a real browser, without any server."""

import pytest

from retrospec.demo import Recording, read_recordings
from tests.demo.replaying import replay, replayed_dom

BY_NAME = {recording.name: recording for recording in read_recordings()}


def end_of(recording: Recording) -> int:
    """Milliseconds to just after the last event: the player leaves out what happens at the very moment asked for."""
    return int(recording.events[-1]["timestamp"] - recording.events[0]["timestamp"]) + 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("01-anna-large-lantern", "On the shelf today"),
        ("03-farid-express", "We could not place your order"),
        ("05-grace-postcode", "Please enter a valid postcode."),
        ("06-jonas-buys", "Thank you"),
        ("07-dev-mug-code", "Gift card or discount code"),
    ],
)
def test_at_its_end_a_recording_shows_the_page_that_the_visitor_saw(name: str, words: str) -> None:
    seen = replay(BY_NAME[name].events, end_of(BY_NAME[name]))
    assert "Fern & Flint" in seen.text
    assert words in seen.text
    assert seen.errors == ()


def test_a_replay_needs_no_server_and_carries_its_styles_and_pictures() -> None:
    recording = BY_NAME["01-anna-large-lantern"]
    seen = replay(recording.events, end_of(recording))
    assert seen.requested == ()
    assert "--fern" in seen.dom
    assert '<svg class="art"' in seen.dom


def test_at_a_marker_the_replay_shows_the_failure_happening() -> None:
    recording = BY_NAME["01-anna-large-lantern"]
    offset = recording.markers[0]["replayOffsetMs"]
    before = replay(recording.events, offset - 300)
    after = replay(recording.events, offset + 300)
    assert "Updating price…" not in before.text
    assert "Updating price…" in after.text


async def test_a_replay_can_be_asked_for_inside_an_event_loop_and_is_the_same_every_time() -> None:
    recording = BY_NAME["04-ben-large-lantern"]
    first = replayed_dom(recording.events, end_of(recording))
    assert "Brass lantern" in first
    assert replayed_dom(recording.events, end_of(recording)) == first
