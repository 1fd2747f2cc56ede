"""What docs/alerts.md says of the sinks that come with Retrospec, held against the code."""

import asyncio
import json
import logging
import socket
import sys
import tomllib
from asyncio.subprocess import DEVNULL, PIPE
from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel

from retrospec.alerts.sinks import sinks_of
from retrospec.batteries import BATTERIES
from retrospec.core.settings import Settings
from retrospec.plugin import AlertSink, NotDelivered
from retrospec.plugin.manager import PluginHost
from retrospec.plugin.testing.alerts import ISSUE_URL, REPLAY_URL, make_alert
from retrospec.plugin.testing.receiver import Receiver
from retrospec_plugins.alert_email import EmailSettings
from retrospec_plugins.alert_email.message import compose
from retrospec_plugins.alert_log import LogSink
from retrospec_plugins.alert_slack import payload
from retrospec_plugins.alert_webhook import WebhookSettings, WebhookSink
from tests.test_docs import block, blocks, quoted, section, table

PAGE = "docs/alerts.md"
EXAMPLE = replace(make_alert(), issue_url=ISSUE_URL, replay_url=REPLAY_URL)
TOML = [one for one in blocks(PAGE) if one.language == "toml" and f"```toml {one.title}\n" in section(PAGE, "## Sinks")]
SINKS: dict[str, Any] = {
    offer.name: offer
    for record in PluginHost(BATTERIES).records
    for offer in record.offers
    if offer.family is AlertSink
}


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
@pytest.mark.parametrize("example", TOML, ids=[one.title for one in TOML])
def test_an_example_makes_the_sinks_that_it_names(example: Any) -> None:
    settings = Settings.model_validate(tomllib.loads(example.code))
    plugins = PluginHost(BATTERIES)

    made = [plugins.make(AlertSink, one.type, one.settings, setting="ALERT_SINKS") for one in sinks_of(settings)]
    assert len(made) == len(settings.alert_sinks)


@pytest.mark.parametrize("name", SINKS)
def test_every_sink_has_a_part_that_names_all_its_settings_and_an_example(name: str) -> None:
    told = section(PAGE, f"### `{name}`")
    model: type[BaseModel] | None = SINKS[name].settings
    fields = [field.alias or key for key, field in model.model_fields.items()] if model else []

    assert [field for field in fields if f"`{field}`" not in told] == []
    assert f"```toml {name}.toml" in told or model is None


def test_the_table_says_which_sinks_may_be_made_over_the_api() -> None:
    told = {quoted(row[0])[0]: row[4] == "yes" for row in table(section(PAGE, "## Sinks"))}

    assert told == {name: offer.factory.guarded for name, offer in SINKS.items()}


def with_url(given: dict[str, Any], url: str) -> WebhookSettings:
    return WebhookSettings.model_validate({**given, "url": url})


async def test_the_printer_shown_prints_a_post(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    code = block(PAGE, "print_posts.py").replace("9000", str(port))
    printer = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=PIPE, stderr=DEVNULL)
    try:
        async with asyncio.timeout(20), WebhookSink(with_url({}, f"http://127.0.0.1:{port}")) as sink:
            while True:
                try:
                    assert (await sink.send(EXAMPLE)).status == 204
                    break
                except NotDelivered:
                    await asyncio.sleep(0.05)  # It is not listening yet.
        assert printer.stdout is not None
        assert json.loads(await printer.stdout.readline()) == json.loads(block(PAGE, "webhook.json"))
    finally:
        printer.kill()
        await printer.communicate()


async def test_a_post_looks_as_shown_and_the_receiver_shown_can_read_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    given = tomllib.loads(block(PAGE, "webhook.toml"))["alerts"]["webhook"]
    async with Receiver() as receiver, WebhookSink(with_url(given, receiver.url)) as sink:
        await sink.send(EXAMPLE)
    [post] = receiver.requests
    receiving: dict[str, Any] = {}
    exec(compile(block(PAGE, "receiver.py"), "receiver.py", "exec"), receiving)

    assert post.json() == json.loads(block(PAGE, "webhook.json"))
    assert list(post.json()) == list(json.loads(block(PAGE, "webhook.json")))
    for secret in (given["secret"], given["previous_secret"]):
        assert receiving["read_alert"](post.body, dict(post.headers), secret) == post.json()


def test_a_message_and_a_mail_look_as_shown() -> None:
    mail = compose(EXAMPLE, EmailSettings.model_validate(tomllib.loads(block(PAGE, "email.toml"))["alerts"]["email"]))
    body = mail.get_body(("plain",))
    assert body is not None

    assert f"Subject: {mail['Subject']}\n\n{body.get_content()}".replace("\r\n", "\n") == block(PAGE, "email.txt")
    assert payload(EXAMPLE)["text"] == block(PAGE, "slack.txt").strip()


async def test_a_line_of_the_log_looks_as_shown(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        async with LogSink() as sink:
            await sink.send(EXAMPLE)

    assert caplog.records[0].getMessage() == block(PAGE, "log.txt").strip()
