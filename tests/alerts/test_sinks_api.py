"""Sinks over the API: who may make what, that secrets stay secret, and that projects never meet."""

import asyncio
from pathlib import Path
from typing import Any, get_args

import pytest

from retrospec.alerts.models import AlertDelivery, AlertSinkRow, AlertSinkState
from retrospec.alerts.sink_service import MOST_SINKS
from retrospec.alerts.sinks import Event, SinkRules, sink_of
from retrospec.alerts.wire import EVENTS
from retrospec.core.clock import ago, now
from retrospec.jobs.models import Job
from tests.alerts.pigeons import pigeons
from tests.client import Client, Json, MakeClient, eventually

SINKS = "/v1/alerts/sinks"
URL, CALL, RING = "https://loft.example/hatch/s3cr3t-path", "coo_s3cr3t-call", "ring-s3cr3t-1"
SETTINGS: Json = {"url": URL, "call": CALL, "rings": [RING], "headers": {"X-Loft": "hdr-s3cr3t"}, "loft": "south"}
PIGEON: Json = {"name": "On call", "type": "pigeon", "settings": SETTINGS}


# What cannot be made, what is said of it, and the field that is named.
UNUSABLE: list[tuple[Json, str, str]] = [
    (
        {"type": "owl"},
        "'owl' is not installed; those that may be used are email, pigeon, slack, sparrow, webhook",
        "type",
    ),
    ({"type": "crow", "settings": {}}, "only be configured in the server's settings", "type"),
    ({"type": "log", "settings": {}}, "only be configured in the server's settings", "type"),
    ({"type": "sparrow", "settings": {"a": 1}}, "takes no settings", "settings"),
    ({"settings": {}}, "settings.url: field required", "settings.url"),
    ({"settings": {"url": URL, "nest": 1}}, "settings.nest: extra inputs are not permitted", "settings.nest"),
    ({"settings": {"url": URL, "weight_grams": 1}}, "greater than or equal to 200", "settings.weight_grams"),
    ({"settings": {"url": 5, "loft": 5}}, "settings.loft: input", "settings.url, settings.loft"),
    ({"settings": {"url": URL, "loft": "x" * 70_000}}, "larger than 64 KiB", "settings"),
    ({"settings": {"url": "(hidden)"}}, "there is none", "settings.url"),
    ({"settings": {"url": URL, "rings": ["(hidden)"]}}, "there is none", "settings.rings.0"),
    ({"name": " "}, "name must have 1-64 characters", "name"),
    ({"name": "x" * 65}, "name must have 1-64 characters", "name"),
    ({"name": "a\nb"}, "name must have 1-64 characters", "name"),
    ({"name": "snk_1"}, "as ids do", "name"),
    ({"rules": {"events": ["issue_closed"]}}, "invalid payload", "`$.rules.events[0]`"),
    ({"rules": {"kinds": ["bug"]}}, "invalid payload", "`$.rules.kinds[0]`"),
    ({"rules": {"minConfidence": 2}}, "invalid payload", "`$.rules.minConfidence`"),
    ({"settings": {"url": {"a": {"b": 1}}}}, "settings.url: input", "settings.url"),
    ({"settings": {"url": URL, "headers": ["(hidden)"]}}, "there is none", "settings.headers.0"),
    ({"settings": {"url": None}}, "settings.url: field required", "settings.url"),
    ({"rules": {"colour": 2}}, "invalid payload", "unknown field `colour` - at `$.rules`"),
]
PRIVATE = ("127.0.0.1", "10.1.2.3:8080", "169.254.169.254", "[::1]", "[::ffff:10.0.0.1]", "[64:ff9b::a00:1]",
           "[2002:a00:1::1]", "224.0.0.1", "2130706433", "0x7f.1", "localhost", "db.localhost")  # fmt: skip


@pytest.fixture
async def server(make_client: MakeClient, tmp_path: Path) -> Client:
    """A client of a server with a sink in its settings, and a plugin of which projects may make some."""
    folder = pigeons(tmp_path / "plugins")
    return await make_client(plugins_dir=folder, alert_sinks=("log",), alert_min_cluster_confidence=0.5)


@pytest.fixture
async def project(server: Client) -> Client:
    """A client of a project of that server."""
    return await server.project()


async def made(project: Client, **given: Any) -> Json:
    sink: Json = (await project.post(SINKS, PIGEON | given, 201))["sink"]
    return sink


async def refused(project: Client, status: int, **given: Any) -> tuple[str, str]:
    """What is said of a sink that cannot be made: the error, and its detail."""
    answer = await project.post(SINKS, PIGEON | given, status)
    return answer["error"], answer.get("detail", "")


async def patched(project: Client, sink: Json, status: int = 200, **patch: Any) -> Json:
    answer = await project.http.patch(f"{SINKS}/{sink['id']}", json=patch)
    assert answer.status_code == status, answer.text
    body: Json = answer.json()
    return body


async def stored(sink: Json) -> Json:
    return (await AlertSinkRow.get(id=sink["id"])).settings


class TestMaking:
    async def test_a_sink_is_made_shown_listed_changed_and_deleted(self, project: Client) -> None:
        rules = {"kinds": ["api_error"], "sites": ["*.example"], "minSessions": 3}

        sink = await made(project, rules=rules)

        assert (sink["name"], sink["type"], sink["origin"], sink["enabled"]) == ("On call", "pigeon", "api", True)
        assert (sink["rules"], sink["state"]) == (rules, {"status": "working"})
        assert (await project.get(f"{SINKS}/{sink['id']}"))["sink"] == sink
        listed = await project.get(SINKS)
        assert [(one["id"], one["origin"]) for one in listed["sinks"]] == [("log", "settings"), (sink["id"], "api")]
        assert listed["types"] == ["email", "pigeon", "slack", "sparrow", "webhook"]

        changed = (await patched(project, sink, name="Night shift", enabled=False, rules=None))["sink"]
        assert (changed["name"], changed["rules"], changed["state"]) == ("Night shift", {}, {"status": "off"})
        assert await project.delete(f"{SINKS}/{sink['id']}") == {"deleted": True, "sinkId": sink["id"]}
        await project.get(f"{SINKS}/{sink['id']}", 404)

    async def test_what_is_told_of_a_sink_takes_in_none_of_what_is_unknown(self, project: Client) -> None:
        sink = await made(project, colour="grey", id="snk_mine", projectId="proj_default")

        assert sink["id"] != "snk_mine"
        assert await AlertSinkRow.filter(project_id="proj_default").count() == 0

    @pytest.mark.parametrize("dialect", ["sqlite"])
    async def test_what_cannot_be_used_is_refused_by_the_name_of_its_field(self, project: Client) -> None:
        for given, says, detail in UNUSABLE:
            error, told = await refused(project, 400, **given)

            assert says in error, given
            assert detail in told, given
        assert await AlertSinkRow.all().count() == 0

    @pytest.mark.parametrize("dialect", ["sqlite"])
    async def test_an_address_that_is_plainly_private_is_refused_at_once(self, project: Client) -> None:
        said = {host: await refused(project, 400, settings={"url": f"http://{host}/x"}) for host in PRIVATE}

        text = "settings.url: leads into a private or special network, where no sink may go"
        assert said == dict.fromkeys(PRIVATE, (text, "settings.url"))

    async def test_names_are_unique_in_their_project_and_none_of_the_settings(self, project: Client) -> None:
        sink, other = await made(project), await made(project, name="Other")

        assert "a sink of the name 'On call'" in (await refused(project, 409))[0]
        assert (await refused(project, 409, name="log"))[1] == "name"
        assert "'On call'" in (await patched(project, other, 409, name=" On call "))["error"]
        assert (await patched(project, sink, name="On call"))["sink"]["id"] == sink["id"]

    async def test_a_project_has_at_most_fifty_however_many_ask_at_once(self, project: Client) -> None:
        sent = [project.http.post(SINKS, json=PIGEON | {"name": f"n{number}"}) for number in range(MOST_SINKS + 4)]

        statuses = [answer.status_code for answer in await asyncio.gather(*sent)]

        assert sorted(statuses) == [201] * MOST_SINKS + [409] * 4
        assert len((await project.get(SINKS))["sinks"]) == MOST_SINKS + 1

    @pytest.mark.parametrize("dialect", ["sqlite"])
    async def test_where_private_networks_are_allowed_any_plugin_and_address_will_do(
        self, make_client: MakeClient, tmp_path: Path
    ) -> None:
        client = await make_client(plugins_dir=pigeons(tmp_path / "plugins"), alert_allow_private_networks=True)

        await made(client, settings={"url": "http://127.0.0.1:9/"})
        await made(client, name="Crow", type="crow", settings=None)


@pytest.mark.parametrize("dialect", ["sqlite"])
class TestSecrets:
    async def test_they_are_in_no_answer(self, project: Client) -> None:
        sink = await made(project)
        answers = [
            await project.http.get(SINKS),
            await project.http.get(f"{SINKS}/{sink['id']}"),
            await project.http.patch(f"{SINKS}/{sink['id']}", json={"name": "New"}),
            await project.http.post(SINKS, json=PIGEON),
            await project.http.post(SINKS, json=PIGEON | {"name": ""}),
            await project.http.post(SINKS, json=PIGEON | {"settings": SETTINGS | {"call": "s3cr3t-and-wrong"}}),
            await project.http.post(SINKS, json=PIGEON | {"settings": SETTINGS | {"url": ["s3cr3t"]}}),
            await project.http.post(SINKS, json=PIGEON | {"settings": SETTINGS | {"nest": 1, "rings": "s3cr3t-ring"}}),
        ]

        assert [answer.status_code for answer in answers] == [200, 200, 200, 201, 400, 400, 400, 400]
        assert [answer.text for answer in answers if "s3cr3t" in answer.text] == []
        hidden = {"url": "(hidden)", "call": "(hidden)", "rings": ["(hidden)"], "headers": {"X-Loft": "(hidden)"}}
        assert sink["settings"] == hidden | {"loft": "south"}
        assert answers[5].json()["error"] == "settings.call: (hidden) must begin with coo_"

    async def test_what_was_shown_may_be_sent_back_and_changes_nothing(self, project: Client) -> None:
        sink = await made(project)

        again = (await patched(project, sink, settings=sink["settings"]))["sink"]

        assert await stored(sink) == SETTINGS
        assert again | {"updatedAt": ""} == sink | {"updatedAt": ""}

    async def test_settings_are_merged_and_null_removes(self, project: Client) -> None:
        sink = await made(project)

        patch = {"rings": ["(hidden)", "ring-new"], "headers": {"X-Loft": None, "X-New": "new"}, "loft": None}
        changed = (await patched(project, sink, settings=patch))["sink"]

        kept = {"url": URL, "call": CALL}
        assert await stored(sink) == kept | {"rings": [RING, "ring-new"], "headers": {"X-New": "new"}}
        assert changed["settings"]["rings"] == ["(hidden)", "(hidden)"]
        assert (await patched(project, sink, 400, settings={"url": None}))["detail"] == "settings.url"
        assert (await stored(sink))["url"] == URL

    async def test_a_secret_goes_to_no_address_but_the_one_it_was_given_for(self, project: Client) -> None:
        """Whoever may change a sink, and not read it, must not have its secrets sent to himself."""
        sink, elsewhere = await made(project), "https://thief.example/"

        refusal = await patched(project, sink, 400, settings={"url": elsewhere, "call": "(hidden)"})

        assert refusal["detail"] == "settings.call, settings.rings, settings.headers"
        assert await stored(sink) == SETTINGS
        fresh: Json = {"url": elsewhere, "call": "coo_new-one", "rings": [], "headers": None}
        await patched(project, sink, settings=fresh)
        assert await stored(sink) == {"url": elsewhere, "call": "coo_new-one", "rings": [], "loft": "south"}

    async def test_they_are_hidden_whole_when_their_plugin_is_gone_or_takes_others(
        self, project: Client, server: Client
    ) -> None:
        sink = await made(project)
        for change in ({"type": "dodo"}, {"type": "pigeon", "settings": SETTINGS | {"nest": "oak"}}):
            await AlertSinkRow.filter(id=sink["id"]).update(**change)

            answer = await project.http.get(f"{SINKS}/{sink['id']}")

            assert "s3cr3t" not in answer.text
            shown = answer.json()["sink"]
            assert set(shown["settings"].values()) == {"(hidden)"}
            assert shown["state"]["status"] == "unusable"
        assert "settings.nest" in shown["state"]["reason"]

    async def test_they_are_in_no_log(self, project: Client, capsys: pytest.CaptureFixture[str]) -> None:
        sink = await made(project)
        await patched(project, sink, settings={"loft": "west"})
        await refused(project, 400, name="other", settings=SETTINGS | {"call": "s3cr3t-and-wrong"})

        said = capsys.readouterr()
        assert "status=400" in said.out
        assert "s3cr3t" not in said.out + said.err


class TestWho:
    async def test_a_foreign_sink_is_not_there(self, server: Client, project: Client) -> None:
        sink, other = await made(project), await server.project("Other")
        path = f"{SINKS}/{sink['id']}"

        answers = [
            await other.http.request(method, path, json={})
            for method, path in [("GET", path), ("PATCH", path), ("DELETE", path)]
        ]

        assert [answer.status_code for answer in answers] == [404] * 3
        assert [one["id"] for one in (await other.get(SINKS))["sinks"]] == ["log"]
        assert (await project.get(path))["sink"] == sink
        # The same name is free there.
        await made(other)

    @pytest.mark.parametrize("dialect", ["sqlite"])
    async def test_reading_takes_a_key_and_changing_takes_one_of_scope_full(
        self, make_client: MakeClient, tmp_path: Path
    ) -> None:
        server = await make_client(plugins_dir=pigeons(tmp_path / "plugins"), anonymous_access="none")
        full = await server.project()
        sink = await made(full)
        (project,) = [
            one for one in (await server.admin("GET", "/v1/admin/projects"))["projects"] if one["name"] == "Shop"
        ]
        keys = f"/v1/admin/projects/{project['id']}/keys"
        raw = {
            scope: (await server.admin("POST", keys, json={"scope": scope}))["apiKey"] for scope in ("read", "ingest")
        }
        calls = [
            ("GET", SINKS, None),
            ("GET", f"{SINKS}/{sink['id']}", None),
            ("GET", "/v1/alerts/deliveries", None),
            ("POST", SINKS, PIGEON),
            ("PATCH", f"{SINKS}/{sink['id']}", {}),
            ("POST", f"{SINKS}/{sink['id']}/test", None),
            ("POST", "/v1/alerts/deliveries/dlv_1/resend", None),
            ("DELETE", f"{SINKS}/{sink['id']}", None),
        ]

        async def statuses(client: Client) -> list[int]:
            return [(await client.http.request(method, path, json=body)).status_code for method, path, body in calls]

        assert await statuses(server) == [401] * 8
        assert await statuses(server.with_key("rpk_" + "0" * 64)) == [401] * 8
        assert await statuses(server.with_key(raw["read"])) == [200] * 3 + [403] * 5
        assert await statuses(server.with_key(raw["ingest"])) == [403] * 8

    @pytest.mark.parametrize("dialect", ["sqlite"])
    async def test_a_sink_of_the_settings_is_shown_without_its_settings_and_cannot_be_changed(
        self, make_client: MakeClient
    ) -> None:
        client = await make_client(alert_webhook_url="https://ops.example/s3cr3t", alert_auth_header="Bearer s3cr3t")

        answer = await client.http.get(SINKS)

        (sink,) = answer.json()["sinks"]
        assert "s3cr3t" not in answer.text
        assert "settings" not in sink
        assert (sink["id"], sink["name"], sink["origin"]) == ("webhook", "webhook", "settings")
        assert "can be changed only there" in (await patched(client, sink, 409, enabled=False))["error"]
        await client.delete(f"{SINKS}/webhook", 409)

    async def test_deleting_a_project_takes_its_sinks_with_it(self, server: Client, project: Client) -> None:
        sink = await made(project)
        await AlertSinkState.create(sink=sink["id"], settings_digest="", updated_at=now())
        row = await AlertSinkRow.get(id=sink["id"])

        await server.admin("DELETE", f"/v1/admin/projects/{row.project_id}")

        assert await AlertSinkRow.all().count() == 0
        assert await AlertSinkState.all().count() == 0


async def found_out(sink: Json, **facts: Any) -> None:
    """Have deliveries found something out about a sink."""
    row = await AlertSinkRow.get(id=sink["id"])
    given: Json = {"sink": row.id, "settings_digest": sink_of(row).digest, "updated_at": now()} | facts
    await AlertSinkState.create(**given)


class TestState:
    async def test_a_sink_that_is_gone_says_so_until_it_is_edited(self, project: Client) -> None:
        sink = await made(project)
        await found_out(sink, gone_at=now(), last_error="the loft is closed")

        state = (await project.get(f"{SINKS}/{sink['id']}"))["sink"]["state"]

        assert (state["status"], state["lastError"]) == ("gone", "the loft is closed")
        assert "gone for good" in state["reason"]
        assert (await patched(project, sink))["sink"]["state"] == {"status": "working"}
        assert await AlertSinkState.all().count() == 0

    async def test_a_sink_that_is_left_alone_for_a_while_says_until_when(self, project: Client) -> None:
        sink = await made(project)
        await found_out(sink, failures=7, open_until=ago(minutes=-5), last_error="no answer")
        state = (await project.get(f"{SINKS}/{sink['id']}"))["sink"]["state"]
        assert (state["status"], state["failures"], state["lastError"]) == ("paused", 7, "no answer")
        assert state["pausedUntil"] > state.get("goneAt", "")

        await AlertSinkState.all().update(open_until=ago(minutes=5))
        state = (await project.get(f"{SINKS}/{sink['id']}"))["sink"]["state"]
        assert (state["status"], state["failures"]) == ("working", 7)

    async def test_what_was_found_out_under_other_settings_is_void(self, project: Client) -> None:
        sink = await made(project)
        await found_out(sink, gone_at=now(), settings_digest="other")

        assert (await project.get(f"{SINKS}/{sink['id']}"))["sink"]["state"] == {"status": "working"}

    async def test_it_tells_of_the_latest_delivery_of_this_project_alone(self, server: Client, project: Client) -> None:
        other = await server.project("Other")
        await other.issue()
        assert [one["state"].get("lastDelivery") for one in (await project.get(SINKS))["sinks"]] == [None]

        await project.issue()

        latest = (await project.get(f"{SINKS}/log"))["sink"]["state"]["lastDelivery"]
        (listed,) = (await project.get("/v1/alerts/deliveries"))["deliveries"]
        assert latest["id"] == listed["id"]

    async def test_what_waits_for_a_deleted_sink_is_given_up_and_its_log_stays(self, project: Client) -> None:
        sink = await made(project)
        row = await AlertSinkRow.get(id=sink["id"])
        common: Json = {"project_id": row.project_id, "cluster_key": "k", "event": "e", "sink": row.id, "body": {}}
        for name, status in (("waits", "pending"), ("done", "delivered")):
            await AlertDelivery.create(id=name, alert_id=name, status=status, created_at=now(), **common)
        job: Json = {"queue": f"alerts:{row.id}", "project_id": row.project_id, "created_at": now()}
        await Job.create(id="waits", payload='{"deliveryId":"waits"}', due_at=ago(minutes=-60), **job)

        await project.delete(f"{SINKS}/{row.id}")

        await eventually(lambda: AlertDelivery.filter(id="waits", status="failed").exists())
        waited, done = await AlertDelivery.get(id="waits"), await AlertDelivery.get(id="done")
        assert (waited.last_error, done.status) == ("the sink was deleted", "delivered")

    async def test_one_that_is_off_may_not_be_given_settings_that_cannot_be_used(self, project: Client) -> None:
        sink = await made(project, enabled=False)

        assert (await patched(project, sink, 400, settings={"loft": 5}))["detail"] == "settings.loft"
        assert await stored(sink) == SETTINGS


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_rules_that_another_version_wrote_silence_their_sink_and_fail_nothing(
    server: Client, project: Client
) -> None:
    sink = await made(project)
    await AlertSinkRow.filter(id=sink["id"]).update(rules={"moonPhase": "full"})

    key = await project.issue()

    assert (await project.get(f"{SINKS}/{sink['id']}"))["sink"]["state"]["status"] == "off"
    assert (await project.get(f"/v1/issues/{key}"))["issue"]["sessionCount"] == 2


def test_rules_know_every_event_that_is_told() -> None:
    assert set(get_args(Event)) == set(EVENTS)
    assert SinkRules().events == ()
