"""Posts alerts into a Slack channel, through an incoming webhook."""

import json
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from retrospec.plugin import Alert, AlertSink, NotDelivered, Receipt, SinkGone, alert_sink
from retrospec_plugins.alert_posting import Poster, WebAddress
from retrospec_plugins.alert_words import event_words, facts, headline, held_back, links, one_line, ranked, symptom

# https://docs.slack.dev/reference/block-kit: a post beyond one of these is refused whole, as `invalid_blocks`.
HEADER_CHARACTERS = 150
TEXT_CHARACTERS = 3000
FIELDS = 10
FIELD_CHARACTERS = 2000
# https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks: errors that no further attempt changes.
GONE = {
    "channel_is_archived": "the channel is archived",
    "channel_not_found": "the channel is not there any more",
    "no_active_hooks": "the webhook is switched off",
    "no_service": "the webhook is switched off or removed",
    "no_service_id": "the address is not whole",
    "no_team": "the workspace is not there any more",
    "team_disabled": "the workspace is switched off",
    "invalid_token": "the address holds a token that Slack does not know",
}
REFUSED = {
    "action_prohibited": "an administrator forbids posts to this channel",
    "posting_to_general_channel_denied": "an administrator forbids posts to the general channel",
    "invalid_blocks": "it does not take these blocks",
    "invalid_payload": "it does not understand the post",
    "too_many_attachments": "it does not take so many attachments",
    "rollup_error": "it has trouble of its own",
}


class SlackSettings(BaseModel):
    """The section `[alerts.slack]`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: WebAddress = Field(description="Address of the incoming webhook, which chooses the channel")
    timeout_seconds: float = Field(default=15, gt=0, le=300, description="For a whole delivery")


@alert_sink("slack", "Posts to a Slack channel, by an incoming webhook", settings=SlackSettings)
class SlackSink(AlertSink):
    """One message an alert, in blocks, and in plain text for what shows none: notifications, and chats like Slack."""

    guarded = True

    def __init__(self, settings: SlackSettings) -> None:
        headers = {"Content-Type": "application/json; charset=utf-8"}
        self._poster = Poster(settings.url, timeout=settings.timeout_seconds, headers=headers)

    async def open(self) -> None:
        await self._poster.open(self.network)

    async def close(self) -> None:
        await self._poster.close()

    async def check(self) -> str:
        """Say that it is set up. Nothing is sent: every post is read by somebody."""
        return "posts to an incoming webhook"

    async def send(self, alert: Alert) -> Receipt:
        try:
            return await self._poster.post(json.dumps(payload(alert)).encode(), {})
        except NotDelivered as refused:
            raise _in_words(refused) from None


def payload(alert: Alert) -> dict[str, Any]:
    """The message, as an incoming webhook takes it."""
    body = _digest(alert) if alert.digest else _issue(alert)
    # Links and not buttons: what a button's press is answered with is up to an app that a webhook does not have.
    addresses = [f"<{_address(url)}|{_escaped(label, 200)}>" for label, url in links(alert)]
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": one_line(event_words(alert), HEADER_CHARACTERS)}},
        *body,
        *([_section("  ·  ".join(addresses))] if addresses and _fits(addresses) else []),
        {"type": "context", "elements": [_text(f"Retrospec · {_escaped(alert.project_id, 200)}")]},
    ]
    return {
        "text": _escaped(headline(alert), TEXT_CHARACTERS),
        "blocks": blocks,
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _issue(alert: Alert) -> Sequence[dict[str, Any]]:
    told = [
        _text(f"*{label}*\n{_escaped(value, FIELD_CHARACTERS - 100)}")
        for label, value in facts(alert)
        if label != "Project"
    ]
    return [_section(_escaped(symptom(alert.cluster), TEXT_CHARACTERS)), {"type": "section", "fields": told[:FIELDS]}]


def _digest(alert: Alert) -> Sequence[dict[str, Any]]:
    first = _section(_escaped(f"{held_back(alert)}.", TEXT_CHARACTERS))
    lines = [f"{place}. {line}" for place, line in enumerate(ranked(alert), 1)]
    return [first, *(_section(_escaped(line, TEXT_CHARACTERS)) for line in lines)]


def _section(mrkdwn: str) -> dict[str, Any]:
    return {"type": "section", "text": _text(mrkdwn)}


def _text(mrkdwn: str) -> dict[str, Any]:
    # Verbatim: what looks like an address or a channel in a symptom does not become one.
    return {"type": "mrkdwn", "text": mrkdwn, "verbatim": True}


def _escaped(text: str, limit: int) -> str:
    """A text as Slack shows it literally, cut so that no escape is cut in two.

    Without this, a symptom `<!channel>` would wake the whole channel.
    """
    escapes = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
    pieces = [escapes.get(one, one) for one in text]
    while sum(map(len, pieces)) > limit:
        pieces = [*pieces[: len(pieces) * 9 // 10], "…"]
    return "".join(pieces)


def _address(url: str) -> str:
    return url.replace("&", "&amp;").replace("<", "%3C").replace(">", "%3E").replace("|", "%7C")


def _fits(addresses: Sequence[str]) -> bool:
    return sum(len(one) + 10 for one in addresses) <= TEXT_CHARACTERS


def _in_words(refused: NotDelivered) -> NotDelivered:
    """What Slack's short answers mean."""
    said = refused.answer.strip()
    if said in GONE:
        return SinkGone(f"Slack answered {said}: {GONE[said]}", status=refused.status, answer=refused.answer)
    if said in REFUSED and type(refused) is NotDelivered:
        return NotDelivered(f"Slack answered {said}: {REFUSED[said]}", status=refused.status, answer=refused.answer)
    return refused
