"""Sessions and their failures, straight into the tables, with every counter derived from them."""

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from typing import Any

from retrospec.core.clock import now
from retrospec.issues.kinds import hour_of
from retrospec.issues.models import (
    ClusterAlias,
    ClusterDay,
    ClusterMember,
    ClusterUser,
    IssueActivity,
    IssueCluster,
    KindHour,
)
from retrospec.projects.models import DEFAULT_PROJECT_ID, Project
from retrospec.reports.models import SessionReportCard
from retrospec.sessions.models import ErrorMarker, Session

PROJECT = DEFAULT_PROJECT_ID
A, B, C = (f"api_error:{letter * 16}" for letter in "abc")
MOMENT = now().replace(microsecond=0)


def ago(**span: float) -> datetime:
    """A time before the tests began."""
    return MOMENT - timedelta(**span)


async def other_project(project_id: str = "proj_other") -> str:
    """A second project."""
    await Project.create(id=project_id, name="Other", site="other.example", created_at=MOMENT)
    return project_id


async def session(
    session_id: str,
    hits: dict[str, list[datetime]],
    *,
    user: str = "",
    recorded: bool = True,
    project_id: str = PROJECT,
) -> None:
    """Store a session with a marker at each of the times, by cluster key. Clusters are made by `settle`."""
    times = [time for cluster in hits.values() for time in cluster]
    await Session.create(
        project_id=project_id,
        session_id=session_id,
        site="shop.example",
        route="/checkout",
        started_at=min(times),
        duration_ms=1_000,
        events_object_key=f"session-events/{project_id}/{session_id}.json" if recorded else "",
        user_hash=user,
        created_at=MOMENT,
        updated_at=MOMENT,
    )
    for key, observed in hits.items():
        await _hit(project_id, session_id, key, observed, user)


async def _hit(project_id: str, session_id: str, key: str, observed: list[datetime], user: str) -> None:
    await ErrorMarker.bulk_create(
        ErrorMarker(
            project_id=project_id,
            session_id=session_id,
            marker_id=f"{key[:100]}-{number}",
            cluster_key=key,
            kind=key.partition(":")[0][:32],
            label=f"{key} in {session_id}",
            replay_offset_ms=number,
            observed_at=time,
            created_at=MOMENT,
        )
        for number, time in enumerate(observed)
    )
    await ClusterMember.create(
        project_id=project_id,
        cluster_key=key,
        session_id=session_id,
        user_hash=user,
        marker_count=len(observed),
        first_observed_at=min(observed),
        last_observed_at=max(observed),
    )
    if user:
        row, _ = await ClusterUser.get_or_create(
            project_id=project_id, cluster_key=key, user_hash=user, defaults={"session_count": 0}
        )
        row.session_count += 1
        await row.save()


async def settle(project_id: str = PROJECT, **fields: Any) -> None:
    """Make a promoted cluster of every key that has members and no cluster yet, with the counters that it must have."""
    known = {cluster.key for cluster in await IssueCluster.filter(project_id=project_id)}
    for key, counters in (await expected(project_id)).items():
        if key in known:
            continue
        days = counters.pop("days")
        for day, (markers, sessions) in days.items():
            await ClusterDay.create(
                project_id=project_id, cluster_key=key, day=day, marker_count=markers, session_count=sessions
            )
        defaults: dict[str, Any] = {
            "kind": key.partition(":")[0][:32],
            "symptom": f"symptom of {key}",
            "strategy": "fingerprint",
            "strategy_version": 2,
            "state": "open",
            "promoted_at": MOMENT,
            "promoted_session_count": counters["session_count"],
            "created_at": MOMENT,
        }
        await IssueCluster.create(project_id=project_id, key=key, **(counters | defaults | fields))
    await KindHour.filter(project_id=project_id).delete()
    for (hour, kind), (markers, sessions, clusters, last) in (await expected_kinds(project_id)).items():
        await KindHour.create(
            project_id=project_id,
            hour=hour,
            kind=kind,
            marker_count=markers,
            session_count=sessions,
            cluster_count=clusters,
            last_seen_at=last or MOMENT,
        )


async def issue(key: str, *, project_id: str = PROJECT, sessions: int = 2, **fields: Any) -> IssueCluster:
    """An issue that some sessions hit, one marker each, an hour apart, the latest about an hour ago."""
    for number in range(sessions):
        # No two issues at the same time: which session is the latest would be open.
        time = ago(hours=sessions - number, seconds=ord(key[-1]))
        await session(f"{key[:100]}-s{number}", {key: [time]}, project_id=project_id)
    await settle(project_id, **fields)
    return await IssueCluster.get(project_id=project_id, key=key)


async def card(session_id: str, status: str, confidence: float, project_id: str = PROJECT) -> None:
    """A session's report card."""
    await SessionReportCard.create(
        id=f"card_{session_id}",
        project_id=project_id,
        session_id=session_id,
        status=status,
        symptom=f"report of {session_id}",
        confidence=confidence,
        generated_at=MOMENT,
        created_at=MOMENT,
        updated_at=MOMENT,
    )
    listed = {"report_status": status, "report_confidence": confidence, "report_symptom": f"report of {session_id}"}
    await Session.filter(project_id=project_id, session_id=session_id).update(**listed)


async def expected(project_id: str = PROJECT) -> dict[str, dict[str, Any]]:
    """The counters that the markers and sessions of a project call for, by cluster key."""
    markers: defaultdict[str, list[ErrorMarker]] = defaultdict(list)
    for marker in await ErrorMarker.filter(project_id=project_id):
        markers[marker.cluster_key].append(marker)
    sessions = {row.session_id: row for row in await Session.filter(project_id=project_id)}
    return {key: _counters(rows, sessions) for key, rows in markers.items()}


KindHours = dict[tuple[int, str], tuple[int, int, int, datetime | None]]


async def expected_kinds(project_id: str = PROJECT) -> KindHours:
    """Markers, sessions, clusters and the latest marker, by hour and kind, that markers and clusters call for."""
    markers, last = await ErrorMarker.filter(project_id=project_id).order_by("observed_at"), {}
    for marker in markers:
        last[marker.session_id, marker.kind] = marker.observed_at
    seen = [(c.last_seen_at, c.kind) for c in await IssueCluster.filter(project_id=project_id, session_count__gt=0)]
    counts = [
        Counter((hour_of(marker.observed_at), marker.kind) for marker in markers),
        Counter((hour_of(time), kind) for (_, kind), time in last.items()),
        Counter((hour_of(time), kind) for time, kind in seen),
    ]
    latest = {(hour_of(marker.observed_at), marker.kind): marker.observed_at for marker in markers}
    return {key: (counts[0][key], counts[1][key], counts[2][key], latest.get(key)) for count in counts for key in count}


async def assert_kinds_exact(project_id: str = PROJECT) -> None:
    """The counts by hour and kind are what markers and clusters call for; of what was removed a time may be left."""
    stored = {(row.hour, row.kind): row for row in await KindHour.filter(project_id=project_id)}
    expected = await expected_kinds(project_id)
    counts = {key: (row.marker_count, row.session_count, row.cluster_count) for key, row in stored.items()}
    assert {key: row for key, row in counts.items() if any(row)} == {key: row[:3] for key, row in expected.items()}
    for key, (*_, last_seen) in expected.items():
        assert last_seen is None or last_seen <= stored[key].last_seen_at < last_seen + timedelta(hours=1)


def _counters(markers: list[ErrorMarker], sessions: dict[str, Session]) -> dict[str, Any]:
    first: dict[str, datetime] = {}
    last: dict[str, datetime] = {}
    for marker in sorted(markers, key=lambda marker: marker.observed_at):
        first.setdefault(marker.session_id, marker.observed_at)
        last[marker.session_id] = marker.observed_at
    by_day = Counter(marker.observed_at.date() for marker in markers)
    begun = Counter(time.date() for time in first.values())
    days: dict[date, tuple[int, int]] = {day: (count, begun[day]) for day, count in by_day.items()}
    latest = max(last, key=lambda session_id: (bool(sessions[session_id].events_object_key), last[session_id]))
    return {
        "session_count": len(first),
        "user_count": len({sessions[session_id].user_hash for session_id in first} - {""}),
        "marker_count": len(markers),
        "representative_session_id": latest,
        "first_seen_at": min(first.values()),
        "last_seen_at": max(last.values()),
        "days": days,
    }


async def assert_exact(project_id: str = PROJECT, *, empty: tuple[str, ...] = ()) -> None:
    """Every counter, member, user and day is what the markers call for, and there is no row without a cluster.

    Args:
        project_id: Whose.
        empty: Clusters that may be there without markers.
    """
    wanted = await expected(project_id)
    clusters = await IssueCluster.filter(project_id=project_id).exclude(key__in=[*empty, ""])
    days: defaultdict[str, dict[date, tuple[int, int]]] = defaultdict(dict)
    for day in await ClusterDay.filter(project_id=project_id):
        days[day.cluster_key][day.day] = (day.marker_count, day.session_count)
    counted = {
        cluster.key: {name: getattr(cluster, name) for name in _COUNTERS} | {"days": days.get(cluster.key)}
        for cluster in clusters
    }
    assert counted == wanted
    members = await ClusterMember.filter(project_id=project_id).values_list("cluster_key", "session_id", "marker_count")
    by_user = Counter((row.cluster_key, row.user_hash) for row in await ClusterMember.filter(project_id=project_id))
    users = await ClusterUser.filter(project_id=project_id).values_list("cluster_key", "user_hash", "session_count")
    assert {(key, user): count for key, user, count in users} == {ref: by_user[ref] for ref in by_user if ref[1]}
    per_session = Counter((row.cluster_key, row.session_id) for row in await ErrorMarker.filter(project_id=project_id))
    assert {(key, session_id): count for key, session_id, count in members} == dict(per_session)
    keys = set(wanted) | set(empty)
    assert days.keys() <= wanted.keys()
    assert set(await ClusterAlias.filter(project_id=project_id).values_list("target_key", flat=True)) <= keys
    assert set(await IssueActivity.filter(project_id=project_id).values_list("cluster_key", flat=True)) <= keys
    await assert_kinds_exact(project_id)


_COUNTERS = (
    "session_count",
    "user_count",
    "marker_count",
    "representative_session_id",
    "first_seen_at",
    "last_seen_at",
)


async def happened(key: str, project_id: str = PROJECT) -> list[str]:
    """The kinds of an issue's activities, oldest first."""
    found = IssueActivity.filter(project_id=project_id, cluster_key=key).order_by("created_at", "uid")
    return [row.kind for row in await found]
