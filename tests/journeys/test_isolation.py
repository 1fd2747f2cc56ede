"""Two projects never meet: the same ids on both sides, and every route asked for the other's things."""

import pytest

from retrospec.alerts.models import AlertDelivery, AlertSinkRow
from retrospec.app import endpoints
from retrospec.core.clock import now
from retrospec.core.routing import Access, Endpoint
from retrospec.issues.models import ClusteringRule
from tests.client import Client, Json, marker

SESSION, MARKER = "s-equal", "m-equal"
SINK, DELIVERY, RULE = "snk_mine", "dlv_mine", "rule_mine"
# A request that would do something, were the thing one's own. Routes without a foreign id have no entry.
BODIES: dict[str, Json] = {
    "set_issue_state": {"state": "resolved"},
    "give_issue_feedback": {"kind": "invalid"},
    "split_issue": {"sessionIds": [SESSION]},
}
PROJECT_ROUTES = [
    one for one in endpoints() if one.access in {Access.PROJECT, Access.UPLOAD, Access.ARTIFACT} and one.parameters
]


@pytest.fixture
async def sides(client: Client) -> tuple[Client, Client, str]:
    """Two projects; only the first has the session, its artifact and the issue, a sink, a delivery and a rule."""
    mine, other = await client.project("Mine"), await client.project("Other")
    await mine.recorded(SESSION, marker(MARKER))
    answer = await mine.recorded("s-second", marker(MARKER))
    await client.internal(
        "/v1/internal/replay-results",
        {"projectId": answer["session"]["projectId"], "sessionId": SESSION, "artifactKey": "replay-artifacts/x/a.json"},
        202,
    )
    owned: Json = {"project_id": answer["session"]["projectId"], "created_at": now()}
    settings = {"url": "https://hooks.slack.com/services/x"}
    await AlertSinkRow.create(id=SINK, name="Mine", type="slack", settings=settings, updated_at=now(), **owned)
    about: Json = {"alert_id": "a", "cluster_key": "k", "event": "e", "sink": SINK, "status": "failed", "body": {}}
    await AlertDelivery.create(id=DELIVERY, **about, **owned)
    rule: Json = {"position": 1, "match": {"label": {"glob": "x"}}, "action": {"fingerprint": "x"}, "updated_at": now()}
    await ClusteringRule.create(id=RULE, name="Mine", **rule, **owned)
    return mine, other, answer["session"]["markers"][0]["clusterKey"]


async def holdings(mine: Client) -> list[Json]:
    return [await mine.get(path) for path in ("/v1/issues", f"/v1/sessions/{SESSION}", f"/v1/alerts/sinks/{SINK}",
                                              "/v1/alerts/deliveries", f"/v1/clustering/rules/{RULE}")]  # fmt: skip


@pytest.mark.parametrize("endpoint", PROJECT_ROUTES, ids=lambda one: f"{one.method} {one.path}")
async def test_no_route_reaches_a_foreign_thing(sides: tuple[Client, Client, str], endpoint: Endpoint) -> None:
    mine, other, cluster = sides
    path = endpoint.path
    known = {"cluster_key": cluster, "session_id": SESSION, "artifact_type": "analysis_json"}
    for name, value in {**known, "sink_id": SINK, "delivery_id": DELIVERY, "rule_id": RULE}.items():
        path = path.replace(f"<{name}:str>", value)
    assert "<" not in path, "the test does not know a parameter of this route"
    before = await holdings(mine)

    answer = await other.http.request(endpoint.method, path, json=BODIES.get(endpoint.name, {}))

    # An answer without foreign content may be empty; nothing else may come but "not found".
    found = answer.json()
    assert answer.status_code == 404 or [] in (found.get("sessions"), found.get("events")), answer.text
    assert await holdings(mine) == before


async def test_equal_ids_are_two_sessions_with_two_recordings_and_two_issues(client: Client) -> None:
    mine, other = await client.project("Mine"), await client.project("Other")
    for side, text in ((mine, "mine"), (other, "other")):
        key = await side.upload(SESSION, [{"type": 5, "data": {"tag": text}, "timestamp": 1}])
        for session in (SESSION, "s-second"):
            await side.ingest(session, marker(MARKER), route=f"/{text}", eventsObjectKey=key)

    await mine.post(f"/v1/issues/{(await mine.get('/v1/issues'))['issues'][0]['key']}/state", {"state": "resolved"})

    for side, text, state in ((mine, "mine", "resolved"), (other, "other", "open")):
        assert (await side.get(f"/v1/sessions/{SESSION}"))["session"]["route"] == f"/{text}"
        assert (await side.get(f"/v1/sessions/{SESSION}/events"))["events"][0]["data"]["tag"] == text
        (issue,) = (await side.get("/v1/issues"))["issues"]
        assert (issue["state"], issue["sessionCount"]) == (state, 2)


async def test_deleting_a_project_leaves_the_equal_things_of_the_other(client: Client) -> None:
    mine, other = await client.project("Mine"), await client.project("Other")
    for side in (mine, other):
        for session in (SESSION, "s-second"):
            await side.recorded(session, marker(MARKER))
    project = (await mine.get(f"/v1/sessions/{SESSION}"))["session"]["projectId"]

    await client.admin("DELETE", f"/v1/admin/projects/{project}")

    await mine.get("/v1/issues", 401)
    assert (await other.get("/v1/issues"))["issues"][0]["sessionCount"] == 2
    assert (await other.get(f"/v1/sessions/{SESSION}/events"))["events"] != []


async def test_a_foreign_project_cannot_be_merged_with_or_ingested_into(sides: tuple[Client, Client, str]) -> None:
    _, other, cluster = sides
    own = await other.issue()

    await other.post("/v1/issues/merge", {"targetClusterKey": own + "x", "sourceClusterKeys": [cluster]}, 404)
    answer = await other.ingest("s9", projectId="proj_default")

    assert answer["session"]["projectId"] not in {"proj_default", ""}
