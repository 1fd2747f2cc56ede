"""What an operator sees of the queues, and does about dead letters."""

import json
from types import SimpleNamespace
from typing import Any, get_args

import pytest

from retrospec.core.db import Database
from retrospec.core.errors import Invalid
from retrospec.core.ijson import decode
from retrospec.core.routing import read_query
from retrospec.core.settings import Settings
from retrospec.jobs import admin
from retrospec.jobs.admin_schemas import DeadLetterQuery, Purge, QueueKind, Redrive, Thresholds
from retrospec.jobs.database_queue import DatabaseQueue
from retrospec.plugin import QueueDepths, QueuedJob

SETTINGS = Settings(replay_queue_name="r", analysis_queue_name="a")
JOB = {
    "projectId": "p1",
    "sessionId": "s1",
    "eventsObjectKey": "session-events/p1/s1.json",
    "markerOffsetsMs": [1],
    "triggerKind": "api_error",
    "markerHints": [],
    "route": "/checkout",
    "site": "shop.example",
}


async def buried(*payloads: str, queue: str = "a") -> DatabaseQueue:
    """A queue in which these jobs were given up, in order."""
    made = DatabaseQueue()
    await made.publish(queue, [QueuedJob(f"{queue}{number}", payload) for number, payload in enumerate(payloads)])
    for lease in await made.claim(queue, worker="w", limit=100, lease_seconds=60):
        await made.bury(lease, error=f"{lease.job.id} broke")
    return made


def query(**given: str) -> DeadLetterQuery:
    request: Any = SimpleNamespace(args={name: [value] for name, value in given.items()})
    read: DeadLetterQuery = read_query(request, DeadLetterQuery)
    return read


async def test_a_dead_letter_is_shown_as_far_as_it_can_be_read(database: Database) -> None:
    queue = await buried(json.dumps(JOB), "no JSON", json.dumps({**JOB, "route": 5}))

    shown = (await admin.dead_letters(queue, SETTINGS, query(queue="analysis"))).result

    odd, unreadable, whole = shown.entries
    assert (whole.project_id, whole.session_id, whole.trigger_kind) == ("p1", "s1", "api_error")
    assert (whole.route, whole.site, whole.error, whole.attempt) == ("/checkout", "shop.example", "a0 broke", 1)
    assert (whole.payload, json.loads(whole.raw)) == (JOB, JOB)
    assert whole.failed_at is not None
    assert (unreadable.payload, unreadable.raw, unreadable.project_id) == (None, "no JSON", "")
    assert (odd.route, odd.site) == ("", "shop.example")
    assert (shown.queue_kind, shown.scope, shown.offset, shown.limit) == ("analysis", "failed", 0, 25)
    assert (shown.total, shown.unparsable) == (3, 1)


async def test_dead_letters_are_paged(database: Database) -> None:
    queue = await buried(*(json.dumps({"sessionId": f"s{number}"}) for number in range(5)))

    shown = (await admin.dead_letters(queue, SETTINGS, query(queue="analysis", offset="1", limit="2"))).result

    assert [entry.session_id for entry in shown.entries] == ["s3", "s2"]
    assert (shown.offset, shown.limit, shown.total) == (1, 2, 5)


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({}, "queue"),
        ({"queue": "alerts"}, "queue"),
        ({"queue": "replay", "scope": "all"}, "scope"),
        ({"queue": "replay", "offset": "-1"}, "offset"),
        ({"queue": "replay", "offset": "9" * 30}, "offset"),
        ({"queue": "replay", "limit": "0"}, "limit"),
        ({"queue": "replay", "limit": "201"}, "limit"),
        ({"queue": "replay", "limit": "many"}, "limit"),
    ],
)
def test_a_bad_parameter_is_named(given: dict[str, str], names: str) -> None:
    with pytest.raises(Invalid, match=names):
        query(**given)


@pytest.mark.parametrize("shape", [Purge, Redrive])
@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({}, "queue"),
        ({"queue": "alerts"}, "queue"),
        ({"queue": "replay", "limit": 0}, "limit"),
        ({"queue": "replay", "limit": 501}, "limit"),
        ({"queue": "replay", "limit": "5"}, "limit"),
    ],
)
def test_a_bad_field_is_named(shape: type, body: dict[str, Any], names: str) -> None:
    with pytest.raises(Invalid) as refused:
        decode(json.dumps(body).encode(), shape)

    assert names in refused.value.detail


async def test_a_purge_takes_25_failed_ones_unless_told_otherwise(database: Database) -> None:
    queue = await buried(*["{}"] * 30)

    first = await admin.purge(queue, SETTINGS, decode(b'{"queue": "analysis", "scope": null, "limit": null}', Purge))
    rest = await admin.purge(queue, SETTINGS, Purge(queue="analysis", scope="failed", limit=500))

    assert (first.queue_kind, first.scope, first.requested, first.deleted, first.remaining) == (
        "analysis",
        "failed",
        25,
        25,
        5,
    )
    assert (rest.requested, rest.deleted, rest.remaining) == (500, 5, 0)


async def test_a_redrive_says_what_came_of_it(database: Database) -> None:
    queue = await buried("{}", "no JSON", "{}", queue="r")

    done = await admin.redrive(queue, SETTINGS, Redrive(queue="replay"))

    assert (done.queue_kind, done.requested, done.redriven, done.skipped, done.remaining_failed) == (
        "replay",
        25,
        2,
        1,
        0,
    )
    assert (await queue.depths("r")).stream_depth == 2


async def test_the_health_shows_both_queues_and_the_thresholds(database: Database) -> None:
    queue = await buried("{}")
    await queue.publish("r", [QueuedJob("j1", "{}"), QueuedJob("j2", "{}")])
    await queue.claim("r", worker="w", limit=1, lease_seconds=60)

    health = await admin.queue_health(queue, SETTINGS)

    assert health.status == "healthy"
    assert (health.replay.stream_depth, health.replay.pending, health.replay.failed_depth) == (2, 1, 0)
    assert (health.analysis.stream_depth, health.analysis.failed_depth) == (0, 1)
    assert health.thresholds == Thresholds(100, 20, 500, 100, 25)


class Deep(DatabaseQueue):
    """Has whatever depths a test says."""

    def __init__(self, **depths: QueueDepths) -> None:
        super().__init__()
        self._said = depths

    async def depths(self, queue: str) -> QueueDepths:
        return self._said.get(queue, QueueDepths())


@pytest.mark.parametrize(
    ("depths", "status"),
    [
        (QueueDepths(stream_depth=10_000, pending=99, retry_depth=19, failed_depth=24), "healthy"),
        (QueueDepths(pending=100), "warning"),
        (QueueDepths(retry_depth=20), "warning"),
        (QueueDepths(pending=500), "critical"),
        (QueueDepths(retry_depth=100), "critical"),
        (QueueDepths(failed_depth=25), "critical"),
    ],
)
async def test_the_worse_queue_decides_the_health(depths: QueueDepths, status: str) -> None:
    for name in ("r", "a"):
        assert (await admin.queue_health(Deep(**{name: depths}), SETTINGS)).status == status


def test_both_kinds_have_a_queue_of_their_own() -> None:
    assert [admin.queue_named(SETTINGS, kind) for kind in get_args(QueueKind)] == ["r", "a"]
