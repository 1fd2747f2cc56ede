"""Alerts in words: the same for every sink that people read, and safe whatever a browser said."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from retrospec.plugin import Alert
from retrospec.plugin.testing.alerts import ISSUE_URL, REPLAY_URL, make_alert, make_digest
from retrospec_plugins.alert_words import event_words, facts, headline, links, moment, one_line, plain_text


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ("issue_cluster_promoted", "New issue"),
        ("issue_cluster_regressed", "Issue is back"),
        ("issue_cluster_escalated", "Issue is getting worse"),
        ("issue_alerts_held_back", "Alerts held back"),
        ("issue_of_a_later_version", "Issue of a later version"),
    ],
)
def test_every_event_has_words(event: str, words: str) -> None:
    alert = replace(make_alert(), event=event)

    assert event_words(alert) == words
    assert event_words(replace(alert, trigger="test")) == f"Test: {words}"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("two\r\nlines\tand\u2028more\u0085here", "two lines and more here"),
        ("  spaces   within ", "spaces within"),
        ("bell \x07 escape \x1b[31m", "bell escape [31m"),
        ("reversed \u202etext", "reversed text"),
        ("half \ud83d a pair", "half a pair"),
        ("👩\u200d🔧 é ✓", "👩\u200d🔧 é ✓"),
        ("x" * 501, "x" * 499 + "…"),
        ("x" * 500, "x" * 500),
        ("\n\n", ""),
    ],
)
def test_a_line_is_one_whatever_was_in_the_text(text: str, line: str) -> None:
    assert one_line(text) == line


def test_a_headline_counts_and_a_digest_counts_what_was_held_back() -> None:
    assert headline(make_alert()) == "New issue: POST /api/orders answered 500 (3 sessions, 2 users)"
    assert headline(make_alert(session_count=1, user_count=0)) == "New issue: POST /api/orders answered 500 (1 session)"
    assert headline(make_alert(symptom="\n")) == "New issue: (without a symptom) (3 sessions, 2 users)"
    between = "between 2026-11-22 09:30 UTC and 2026-11-22 10:30 UTC"
    assert headline(make_digest(held_back=1)) == (
        f"Alerts held back: 1 alert {between}, beyond the limit of this project"
    )


def test_facts_that_are_not_known_are_left_out() -> None:
    full = dict(facts(make_alert(assignee="ada")))
    bare = dict(facts(make_alert(user_count=0, key="of_a_plugin:1")))

    assert set(full) - set(bare) == {"Users", "Kind", "Assignee"}
    assert full["Confidence"] == "75%"


def test_times_are_told_in_utc() -> None:
    assert moment(datetime(2026, 11, 22, 1, 0, tzinfo=timezone(timedelta(hours=2)))) == "2026-11-21 23:00 UTC"
    assert moment(datetime(2026, 11, 22, 1, 0, tzinfo=UTC)) == "2026-11-22 01:00 UTC"


LINKED = replace(make_alert(), issue_url=ISSUE_URL, replay_url=REPLAY_URL)


ISSUE_TEXT = f"""\
POST /api/orders answered 500

Sessions: 3
Users: 2
Confidence: 75%
Last seen: 2026-11-22 10:30 UTC
Kind: API error
Project: proj_default
State: open

Look at the issue: {ISSUE_URL}
Watch the replay: {REPLAY_URL}"""
DIGEST_TEXT = """\
37 alerts between 2026-11-22 09:30 UTC and 2026-11-22 10:30 UTC, beyond the limit of this project.

1. first (90 sessions, 2 users)
2. second (89 sessions, 2 users)"""


@pytest.mark.parametrize(("alert", "text"), [(LINKED, ISSUE_TEXT), (make_digest(held_back=37), DIGEST_TEXT)])
def test_the_text_of_an_alert_reads_well(alert: Alert, text: str) -> None:
    assert plain_text(alert) == text


def test_only_addresses_on_the_web_are_links() -> None:
    bad = [
        "javascript:alert(1)",
        "https://x.example/a b",
        "https://x.example/\nBcc: eve@example.com",
        "file:///etc",
        "",
    ]

    assert [links(replace(make_alert(), issue_url=url)) for url in bad] == [[]] * len(bad)
    assert links(replace(LINKED, replay_url="")) == [("Look at the issue", ISSUE_URL)]
