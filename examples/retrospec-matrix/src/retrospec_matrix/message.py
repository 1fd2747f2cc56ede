"""An alert as the message of a room: once as plain text, and once as the HTML that Matrix clients show."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from retrospec.plugin import Alert, AlertCluster

HEADLINES = {
    "issue_cluster_promoted": "New issue",
    "issue_cluster_regressed": "Back again",
    "issue_cluster_escalated": "Getting worse",
}
# An event may have 64 KiB, both forms of the text together.
LONGEST_SYMPTOM = 500
LONGEST_OF_MANY = 120


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the message, in both forms."""

    plain: str
    html: str


def content(alert: Alert, *, message_type: str, mention: Collection[str] = ()) -> dict[str, Any]:
    """What is sent to the room.

    Args:
        alert: The news.
        message_type: `m.text` or `m.notice`.
        mention: Ids of users to call.
    """
    lines = [*_lines(alert), *([_calling(mention)] if mention else [])]
    return {
        "msgtype": message_type,
        "body": "\n".join(line.plain for line in lines),
        "format": "org.matrix.custom.html",
        "formatted_body": "<br>".join(line.html for line in lines),
        # Named even if empty: without it, clients look for `@room` in the text, which visitors write.
        "m.mentions": {"user_ids": sorted(mention)} if mention else {},
    }


def _lines(alert: Alert) -> Iterable[Line]:
    if alert.digest is not None:
        span = f"{alert.digest.since:%H:%M} to {alert.digest.until:%H:%M} UTC"
        yield _bold(f"{_counted(alert.digest.held_back, 'alert')} held back, {span}")
        yield from (_of_many(one) for one in alert.digest.top)
        return
    cluster = alert.cluster
    headline = HEADLINES.get(alert.event, alert.event)
    symptom = _line(cluster.symptom, LONGEST_SYMPTOM) or "(no words)"
    yield Line(f"{headline}: {symptom}", f"<strong>{escape(headline)}</strong>: {_link(alert.issue_url, symptom)}")
    yield _plain(" · ".join(_facts(cluster)))
    if alert.replay_url:
        yield Line(f"Replay: {alert.replay_url}", _link(alert.replay_url, "Watch it happen"))
    if alert.issue_url:
        yield Line(f"Issue: {alert.issue_url}", _link(alert.issue_url, "Open the issue"))


def _facts(cluster: AlertCluster) -> Sequence[str]:
    facts = [_counted(cluster.session_count, "session")]
    if cluster.user_count:
        facts.append(_counted(cluster.user_count, "user"))
    facts.append(f"confidence {cluster.confidence:.0%}")
    if assignee := _line(cluster.assignee, LONGEST_OF_MANY):
        facts.append(f"with {assignee}")
    return facts


def _of_many(cluster: AlertCluster) -> Line:
    return _plain(f"• {_line(cluster.symptom, LONGEST_OF_MANY)} ({_counted(cluster.session_count, 'session')})")


def _calling(users: Collection[str]) -> Line:
    pills = (f'<a href="https://matrix.to/#/{escape(user)}">{escape(user)}</a>' for user in sorted(users))
    return Line(" ".join(sorted(users)), " ".join(pills))


def _plain(text: str) -> Line:
    return Line(text, escape(text))


def _bold(text: str) -> Line:
    return Line(text, f"<strong>{escape(text)}</strong>")


def _link(url: str, text: str) -> str:
    return f'<a href="{escape(url)}">{escape(text)}</a>' if url else escape(text)


def _line(text: str, longest: int) -> str:
    """A text of visitors as one line that Matrix takes: JSON there holds no half of a surrogate pair."""
    text = " ".join(text.encode("utf-8", "replace").decode().split())
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
