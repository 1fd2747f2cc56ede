"""Alerts in words, for the sinks that people read: shared, so that a chat and a mail say the same."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime

from retrospec.plugin import Alert, AlertCluster

EVENTS = {
    "issue_cluster_promoted": "New issue",
    "issue_cluster_regressed": "Issue is back",
    "issue_cluster_escalated": "Issue is getting worse",
    "issue_alerts_held_back": "Alerts held back",
}
KINDS = {
    "api_error": "API error",
    "js_exception": "JavaScript exception",
    "validation_failed": "Validation failed",
    "ui_no_effect": "Action without effect",
}
NAMELESS = "(without a symptom)"
# Line and paragraph separators break lines as well, and the others change what stands around them unseen.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Joins the parts of one emoji, and of letters in some scripts.
_JOINERS = frozenset("\u200c\u200d")


def one_line(text: str, limit: int = 500) -> str:
    """A text on one line, without control characters, and cut with an ellipsis where it is longer.

    Args:
        text: Of a visitor's browser: anything.
        limit: In characters.
    """
    plain = "".join(
        " " if unicodedata.category(one) in _UNSEEN and one not in _JOINERS else one for one in text[: 4 * limit]
    )
    line = re.sub(r"\s+", " ", plain).strip()
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def event_words(alert: Alert) -> str:
    """What happened, in two or three words; of a test alert, that it is one."""
    words = EVENTS.get(alert.event) or one_line(alert.event.replace("_", " ").capitalize(), 60)
    return f"Test: {words}" if alert.trigger == "test" else words


def symptom(cluster: AlertCluster, limit: int = 500) -> str:
    """The symptom on one line; never empty."""
    return one_line(cluster.symptom, limit) or NAMELESS


def counts(cluster: AlertCluster) -> str:
    """How many sessions and users: `3 sessions, 2 users`."""
    sessions = _counted(cluster.session_count, "session")
    return f"{sessions}, {_counted(cluster.user_count, 'user')}" if cluster.user_count else sessions


def headline(alert: Alert) -> str:
    """The whole alert on one line."""
    if alert.digest:
        return f"{event_words(alert)}: {held_back(alert)}"
    return f"{event_words(alert)}: {symptom(alert.cluster, 200)} ({counts(alert.cluster)})"


def held_back(alert: Alert) -> str:
    """What a digest tells: how many alerts, and of which time. Empty for other alerts."""
    digest = alert.digest
    if digest is None:
        return ""
    between = f"{moment(digest.since)} and {moment(digest.until)}"
    return f"{_counted(digest.held_back, 'alert')} between {between}, beyond the limit of this project"


def facts(alert: Alert) -> Sequence[tuple[str, str]]:
    """What there is to know about the issue, each with its label, the weightiest first."""
    cluster = alert.cluster
    known = [
        ("Sessions", str(cluster.session_count)),
        ("Users", str(cluster.user_count) if cluster.user_count else ""),
        ("Confidence", f"{cluster.confidence:.0%}"),
        ("Last seen", moment(cluster.last_seen_at)),
        ("Kind", KINDS.get(cluster.key.partition(":")[0], "")),
        ("Project", one_line(alert.project_id, 100)),
        ("State", one_line(cluster.state, 40)),
        ("Assignee", one_line(cluster.assignee, 100)),
    ]
    return [(label, value) for label, value in known if value]


def links(alert: Alert) -> Sequence[tuple[str, str]]:
    """Where to look, each with its label: only what is an address on the web and on one line."""
    first = "Look at the first issue" if alert.digest else "Look at the issue"
    known = ((first, alert.issue_url), ("Watch the replay", alert.replay_url))
    return [(label, url) for label, url in known if re.fullmatch(r"https?://[!-~]+", url)]


def moment(time: datetime) -> str:
    """A time for people: `2026-11-22 10:30 UTC`."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def ranked(alert: Alert) -> Sequence[str]:
    """The top issues of a digest, a line each: `POST /api/orders answered 500 (3 sessions, 2 users)`."""
    return [f"{symptom(cluster, 200)} ({counts(cluster)})" for cluster in (alert.digest.top if alert.digest else ())]


def plain_text(alert: Alert) -> str:
    """The alert as a few lines of text."""
    if alert.digest:
        told = [f"{held_back(alert)}.", ""]
        told += [f"{place}. {line}" for place, line in enumerate(ranked(alert), 1)]
    else:
        told = [symptom(alert.cluster), "", *(f"{label}: {value}" for label, value in facts(alert))]
    addresses = [f"{label}: {url}" for label, url in links(alert)]
    return "\n".join([*told, *([""] if addresses else []), *addresses])


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
