"""Sessions leave their clusters, and clusters that nothing supports leave the project."""

import random
from collections.abc import Iterator, Sequence
from datetime import datetime

import pytest

from retrospec.core.db import transaction
from retrospec.issues import merging, splitting
from retrospec.issues.lifecycle import count_in
from retrospec.issues.membership import Membership, write_members
from retrospec.issues.models import ClusterAlias, ClusterDay, ClusterUser, IssueActivity, IssueCluster
from retrospec.issues.recount import lock_project, recount
from retrospec.issues.removal import count_out, forget_unsupported, leave_clusters
from retrospec.issues.schemas import MergeOrder, SplitOrder
from retrospec.sessions.models import ErrorMarker, Session
from tests.issues.builders import PROJECT, A, B, C, ago, assert_exact, issue, other_project, session, settle

pytestmark = pytest.mark.usefixtures("database")


async def remove(*session_ids: str, project_id: str = PROJECT) -> int:
    async with transaction() as db:
        leaving = await leave_clusters(db, project_id, session_ids)
        for model in (ErrorMarker, Session):
            await model.filter(project_id=project_id, session_id__in=session_ids).using_db(db).delete()
        return await count_out(db, project_id, leaving)


async def test_counters_follow_the_sessions_that_go() -> None:
    await session("s1", {A: [ago(days=3), ago(days=1)], B: [ago(days=3)]}, user="u1")
    await session("s2", {A: [ago(days=2)]}, user="u1")
    await session("s3", {A: [ago(hours=1)]}, user="u2")
    await session("s4", {B: [ago(hours=2)]}, recorded=False)
    await settle()

    assert await remove("s3", "s1", "unknown") == 0

    cluster = await IssueCluster.get(key=A)
    assert (cluster.session_count, cluster.user_count, cluster.marker_count) == (1, 1, 1)
    assert (cluster.last_seen_at, cluster.representative_session_id) == (ago(days=2), "s2")
    # The first sighting is history, whether or not its session is still kept.
    assert cluster.first_seen_at == ago(days=3)
    await IssueCluster.all().update(first_seen_at=ago(days=2))
    await IssueCluster.filter(key=B).update(first_seen_at=ago(hours=2))
    await assert_exact()


async def test_a_cluster_without_sessions_goes_with_all_that_hangs_on_it() -> None:
    await issue(A, sessions=1)
    await issue(B, sessions=1, state="candidate", promoted_at=None)
    await issue(C, sessions=1)
    await session("named", {A: [ago(hours=1)]}, user="u")
    await merging.merge(PROJECT, MergeOrder(A, [C]), 2)

    assert await remove("named", f"{A}-s0", f"{B}-s0", f"{C}-s0") == 1

    for model in (IssueCluster, ClusterDay, ClusterUser, ClusterAlias, IssueActivity):
        assert not await model.exists(), model


async def test_another_projects_sessions_of_the_same_ids_stay() -> None:
    other = await other_project()
    await issue(A)
    await issue(A, project_id=other)

    assert await remove(f"{A}-s0", f"{A}-s1", project_id=other) == 1

    assert await IssueCluster.all().count() == 1
    await assert_exact()


async def test_a_removal_looks_neither_like_news_nor_like_silence() -> None:
    await issue(A, sessions=4, promoted_session_count=3, muted_until_sessions=9)

    await remove(f"{A}-s1", f"{A}-s2")

    cluster = await IssueCluster.get(key=A)
    # Still one session that no promotion has seen, and five to go until the mute ends.
    assert (cluster.session_count, cluster.promoted_session_count, cluster.muted_until_sessions) == (2, 1, 7)


async def test_a_session_without_recording_stands_for_the_cluster_only_when_none_has_one() -> None:
    await session("old", {A: [ago(days=2)]})
    await session("bare", {A: [ago(hours=2)]}, recorded=False)
    await session("new", {A: [ago(hours=1)]})
    await settle()

    await remove("new")
    assert (await IssueCluster.get(key=A)).representative_session_id == "old"

    await remove("old")
    assert (await IssueCluster.get(key=A)).representative_session_id == "bare"


async def test_an_issue_that_a_split_has_emptied_goes_with_the_next_cleanup() -> None:
    await issue(A, sessions=1)
    await issue(B)
    await splitting.split(PROJECT, A, SplitOrder([f"{A}-s0"], "moved"), 2)

    async with transaction() as db:
        assert await forget_unsupported(db, PROJECT) == 1
        assert await forget_unsupported(db, PROJECT) == 0

    assert {cluster.key for cluster in await IssueCluster.all()} == {B, "moved"}
    await assert_exact()


async def test_a_recount_repairs_counters_that_are_wrong() -> None:
    await session("s1", {A: [ago(days=3), ago(days=1)]}, user="u1")
    await session("s2", {A: [ago(days=2)]}, recorded=False)
    await settle()
    await IssueCluster.all().update(
        session_count=9,
        user_count=9,
        marker_count=9,
        representative_session_id="x",
        last_seen_at=ago(days=9),
        first_seen_at=ago(days=1),
    )
    await ClusterDay.all().update(session_count=9)

    async with transaction() as db:
        await lock_project(db, PROJECT)
        await recount(db, PROJECT, [A, "unknown"])

    await assert_exact()


@pytest.mark.parametrize("seed", range(4))
async def test_counters_stay_exact_over_any_merges_splits_and_removals(seed: int) -> None:
    chance = random.Random(seed)
    keys = [f"api_error:{number}" for number in range(5)]
    minutes = iter(chance.sample(range(14 * 1440), 200))
    for number in range(24):
        hits = {key: _times(minutes, chance) for key in chance.sample(keys, chance.randint(1, 3))}
        await session(f"s{number}", hits, user=chance.choice(["", "u1", "u2", "u3"]), recorded=chance.random() < 0.7)
    await settle()

    for step in range(8):
        await _step(step, chance)
        known = {cluster.key: cluster.first_seen_at for cluster in await IssueCluster.all()}
        # What was first seen in a removed session keeps that time.
        for key, time in {marker.cluster_key: marker.observed_at for marker in await _newest_first()}.items():
            assert known[key] <= time
            await IssueCluster.filter(key=key).update(first_seen_at=time)
        emptied = [cluster.key for cluster in await IssueCluster.filter(session_count=0)]
        await assert_exact(empty=tuple(emptied))


async def _newest_first() -> Sequence[ErrorMarker]:
    return await ErrorMarker.all().order_by("-observed_at")


def _times(minutes: Iterator[int], chance: random.Random) -> list[datetime]:
    return [ago(minutes=next(minutes)) for _ in range(chance.randint(1, 2))]


async def _step(step: int, chance: random.Random) -> None:
    clusters = [cluster.key for cluster in await IssueCluster.filter(session_count__gt=0).order_by("uid")]
    sessions = [row.session_id for row in await Session.all().order_by("uid")]
    if step % 4 == 0 and len(clusters) > 1:
        target, *sources = chance.sample(clusters, 2)
        await merging.merge(PROJECT, MergeOrder(target, sources), 2)
    elif step % 4 == 1:
        marker = chance.choice(await ErrorMarker.all().order_by("uid"))
        named = [marker.session_id, *chance.sample(sessions, 4)]
        await splitting.split(PROJECT, marker.cluster_key, SplitOrder(named, f"split-{step}"), 2)
    else:
        await remove(*chance.sample(sessions, 4))


async def test_a_cluster_that_a_cleanup_deletes_while_a_batch_waits_for_it_is_made_again() -> None:
    """The batch has looked and found it, so it counts it among those that are there."""
    at = ago(hours=1)
    member = Membership(
        project_id=PROJECT,
        cluster_key=A,
        session_id="s1",
        kind="api_error",
        marker_count=2,
        before=0,
        user_hash="u1",
        first_observed_at=at,
        first_before=None,
        last_observed_at=at,
        days={at.date(): 2},
        symptom="it fails",
        has_recording=True,
        strategy="fingerprint",
        strategy_version=1,
    )
    async with transaction() as db:
        changes = await write_members(db, [member], {})
        seen = await count_in(db, changes, [member], [], unborn=set(), min_sessions=1, now=at)

    cluster = await IssueCluster.get(project_id=PROJECT, key=A)
    assert (cluster.session_count, cluster.marker_count, cluster.user_count, cluster.state) == (1, 2, 1, "open")
    assert seen[PROJECT, A].promoted
