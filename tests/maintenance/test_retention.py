"""What is older than its project keeps goes, whole; everything else stays, and what is counted stays right."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from retrospec.alerts.models import AlertAttempt, AlertDelivery, AlertStorm
from retrospec.artifacts.models import SessionArtifact
from retrospec.core.clock import now
from retrospec.issues.models import ClusterUser
from retrospec.jobs.models import Job
from retrospec.maintenance import cleanup as cleanup_module
from retrospec.maintenance.removal import ExpiredSessions
from retrospec.plugin import StorageUnavailable
from retrospec.reports.models import SessionReportCard
from retrospec.sessions.models import ErrorMarker, Session, StoredObject
from tests.client import Client, MakeClient, eventually, marker, wire
from tests.maintenance.ages import age

DEFAULT = "proj_default"


@pytest.fixture
async def client(make_client: MakeClient) -> Client:
    """A client of a server whose jobs stay where they are."""
    return await make_client(embedded_worker=False)


async def clean(client: Client) -> dict[str, int]:
    result: dict[str, int] = await client.post("/v1/maintenance/cleanup", {}, 200)
    return result


async def left(client: Client) -> set[str]:
    return {session.session_id for session in await Session.all()}


def objects(client: Client) -> list[str]:
    root: Path = client.listening.server.runtime.settings.data_dir / "objects"
    return sorted(path.stem for path in root.rglob("*.json") if ".retrospec" not in path.parts)


async def test_sessions_go_by_the_time_of_their_arrival_and_not_by_the_visitors_clock(client: Client) -> None:
    for name in ("old", "young"):
        await client.recorded(name, marker())
    await client.ingest("long-ago", startedAt=wire(now() - timedelta(days=300)))
    await age("old", days=7.01)
    await age("young", days=6.99)

    result = await clean(client)

    assert (result["deletedSessions"], result["deletedEventObjects"], result["retentionDays"]) == (1, 1, 7)
    assert await left(client) == {"young", "long-ago"}
    assert objects(client) == ["young"]
    for table in (ErrorMarker, SessionReportCard, Job, StoredObject):
        rows = await table.all().values("session_id")
        assert {row["session_id"] for row in rows} - {"long-ago"} == {"young"}


async def test_a_project_may_keep_for_longer_or_shorter(client: Client) -> None:
    project = await client.project()
    session = (await project.recorded("s1", marker()))["session"]
    await project.recorded("s2", marker())
    await age("s1", days=3)
    path = f"/v1/admin/projects/{session['projectId']}"

    assert (await clean(project))["deletedSessions"] == 0
    await client.admin("PATCH", path, json={"retentionDays": 2})
    result = await clean(project)

    assert (result["deletedSessions"], result["retentionDays"]) == (1, 2)
    await client.admin("PATCH", path, json={"retentionDays": 30})
    await age("s2", days=20)
    assert (await clean(project))["deletedSessions"] == 0


async def test_an_upload_whose_session_never_arrives_expires_too(client: Client) -> None:
    await client.upload("alone")
    await client.recorded("arrived", marker())
    await age("alone", days=8)
    # The upload is old, the session that it belongs to is not.
    await StoredObject.filter(session_id="arrived").update(created_at=now() - timedelta(days=8))

    result = await clean(client)

    assert (result["deletedSessions"], result["deletedEventObjects"]) == (0, 1)
    assert objects(client) == ["arrived"]
    assert (await client.get("/v1/sessions/arrived/events"))["events"]


async def test_other_projects_with_equal_ids_are_left_alone(client: Client) -> None:
    mine, other = await client.project("Mine"), await client.project("Other")
    for side in (mine, other):
        for name in ("s1", "s2"):
            await side.recorded(name, marker())
    await age("s1", "s2", days=8)

    assert (await clean(mine))["deletedSessions"] == 2

    assert (await mine.get("/v1/issues"))["issues"] == []
    assert (await other.get("/v1/issues"))["issues"][0]["sessionCount"] == 2
    assert (await other.get("/v1/sessions/s1/events"))["events"]
    assert objects(client) == ["s1", "s2"]


async def test_issues_are_counted_down_and_lose_what_is_gone(client: Client) -> None:
    for number in range(3):
        await client.ingest(f"s{number}", marker("a"), marker("b", replayOffsetMs=950), userId=f"u{number}")
    await client.ingest("only", marker(label="DELETE /api/cart -> 404", clusterKey="x"))
    (issue,) = (await client.get("/v1/issues"))["issues"]
    assert (issue["sessionCount"], issue["markerCount"], issue["userCount"]) == (3, 6, 3)
    await age("s0", "only", days=8)

    result = await clean(client)

    assert (result["deletedSessions"], result["deletedIssueClusters"]) == (2, 0)
    (issue,) = (await client.get("/v1/issues"))["issues"]
    assert (issue["sessionCount"], issue["markerCount"], issue["userCount"]) == (2, 4, 2)
    assert issue["representativeSessionId"] in {"s1", "s2"}
    detail = (await client.get(f"/v1/issues/{issue['key']}"))["issue"]
    assert sum(day["sessionCount"] for day in detail["daily"]) == 2
    assert sum(day["markerCount"] for day in detail["daily"]) == 4
    # The next session with this failure is the third again.
    await client.ingest("s9", marker("a"))
    assert (await client.get("/v1/issues"))["issues"][0]["sessionCount"] == 3


async def test_an_issue_that_nothing_supports_any_more_is_gone(client: Client) -> None:
    key = await client.issue()
    await Session.all().update(created_at=now() - timedelta(days=8))

    result = await clean(client)

    assert (result["deletedSessions"], result["deletedIssueClusters"]) == (2, 1)
    await client.get(f"/v1/issues/{key}", 404)
    # It comes back like any new one.
    assert await client.issue() == key


async def test_an_object_that_cannot_be_deleted_is_counted_and_tried_again(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = client.listening.server.runtime.storage
    deletes = storage.delete
    for name in ("s1", "s2"):
        await client.recorded(name, marker())
    await age("s1", "s2", days=8)

    async def stubborn(keys: Sequence[str]) -> Mapping[str, str]:
        await deletes([key for key in keys if "s2" in key])
        return {key: "it is stuck" for key in keys if "s1" in key}

    monkeypatch.setattr(storage, "delete", stubborn)
    first = await clean(client)
    monkeypatch.undo()

    assert (first["deletedSessions"], first["deletedEventObjects"], first["failedEventObjectDelete"]) == (2, 1, 1)
    stuck = await StoredObject.get(session_id="s1")
    assert (stuck.state, stuck.failures, stuck.last_error) == ("deleting", 1, "it is stuck")
    second = await clean(client)
    assert (second["deletedSessions"], second["deletedEventObjects"], second["failedEventObjectDelete"]) == (0, 1, 0)
    assert (objects(client), await StoredObject.all().count()) == ([], 0)


@pytest.mark.parametrize("trouble", [StorageUnavailable("no answer"), RuntimeError("a defect"), TimeoutError()])
async def test_a_storage_that_fails_altogether_fails_no_cleanup(
    client: Client, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    await client.recorded("s1", marker())
    await age("s1", days=8)

    async def fail(_: Sequence[str]) -> Mapping[str, str]:
        raise trouble

    monkeypatch.setattr(client.listening.server.runtime.storage, "delete", fail)
    first = await clean(client)
    monkeypatch.undo()

    assert (first["deletedSessions"], first["failedEventObjectDelete"]) == (1, 1)
    assert (await clean(client))["deletedEventObjects"] == 1


async def test_an_artifact_of_an_old_session_goes_with_it(make_client: MakeClient) -> None:
    client = await make_client(embedded_worker=False)
    await client.recorded("s1", marker())
    storage = client.listening.server.runtime.storage

    async def content() -> object:
        yield b"video"

    key = f"replay-artifacts/{DEFAULT}/s1/replay.mp4"
    await storage.put(key, content(), content_type="video/mp4")  # type: ignore[arg-type]
    result = {"projectId": DEFAULT, "sessionId": "s1", "artifactType": "replay_video", "artifactKey": key}
    await client.internal("/v1/internal/replay-results", result, 202)
    await age("s1", days=8)

    done = await clean(client)

    assert (done["deletedEventObjects"], done["deletedArtifactObjects"]) == (1, 1)
    assert await SessionArtifact.all().count() == 0
    assert list((client.listening.server.runtime.settings.data_dir / "objects").rglob("*.mp4")) == []


async def test_a_cleanup_goes_in_small_steps_and_lets_ingest_in_between(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleanup_module, "MOST", 2)
    for number in range(9):
        await client.recorded(f"s{number}", marker())
    await client.ingest("s-young", marker())
    await age(*(f"s{number}" for number in range(9)), days=8)
    steps: list[int] = []
    step = ExpiredSessions.step

    async def counted(self: ExpiredSessions, limit: int) -> int:
        steps.append(await step(self, limit))
        return steps[-1]

    monkeypatch.setattr(ExpiredSessions, "step", counted)
    result, *answers = await asyncio.gather(clean(client), *(client.ingest(f"n{n}", marker()) for n in range(5)))

    assert (max(steps), sum(steps)) == (2, 9)
    assert result["deletedSessions"] == 9
    assert len(answers) == 5
    assert (await client.get("/v1/issues"))["issues"][0]["sessionCount"] == 6


async def test_two_cleanups_at_once_remove_everything_once(client: Client) -> None:
    for number in range(20):
        await client.recorded(f"s{number}", marker())
    await age(*(f"s{number}" for number in range(20)), days=8)

    results = await asyncio.gather(*(clean(client) for _ in range(3)))

    assert sum(result["deletedSessions"] for result in results) == 20
    assert sum(result["deletedIssueClusters"] for result in results) == 1
    assert sum(result["failedEventObjectDelete"] for result in results) == 0
    assert (await left(client), objects(client), await StoredObject.all().count()) == (set(), [], 0)


async def test_a_cleanup_of_all_removes_what_is_done_and_told_long_ago(make_client: MakeClient) -> None:
    client = await make_client(embedded_worker=False, alert_sinks=("log",), alert_min_cluster_confidence=0.1)
    for name in ("s1", "s2"):
        await client.recorded(name, marker())
    await AlertDelivery.all().update(status="delivered", created_at=now() - timedelta(days=31))
    await Job.filter(queue="replay-jobs").update(status="done", finished_at=now() - timedelta(hours=25))
    await Job.filter(queue="analysis-jobs").update(status="failed", finished_at=now() - timedelta(days=300))

    await client.listening.server.cleanup.run_all()

    assert await AlertDelivery.all().count() == 0
    # Dead letters are the operator's to purge.
    assert {job.queue for job in await Job.all()} - {"alerts:log"} == {"analysis-jobs"}


async def test_the_log_of_alerts_is_kept_as_long_as_the_settings_say(make_client: MakeClient) -> None:
    client = await make_client(alert_keep_days=3)
    for number, (days, status, again) in enumerate(
        [(4, "delivered", 4), (4, "failed", 3), (4, "held_back", None), (4, "pending", None), (4, "failed", 1),
         (2, "delivered", 2)]
    ):  # fmt: skip
        # Before its delivery, which the server may forget at once.
        await AlertAttempt.create(
            delivery_id=f"dlv_{number}",
            project_id=DEFAULT,
            number=1,
            started_at=now(),
            duration_ms=1,
            outcome="delivered",
        )
        await AlertDelivery.create(
            id=f"dlv_{number}",
            alert_id="alert_1",
            project_id=DEFAULT,
            cluster_key="api_error:0",
            event="issue_cluster_promoted",
            sink="log",
            body={},
            status=status,
            created_at=now() - timedelta(days=days),
            finished_at=now() - timedelta(days=again, seconds=1) if again else None,
        )
    for sink, days in (("log", 4), ("chat", 2)):
        await AlertStorm.create(project_id=DEFAULT, sink=sink, began_at=now() - timedelta(days=days))

    await client.listening.server.cleanup.forget_alerts()

    async def left() -> bool:
        """One that waits, one that was sent again lately, and one that is young."""
        told = {one.id for one in await AlertDelivery.all()}, {one.delivery_id for one in await AlertAttempt.all()}
        return told == ({"dlv_3", "dlv_4", "dlv_5"},) * 2

    # The server forgets beside this, and what it has in hand is left to it.
    await eventually(left)
    assert [one.sink for one in await AlertStorm.all()] == ["chat"]


async def test_the_plan_says_what_a_cleanup_would_remove(client: Client) -> None:
    for name in ("old", "young"):
        await client.recorded(name, marker("a"), marker("b", replayOffsetMs=1))
    await client.upload("alone")
    await age("old", "alone", days=8)

    plan = await client.listening.server.cleanup.plan(DEFAULT)
    size = sum([one.size_bytes async for one in StoredObject.filter(session_id__in=["old", "alone"])])
    done = await clean(client)

    assert (plan.sessions, plan.markers, plan.objects, plan.bytes) == (1, 2, 2, size)
    assert (done["deletedSessions"], done["deletedEventObjects"]) == (plan.sessions, plan.objects)


async def test_what_comes_in_beside_a_cleanup_is_counted_exactly(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleanup_module, "MOST", 4)
    labels = ("POST /api/orders -> 500", "GET /api/cart -> 404", "PUT /api/profile -> 409")

    async def send(name: str, number: int) -> None:
        await client.ingest(f"{name}{number}", marker(label=labels[number % 3]), userId=f"u{number % 4}")

    await asyncio.gather(*(send("old", number) for number in range(40)))
    await age(*(f"old{number}" for number in range(40)), days=8)

    async def come_in() -> None:
        for start in range(0, 40, 5):
            await asyncio.gather(*(send("new", number) for number in range(start, start + 5)))

    result, _ = await asyncio.gather(clean(client), come_in())

    assert result["deletedSessions"] == 40
    for number, label in enumerate(labels):
        mine = [n for n in range(40) if n % 3 == number]
        (issue,) = [one for one in (await client.get("/v1/issues"))["issues"] if one["symptom"] == label]
        counted = (issue["sessionCount"], issue["markerCount"], issue["userCount"])
        assert counted == (len(mine), len(mine), len({n % 4 for n in mine}))
        daily = (await client.get(f"/v1/issues/{issue['key']}"))["issue"]["daily"]
        assert sum(day["sessionCount"] for day in daily) == len(mine)
    assert await ClusterUser.all().count() == 12
    assert sum(user.session_count for user in await ClusterUser.all()) == 40
