"""What people read in the room."""

import json
from dataclasses import replace
from datetime import UTC, datetime

from retrospec.plugin import Alert, AlertDigest
from retrospec.plugin.testing.alerts import make_alert

from retrospec_matrix.message import content


def shown(alert: Alert) -> tuple[list[str], list[str]]:
    """The lines of the plain text, and those of the HTML."""
    message = content(alert, message_type="m.text")
    return message["body"].split("\n"), message["formatted_body"].split("<br>")


def test_an_alert_says_what_happened_how_often_and_who_has_it() -> None:
    alert = make_alert(symptom="POST /api/orders answered 500", session_count=1200, user_count=1, assignee="ada")

    plain, html = shown(alert)

    assert plain == [
        "New issue: POST /api/orders answered 500",
        "1200 sessions · 1 user · confidence 75% · with ada",
    ]
    assert html[0] == "<strong>New issue</strong>: POST /api/orders answered 500"


def test_it_links_to_the_issue_and_to_the_replay() -> None:
    alert = replace(make_alert(symptom="It broke"), issue_url="https://x/i?a=1&b=2", replay_url="https://x/r")

    plain, html = shown(alert)

    assert plain[2:] == ["Replay: https://x/r", "Issue: https://x/i?a=1&b=2"]
    assert html[0].endswith('<a href="https://x/i?a=1&amp;b=2">It broke</a>')
    assert html[2] == '<a href="https://x/r">Watch it happen</a>'


def test_events_have_their_words_and_one_of_a_later_version_its_name() -> None:
    for event, words in {"issue_cluster_regressed": "Back again", "issue_cluster_escalated": "Getting worse"}.items():
        assert shown(replace(make_alert(), event=event))[0][0].startswith(f"{words}: ")
    assert shown(replace(make_alert(), event="issue_cluster_slept"))[0][0].startswith("issue_cluster_slept: ")


def test_what_visitors_write_is_text_and_calls_nobody() -> None:
    hostile = '<img src=x onerror="alert(1)"> @room @ada:example.org [x](javascript:1)\n# big'

    message = content(make_alert(symptom=hostile, assignee="<b>"), message_type="m.notice")

    assert "<img" not in message["formatted_body"]
    assert "<b>" not in message["formatted_body"]
    assert "\n#" not in message["body"]
    assert message["m.mentions"] == {}


def test_users_are_called_by_their_ids() -> None:
    message = content(make_alert(), message_type="m.text", mention=["@ben:example.org", "@ada:example.org"])

    assert message["m.mentions"] == {"user_ids": ["@ada:example.org", "@ben:example.org"]}
    assert message["body"].endswith("@ada:example.org @ben:example.org")
    assert '<a href="https://matrix.to/#/@ada:example.org">@ada:example.org</a>' in message["formatted_body"]


def test_a_digest_says_how_many_were_held_back_and_names_the_top() -> None:
    top = [make_alert(symptom=f"failure {number}", session_count=9 - number).cluster for number in range(3)]
    span = {"since": datetime(2026, 11, 22, 10, tzinfo=UTC), "until": datetime(2026, 11, 22, 11, 5, tzinfo=UTC)}

    plain, _ = shown(replace(make_alert(), digest=AlertDigest(held_back=40, top=top, **span)))

    assert plain == [
        "40 alerts held back, 10:00 to 11:05 UTC",
        "• failure 0 (9 sessions)",
        "• failure 1 (8 sessions)",
        "• failure 2 (7 sessions)",
    ]


def test_the_longest_message_fits_into_an_event_of_matrix() -> None:
    worst = make_alert(symptom='"' * 500, assignee='"' * 500)
    when = datetime(2026, 11, 22, tzinfo=UTC)
    digest = AlertDigest(held_back=10**6, since=when, until=when, top=[worst.cluster] * 10)

    for alert in (worst, replace(worst, digest=digest)):
        assert len(json.dumps(content(alert, message_type="m.text"))) < 60_000


def test_half_a_surrogate_pair_is_no_reason_to_be_refused() -> None:
    message = content(make_alert(symptom="before \ud83d after"), message_type="m.text")

    assert "before ? after" in message["body"]
    json.dumps(message, ensure_ascii=False).encode()
