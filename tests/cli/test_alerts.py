"""`retrospec alerts`: sinks and deliveries of a project, on SQLite and on PostgreSQL."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from retrospec.alerts.models import AlertDelivery, AlertSinkRow
from retrospec.core.clock import now
from retrospec.jobs.models import Job
from tests.cli.conftest import Cli, in_database

SLACK = "https://hooks.slack.example/services/s3cr3t"


class Chat(ThreadingHTTPServer):
    """Takes what it is told, until it is full."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.told: list[Any] = []
        self.status = 200
        self.url = f"http://127.0.0.1:{self.server_address[1]}/s3cr3t"


class _Answers(BaseHTTPRequestHandler):
    server: Chat

    def do_POST(self) -> None:
        self.server.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def chat() -> Iterator[Chat]:
    with Chat() as chat:
        serving = threading.Thread(target=chat.serve_forever, kwargs={"poll_interval": 0.05})
        serving.start()
        yield chat
        chat.shutdown()
        serving.join()


def slack(cli: Cli, *options: str, name: str = "On call") -> Any:
    (cli.folder / "slack-url").write_text(f"{SLACK}\n")
    given = ("--type", "slack", "--secret-file", f"url={cli.folder / 'slack-url'}")
    return cli.json("alerts", "sinks", "create", name, *given, *options)["sink"]


async def stored(sink: str) -> Any:
    return (await AlertSinkRow.get(id=sink)).settings


async def jobs() -> list[Job]:
    return await Job.all()


def test_a_sink_is_made_shown_listed_changed_and_deleted(on_database: Cli, database_url: str) -> None:
    cli = on_database
    rules = {"kinds": ["js_exception"], "minSessions": 3}
    sink = slack(cli, "--rules", json.dumps(rules), "--set", "timeout_seconds=5")
    assert in_database(database_url, lambda _: stored(sink["id"])) == {"url": SLACK, "timeout_seconds": 5}
    assert sink["rules"] == rules
    assert cli.json("alerts", "sinks", "show", "On call")["sink"] == sink
    assert cli.json("alerts", "sinks", "list")["sinks"] == [sink]

    options = ("--name", "Night", "--unset", "timeout_seconds", "--rules", "{}", "--disable")
    changed = cli.json("alerts", "sinks", "update", sink["id"], *options)["sink"]
    assert (changed["name"], changed["rules"], changed["enabled"]) == ("Night", {}, False)
    assert in_database(database_url, lambda _: stored(sink["id"])) == {"url": SLACK}

    assert f"Delete {sink['id']} (Night)?" in cli.fails("alerts", "sinks", "delete", "Night", answer="n\n")
    assert cli.json("alerts", "sinks", "delete", "Night", "--yes") == {"deleted": True, "sinkId": sink["id"]}
    assert "sink not found" in cli.fails("alerts", "sinks", "show", "Night")


def test_secrets_are_never_shown(cli: Cli) -> None:
    sink = slack(cli)
    said = [
        cli.prints("alerts", "sinks", *words)
        for words in (("list",), ("list", "--json"), ("show", "On call"), ("update", sink["id"], "--enable"))
    ]
    assert [text for text in said if "s3cr3t" in text] == []
    assert "(hidden)" in said[2]


def test_a_secret_may_come_on_standard_input(cli: Cli) -> None:
    words = ("alerts", "sinks", "create", "Mine", "--type", "slack", "--secret-file", "url=-")
    assert "made snk_" in cli.prints(*words, answer=f"{SLACK}\n")


def test_sinks_belong_to_the_default_project_unless_another_is_named(cli: Cli) -> None:
    project = cli.json("projects", "create", "My shop", "shop.example")["project"]["id"]
    sink = slack(cli, "--project", project)
    assert cli.json("alerts", "sinks", "list")["sinks"] == []
    assert "sink not found" in cli.fails("alerts", "sinks", "show", sink["id"])
    assert cli.json("alerts", "sinks", "list", "-p", project)["sinks"] == [sink]
    assert "project not found" in cli.fails("alerts", "sinks", "list", "-p", "proj_none")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--type", "slack"), "settings.url: field required"),
        (("--type", "slack", "--set", "url=s3cr3t-and-wrong"), "settings.url: must be an http"),
        (("--type", "slack", "--set", "url=http://10.0.0.1/"), "private or special network"),
        (("--type", "owl"), "'owl' is not installed; those that may be used are email, slack, webhook"),
        (("--type", "slack", "--secret-file", "url=none.txt"), "none.txt cannot be read"),
        (("--type", "slack", "--rules", '{"moon": 1}'), "rules: Object contains unknown field `moon`"),
        (("--type", "slack", "--rules", "moon"), "rules: JSON is malformed"),
    ],
)
def test_what_cannot_be_used_is_a_failure(cli: Cli, options: tuple[str, ...], says: str) -> None:
    said = cli.fails("alerts", "sinks", "create", "Mine", *options)
    assert says in said
    assert "s3cr3t" not in said


def test_options_that_make_no_sense_are_mistakes_of_usage(cli: Cli) -> None:
    given = ("alerts", "sinks", "create", "Mine", "--type", "slack")
    assert "'url' is not NAME=VALUE" in cli.misused(*given, "--set", "url")
    assert "named twice" in cli.misused(*given, "--set", "a=1", "--set", "a=2")


def test_a_test_alert_reaches_a_sink_of_the_project_and_of_the_settings(cli: Cli, chat: Chat) -> None:
    cli.environ |= {"ALERT_ALLOW_PRIVATE_NETWORKS": "true", "ALERT_WEBHOOK_URL": chat.url}
    cli.prints("alerts", "sinks", "create", "Mine", "--type", "slack", "--set", f"url={chat.url}")

    assert cli.json("alerts", "sinks", "test", "webhook")["result"]["status"] == 200
    assert cli.prints("alerts", "sinks", "test", "Mine").startswith("delivered in ")
    chat.status = 500
    refused = cli("alerts", "sinks", "test", "Mine")

    assert refused.exit_code == 1
    assert "failed in " in refused.stdout
    assert "s3cr3t" not in refused.output
    assert chat.told[0]["trigger"] == "test"
    assert "This is a test of the alert sink" in str(chat.told[1])


def test_a_sink_of_the_settings_that_cannot_be_used_is_said(cli: Cli) -> None:
    assert "plugin alerts.webhook: field secret" in cli.fails(
        "alerts", "sinks", "test", "webhook", RETROSPEC_CONFIG=toml(cli, '[alerts.webhook]\nsecret = "x"\n'),
        ALERT_WEBHOOK_URL="https://chat.example/",
    )  # fmt: skip


def toml(cli: Cli, text: str) -> str:
    (cli.folder / "retrospec.toml").write_text(text)
    return str(cli.folder / "retrospec.toml")


CLUSTER = {"key": "k", "symptom": "It broke", "sessionCount": 2, "userCount": 0, "confidence": 0.7, "state": "open",
           "lastSeenAt": "2026-03-04T05:06:07Z", "representativeSessionId": "s1", "assignee": ""}  # fmt: skip


async def deliveries(sink: str) -> None:
    """Write one that was taken and one that waits."""
    body = {"event": "e", "trigger": "t", "sentAt": CLUSTER["lastSeenAt"], "projectId": "p", "cluster": CLUSTER}
    facts: Any = {"alert_id": "a", "project_id": "proj_default", "cluster_key": "k", "event": "e", "body": body}
    await AlertDelivery.create(id="dlv_1", sink=sink, status="delivered", attempts=1, created_at=now(), **facts)
    await AlertDelivery.create(id="dlv_2", sink="snk_gone", status="pending", created_at=now(), **facts)


def test_deliveries_are_listed_shown_and_sent_again(on_database: Cli, database_url: str) -> None:
    cli = on_database
    sink = slack(cli)["id"]
    in_database(database_url, lambda _: deliveries(sink))

    assert [one["id"] for one in cli.json("alerts", "deliveries", "list")["deliveries"]] == ["dlv_2", "dlv_1"]
    for options, found in (
        (("--sink", "On call"), "dlv_1"),
        (("--sink", "snk_gone"), "dlv_2"),
        (("--status", "pending"), "dlv_2"),
        (("--issue", "k", "--limit", "1"), "dlv_2"),
    ):
        assert [one["id"] for one in cli.json("alerts", "deliveries", "list", *options)["deliveries"]] == [found]
    assert "--cursor " in cli.prints("alerts", "deliveries", "list", "--limit", "1")
    assert "It broke" in cli.prints("alerts", "deliveries", "show", "dlv_1")
    assert "its sink snk_gone is no more" in cli.fails("alerts", "deliveries", "resend", "dlv_2")

    assert cli.prints("alerts", "deliveries", "resend", "dlv_1") == "dlv_1 is on its way again, after 1 attempt\n"

    (job,) = in_database(database_url, lambda _: jobs())
    assert (job.queue, json.loads(job.payload)["deliveryId"]) == (f"alerts:{sink}", "dlv_1")
    assert cli.json("alerts", "deliveries", "show", "dlv_1")["delivery"]["status"] == "pending"
    assert "on its way already" in cli.fails("alerts", "deliveries", "resend", "dlv_1")


def test_a_backup_carries_sinks_with_their_secrets(cli: Cli) -> None:
    sink = slack(cli, "--rules", '{"minSessions": 3}')
    cli.prints("backup", "b.tar.gz")

    cli.prints("restore", "b.tar.gz", DATA_DIR="other")

    assert cli.json("alerts", "sinks", "list", DATA_DIR="other")["sinks"] == [sink]
    assert in_database(f"sqlite://{cli.folder}/other/retrospec.db", lambda _: stored(sink["id"])) == {"url": SLACK}


NAMED = """
alert_sinks = ["room-web", "room-backend"]

[alerts.room-web]
type = "slack"
url = "https://hooks.slack.example/web"

[alerts.room-web.rules]
kinds = ["js_exception"]

[alerts.room-backend]
type = "slack"
url = "nowhere"
rules = { min_sessions = -1 }
"""


def test_sinks_by_name_are_checked_each_under_its_name(cli: Cli) -> None:
    toml(cli, NAMED)
    assert (
        cli.fails("config", "check") == "error: alerts.room-backend.rules: Expected `int` >= 0 - at `$.minSessions`\n"
    )

    toml(cli, NAMED.replace("-1", "1"))
    assert "error: plugin alerts.room-backend: field url: " in cli.fails("config", "check")
    found = [one for one in json.loads(cli("doctor", "--json").stdout)["findings"] if one["state"] == "failed"]
    assert [(one["name"], "alerts.room-backend" in one["detail"]) for one in found] == [("plugins", True)]
    assert "[alerts.room-backend]" in found[0]["advice"]
    (line,) = [one for one in cli.json("plugins")["plugins"] if (one["family"], one["name"]) == ("alerts", "slack")]
    assert (line["state"], "room-backend" in line["error"]) == ("failed", True)

    toml(cli, NAMED.replace("-1", "1").replace("nowhere", "https://hooks.slack.example/backend"))
    assert "the settings are good" in cli.prints("config", "check")
    told = {one["detail"] for one in json.loads(cli("doctor", "--json").stdout)["findings"] if one["name"] == "alerts"}
    assert told == {"room-web: posts to an incoming webhook", "room-backend: posts to an incoming webhook"}
    assert [one["name"] for one in cli.json("alerts", "sinks", "list")["sinks"]] == ["room-web", "room-backend"]
