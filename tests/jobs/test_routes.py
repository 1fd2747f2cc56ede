"""The operator's endpoints of the queues, over HTTP."""

import json

import pytest

from retrospec.jobs.database_queue import DatabaseQueue
from retrospec.plugin import QueuedJob
from tests.client import Client, MakeClient

JOB = {"projectId": "p1", "sessionId": "s1", "triggerKind": "api_error", "route": "/pay", "site": "shop.example"}
DEAD_LETTERS = "/v1/admin/queue-dead-letters"


@pytest.fixture
async def client(make_client: MakeClient) -> Client:
    """A server that runs no jobs, with queues of its own names and two dead letters in one of them."""
    client = await make_client(embedded_worker=False, replay_queue_name="r", analysis_queue_name="a")
    queue = DatabaseQueue()
    await queue.publish("a", [QueuedJob("j1", json.dumps(JOB)), QueuedJob("j2", "no JSON")])
    for lease in await queue.claim("a", worker="w", limit=2, lease_seconds=60):
        await queue.bury(lease, error="broke")
    return client


async def test_the_health_has_the_shape_of_the_contract(client: Client) -> None:
    health = await client.admin("GET", "/v1/admin/queue-health", 200)

    assert health.pop("generatedAt").endswith("Z")
    assert health == {
        "status": "healthy",
        "replay": {"streamDepth": 0, "pending": 0, "retryDepth": 0, "failedDepth": 0},
        "analysis": {"streamDepth": 0, "pending": 0, "retryDepth": 0, "failedDepth": 2},
        "thresholds": {
            "warningPending": 100,
            "warningRetry": 20,
            "criticalPending": 500,
            "criticalRetry": 100,
            "criticalFailed": 25,
        },
    }


async def test_dead_letters_have_the_shape_of_the_contract(client: Client) -> None:
    page = await client.admin("GET", f"{DEAD_LETTERS}?queue=analysis&scope=failed&offset=0&limit=200", 200)

    assert page.pop("generatedAt").endswith("Z")
    newest, oldest = page["result"].pop("entries")
    assert page == {
        "result": {"queueKind": "analysis", "scope": "failed", "offset": 0, "limit": 200, "total": 2, "unparsable": 1}
    }
    assert oldest.pop("failedAt").endswith("Z")
    assert oldest == JOB | {"error": "broke", "attempt": 1, "payload": JOB, "raw": json.dumps(JOB)}
    assert (newest["payload"], newest["raw"], newest["route"]) == (None, "no JSON", "")


async def test_purge_and_redrive_answer_as_the_contract_says(client: Client) -> None:
    redriven = await client.admin("POST", "/v1/admin/queue-redrive", 200, json={"queue": "analysis", "limit": 5})
    purged = await client.admin(
        "POST", f"{DEAD_LETTERS}/purge", 200, json={"queue": "analysis", "scope": "unprocessable"}
    )

    assert redriven == {
        "result": {"queueKind": "analysis", "requested": 5, "redriven": 1, "skipped": 1, "remainingFailed": 0}
    }
    assert purged == {
        "result": {"queueKind": "analysis", "scope": "unprocessable", "requested": 25, "deleted": 1, "remaining": 0}
    }


async def test_what_is_wrong_with_a_request_is_named(client: Client) -> None:
    for path, name in (("?queue=alerts", "queue"), ("", "queue"), ("?queue=replay&limit=0", "limit")):
        refused = await client.admin("GET", f"{DEAD_LETTERS}{path}", 400)
        assert name in refused["error"]
    for path in (f"{DEAD_LETTERS}/purge", "/v1/admin/queue-redrive"):
        refused = await client.admin("POST", path, 400, json={"queue": "replay", "limit": 501})
        assert (refused["error"], "limit" in refused["detail"]) == ("invalid payload", True)


async def test_only_the_operator_may_see_queues(client: Client) -> None:
    for method, path in (
        ("GET", "/v1/admin/queue-health"),
        ("GET", f"{DEAD_LETTERS}?queue=replay"),
        ("POST", f"{DEAD_LETTERS}/purge"),
        ("POST", "/v1/admin/queue-redrive"),
    ):
        assert (await client.http.request(method, path)).status_code == 401
