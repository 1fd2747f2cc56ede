"""What the slack sink does beyond the suite of its family: blocks that Slack takes, and Slack's own errors."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from retrospec.plugin import Alert, NotDelivered, Receipt, RetryAfter, SinkGone
from retrospec.plugin.testing.alerts import ISSUE_URL, REPLAY_URL, make_alert, make_digest
from retrospec.plugin.testing.receiver import Answer, Receiver
from retrospec_plugins.alert_slack import SlackSettings, SlackSink, payload

LINKED = replace(make_alert(assignee="ada"), issue_url=ISSUE_URL, replay_url=REPLAY_URL)


def slack(url: str) -> SlackSink:
    return SlackSink(SlackSettings.model_validate({"url": url + "/services/T012/B012/token"}))


def faults(message: dict[str, Any]) -> Iterator[str]:
    """What breaks a limit that https://docs.slack.dev/reference/block-kit/blocks publishes."""
    if not 1 <= len(message["text"]) <= 40_000:
        yield "text"
    if not 1 <= len(message["blocks"]) <= 50:
        yield "blocks"
    for block in message["blocks"]:
        kind = block["type"]
        if kind == "header" and not (block["text"]["type"] == "plain_text" and 1 <= len(block["text"]["text"]) <= 150):
            yield "header"
        if kind == "section" and "text" in block and not 1 <= len(block["text"]["text"]) <= 3000:
            yield "section text"
        fields = block.get("fields", [])
        if kind == "section" and ("text" not in block) != (1 <= len(fields) <= 10):
            yield "section fields"
        if kind == "context" and not 1 <= len(block["elements"]) <= 10:
            yield "context"
        texts = [*fields, *block.get("elements", [])]
        if any(one["type"] != "mrkdwn" or not 1 <= len(one["text"]) <= 2000 for one in texts):
            yield f"{kind} parts"
        if kind not in {"header", "section", "context"}:
            yield f"block {kind}"


async def test_a_message_says_what_happened_in_blocks_and_in_plain_text(receiver: Receiver) -> None:
    receiver.otherwise = Answer(body=b"ok")
    async with slack(receiver.url) as sink:
        assert await sink.send(LINKED) == Receipt(200, "ok")

    [post] = receiver.requests
    assert (post.method, post.target) == ("POST", "/services/T012/B012/token")
    assert post.headers["content-type"].startswith("application/json")
    message = post.json()
    assert message["text"] == "New issue: POST /api/orders answered 500 (3 sessions, 2 users)"
    header, symptom, facts, links, foot = message["blocks"]
    assert header["text"] == {"type": "plain_text", "text": "New issue"}
    assert symptom["text"]["text"] == "POST /api/orders answered 500"
    assert [field["text"] for field in facts["fields"]] == [
        "*Sessions*\n3",
        "*Users*\n2",
        "*Confidence*\n75%",
        "*Last seen*\n2026-11-22 10:30 UTC",
        "*Kind*\nAPI error",
        "*State*\nopen",
        "*Assignee*\nada",
    ]
    assert links["text"]["text"] == f"<{ISSUE_URL}|Look at the issue>  ·  <{REPLAY_URL}|Watch the replay>"
    assert foot["elements"][0]["text"] == "Retrospec · proj_default"
    assert list(faults(message)) == []


async def test_a_digest_names_its_issues_those_with_most_sessions_first(receiver: Receiver) -> None:
    async with slack(receiver.url) as sink:
        await sink.send(make_digest(held_back=37, symptoms=["first", "second"]))

    message = receiver.requests[0].json()
    assert [block["text"]["text"] for block in message["blocks"][:-1]] == [
        "Alerts held back",
        "37 alerts between 2026-11-22 09:30 UTC and 2026-11-22 10:30 UTC, beyond the limit of this project.",
        "1. first (90 sessions, 2 users)",
        "2. second (89 sessions, 2 users)",
    ]
    assert list(faults(message)) == []


HUGE = "&<>" * 4000


@pytest.mark.parametrize(
    "alert",
    [
        make_alert(symptom=""),
        make_alert(symptom=HUGE, assignee=HUGE, state=HUGE, key=HUGE),
        make_alert(symptom="\u202e\x00\n" * 500),
        make_alert(symptom="\ud83d", assignee="\udc00"),
        make_digest(symptoms=[HUGE] * 10),
        replace(LINKED, event=HUGE, project_id=HUGE, issue_url="https://x.example/" + "&" * 9000),
        replace(LINKED, issue_url="https://x.example/" + "i" * 1400, replay_url="https://x.example/" + "r" * 1400),
    ],
)
async def test_no_alert_breaks_a_limit_of_slack(alert: Alert, receiver: Receiver) -> None:
    async with slack(receiver.url) as sink:
        await sink.send(alert)

    assert list(faults(receiver.requests[0].json())) == []


def test_the_limits_are_found_to_be_broken_where_they_are() -> None:
    broken = payload(LINKED)
    broken["blocks"] += [{"type": "section", "fields": []}, {"type": "actions"}]
    broken["blocks"][0]["text"]["text"] = "x" * 151
    broken["blocks"][1]["text"]["text"] = "x" * 3001

    assert list(faults(broken)) == ["header", "section text", "section fields", "block actions"]


@pytest.mark.parametrize("symptom", ["<!channel> <@U012> <https://evil.example|ok>", "a & b &lt;!here&gt;"])
def test_a_symptom_wakes_nobody_and_links_nowhere(symptom: str) -> None:
    message = payload(make_alert(symptom=symptom))

    shown = [message["text"], message["blocks"][1]["text"]["text"]]
    escaped = symptom.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert [escaped in text for text in shown] == [True, True]
    assert [text for text in shown if "<" in text] == []
    assert message["blocks"][1]["text"]["verbatim"] is True


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://x.example/a b", "https://x.example/\n", "x"])
def test_what_is_no_address_becomes_no_link(url: str) -> None:
    assert "<" not in str(payload(replace(make_alert(), issue_url=url)))


def test_an_address_cannot_end_its_link() -> None:
    message = payload(replace(make_alert(), issue_url="https://x.example/?a=1&b=|>2"))

    assert message["blocks"][3]["text"]["text"] == "<https://x.example/?a=1&amp;b=%7C%3E2|Look at the issue>"


@pytest.mark.parametrize(
    ("status", "answer", "words"),
    [
        (404, "no_service", "switched off or removed"),
        (404, "channel_not_found", "channel is not there"),
        (410, "channel_is_archived", "archived"),
        (403, "team_disabled", "workspace is switched off"),
        (403, "invalid_token", "token"),
    ],
)
async def test_what_no_further_attempt_changes_switches_the_sink_off(
    receiver: Receiver, status: int, answer: str, words: str
) -> None:
    receiver.otherwise = Answer(status, body=answer.encode())
    async with slack(receiver.url) as sink:
        with pytest.raises(SinkGone, match=f"Slack answered {answer}: .*{words}") as gone:
            await sink.send(make_alert())

    assert (gone.value.status, gone.value.answer) == (status, answer)


@pytest.mark.parametrize(
    ("status", "answer", "words"),
    [
        (400, "invalid_payload", "Slack answered invalid_payload: it does not understand the post"),
        (403, "action_prohibited", "Slack answered action_prohibited: an administrator forbids"),
        (500, "rollup_error", "Slack answered rollup_error: it has trouble of its own"),
        (404, "<html>not found</html>", "the receiver answered 404"),
        (400, "something_new", "the receiver answered 400"),
    ],
)
async def test_what_may_pass_is_tried_again(receiver: Receiver, status: int, answer: str, words: str) -> None:
    receiver.otherwise = Answer(status, body=answer.encode())
    async with slack(receiver.url) as sink:
        with pytest.raises(NotDelivered, match=words) as refused:
            await sink.send(make_alert())

    assert type(refused.value) is NotDelivered
    assert (refused.value.status, refused.value.answer) == (status, answer)


async def test_a_limit_of_slack_is_waited_for(receiver: Receiver) -> None:
    receiver.otherwise = Answer(429, {"Retry-After": "17"}, body=b"rate_limited")
    async with slack(receiver.url) as sink:
        with pytest.raises(RetryAfter) as pause:
            await sink.send(make_alert())

    assert (pause.value.seconds, pause.value.status) == (17, 429)
