"""The sessions of the last hour, in a few characters."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrospec.issues.recent import add_recent, last_hour

MOMENT = datetime(2026, 3, 1, 12, 3, tzinfo=UTC)
ARRIVALS = st.lists(st.tuples(st.integers(0, 5_000), st.integers(1, 300)), max_size=40)


@given(ARRIVALS, st.integers(0, 8_000))
def test_none_older_than_an_hour_counts_and_none_of_the_last_fifty_minutes_is_left_out(
    arrivals: list[tuple[int, int]], later: int
) -> None:
    text, moment, came = "", MOMENT, []
    for pause, sessions in arrivals:
        moment += timedelta(seconds=pause)
        text = add_recent(text, sessions, moment)
        came.append((moment, sessions))
    asked = moment + timedelta(seconds=later)

    def since(minutes: int) -> int:
        return sum(sessions for time, sessions in came if time > asked - timedelta(minutes=minutes))

    assert since(50) <= last_hour(text, asked) <= since(60)
    assert len(text) <= 128


@given(st.text(max_size=128))
def test_what_cannot_be_read_counts_as_nothing_and_is_replaced(text: str) -> None:
    counted = last_hour(add_recent(text, 2, MOMENT), MOMENT)

    assert counted - last_hour(text, MOMENT) == 2


def test_a_process_whose_clock_is_a_little_behind_counts_with_the_others() -> None:
    text = add_recent("", 3, MOMENT)

    text = add_recent(text, 4, MOMENT - timedelta(minutes=5))

    assert last_hour(text, MOMENT) == 7


def test_what_a_wrong_clock_wrote_ahead_of_time_is_forgotten() -> None:
    text = add_recent("", 3, MOMENT + timedelta(days=1))

    assert last_hour(text, MOMENT) == 0
    assert last_hour(add_recent(text, 1, MOMENT), MOMENT) == 1


@pytest.mark.parametrize("sessions", [10**12, 999_999_999])
def test_no_count_outgrows_its_place(sessions: int) -> None:
    text = ""
    for span in range(8):
        text = add_recent(text, sessions, MOMENT + timedelta(minutes=10 * span))
        text = add_recent(text, sessions, MOMENT + timedelta(minutes=10 * span))

    assert last_hour(text, MOMENT + timedelta(minutes=70)) == 6 * 999_999_999
    assert len(text) <= 128
