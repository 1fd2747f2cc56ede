"""Pauses grow, are spread, and stay within reason."""

import pytest

from retrospec.jobs.retry import RetryPolicy


def test_pauses_double() -> None:
    retry = RetryPolicy(base_seconds=5, jitter=0)

    assert [retry.pause(attempt) for attempt in range(4)] == [5, 10, 20, 40]


def test_pauses_may_be_named_and_the_last_one_repeats() -> None:
    retry = RetryPolicy(pauses=(1, 60), jitter=0)

    assert [retry.pause(attempt) for attempt in range(4)] == [1, 60, 60, 60]


def test_jobs_that_failed_together_do_not_come_back_together() -> None:
    pauses = {RetryPolicy(base_seconds=100, jitter=0.25).pause(0) for _ in range(50)}

    assert len(pauses) > 40
    assert all(100 <= pause <= 125 for pause in pauses)


@pytest.mark.parametrize(("asked", "given"), [(-5, 0), (7, 7), (10**9, 3600), (float("inf"), 3600)])
def test_no_pause_is_negative_or_without_end(asked: float, given: float) -> None:
    assert RetryPolicy(longest_seconds=3600).bounded(asked) == given


def test_a_pause_after_very_many_attempts_is_the_longest() -> None:
    assert RetryPolicy(longest_seconds=3600).pause(100_000) == 3600


def test_attempts_are_used_up_with_the_last() -> None:
    retry = RetryPolicy(max_attempts=3)

    assert [retry.used_up(attempts) for attempts in (1, 2, 3, 4)] == [False, False, True, True]
