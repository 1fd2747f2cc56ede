"""What a move makes of clusters, and of all that people have decided about them."""

import asyncio
import random
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from retrospec.alerts.models import AlertDelivery
from retrospec.core.db import Database, transaction
from retrospec.issues.lookup import find_issue
from retrospec.issues.membership import aliases_of
from retrospec.issues.merging import merge
from retrospec.issues.models import ClusterAlias, ClusteringMove, IssueActivity
from retrospec.issues.promotion import promote
from retrospec.issues.schemas import MergeOrder, SplitOrder
from retrospec.issues.splitting import split
from retrospec.projects.models import Project
from retrospec.rekeying.lease import MoveRefused
from retrospec.sessions.models import ErrorMarker
from tests.issues.builders import MOMENT, PROJECT, A, B, C, ago, assert_exact, happened
from tests.rekeying.conftest import Killed, Killing
from tests.rekeying.corpus import (
    OLD,
    TARGET,
    U,
    V,
    W,
    as_hinted,
    as_labelled,
    links,
    mover,
    places,
    rekey,
    standing,
    visit,
    visits,
)


async def test_a_cluster_gets_its_new_key_and_stays_what_it_was(database: Database) -> None:
    await visits(A, U, 3, state="muted", assignee="Ada", state_note="known", muted_until=MOMENT + timedelta(days=1))
    before = await standing(A)

    done = await rekey(database)

    after = await standing(U)
    kept = ("symptom", "state", "assignee", "state_note", "muted_until", "promoted_at", "created_at", "first_seen_at")
    assert {name: getattr(after, name) for name in kept} == {name: getattr(before, name) for name in kept}
    assert (after.strategy, after.strategy_version) == ("fingerprint", 2)
    assert await links() == {A: U}
    assert await happened(U) == ["rekeyed"]
    assert (done.clusters_moved, done.markers_moved) == (1, 3)
    assert (await Project.get(id=PROJECT)).clustering_strategy == "fingerprint"
    await assert_exact()


async def test_several_become_one_and_the_most_alive_state_holds(database: Database) -> None:
    await visits(A, U, 4, state="resolved", assignee="Ada", state_note="fixed")
    await visits(B, U, 3, state="acknowledged", assignee="Ben", state_note="looking")
    await visits(C, U, 2, state="muted", assignee="Cem", muted_until=MOMENT + timedelta(days=1))

    await rekey(database)

    one = await standing(U)
    assert (one.state, one.state_note, one.muted_until) == ("acknowledged", "looking", None)
    assert one.assignee == "Ada"
    assert (one.session_count, one.promoted_session_count, one.regressed) == (9, 9, False)
    assert await links() == {A: U, B: U, C: U}
    await assert_exact()


async def test_one_becomes_several_and_each_takes_over_its_state(database: Database) -> None:
    for number in range(3):
        await visit(f"s{number}", (A, U), (A, V), user="u1", hours=number + 1)
    await visits(A, U, 2, state="resolved", assignee="Ada")

    await rekey(database)

    parts = [await standing(key) for key in (U, V)]
    assert [(one.state, one.assignee, one.session_count) for one in parts] == [
        ("resolved", "Ada", 5),
        ("resolved", "Ada", 3),
    ]
    assert await links() == {A: U}
    assert [activity.metadata["from"] for activity in await IssueActivity.all()] == [A, A]
    await assert_exact()


async def test_what_people_have_merged_stays_merged_under_the_new_keys(database: Database) -> None:
    await visits(A, U, 3)
    await visits(B, V, 2)
    await merge(PROJECT, MergeOrder(A, [B]), 2)

    await rekey(database)

    assert (await standing(U)).session_count == 5
    # What comes with either key, of this strategy or the former, joins them.
    assert await leads(A, B, V) == {A: U, B: U, V: U}
    await assert_exact()


async def test_what_people_merge_meanwhile_stays_merged_too(database: Database) -> None:
    await visits(A, U, 3)
    await visits(B, V, 2)
    merged: list[object] = []

    async def meanwhile() -> None:
        if not merged:
            merged.append(await merge(PROJECT, MergeOrder(A, [B]), 2))

    await mover(database, learnt=meanwhile).run()

    assert (await standing(U)).session_count == 5
    assert await leads(A, B, V) == {A: U, B: U, V: U}
    await assert_exact()


async def test_a_few_strays_in_what_was_merged_take_nobody_elses_cluster_along(database: Database) -> None:
    await visits(A, U, 3)
    await visits(B, V, 2)
    await visits(C, W, 5)
    await visits(B, W, 1, name="stray")
    await merge(PROJECT, MergeOrder(A, [B]), 2)

    await rekey(database)

    assert {key: (await standing(key)).session_count for key in (U, W)} == {U: 6, W: 5}
    assert await leads(V, W) == {V: U}


async def test_what_people_have_split_off_keeps_its_cluster(database: Database) -> None:
    await visits(A, U, 4)
    named = "api_error:" + "f" * 16
    await split(PROJECT, A, SplitOrder(["aa1-0", "a1-0"], named), 2)
    made_up = (await split(PROJECT, A, SplitOrder(["a1-1"]), 2)).new_cluster_key

    await rekey(database)

    sessions = {key: (await standing(key)).session_count for key in (U, named, made_up)}
    assert sessions == {U: 2, named: 1, made_up: 1}
    assert await leads(named, made_up, U) == {}
    await assert_exact()


async def test_there_and_back_again(database: Database) -> None:
    """A strategy that merges and one that splits: the marker's hint and its label."""
    for number, cluster in enumerate((A, B, C)):
        await visits(cluster, U, number + 1, state="acknowledged", assignee="Ada")
    await ErrorMarker.filter(cluster_key=A).update(label=A)
    await ErrorMarker.filter(cluster_key=B).update(label=B)
    await ErrorMarker.filter(cluster_key=C).update(label=C)
    before = await places()
    await rekey(database)

    await mover(database, msgspec.structs.replace(TARGET, strategy=OLD, version=1), key=as_labelled).run()

    assert await places() == before
    parts = [await standing(key) for key in (A, B, C)]
    assert {(one.state, one.assignee, one.strategy) for one in parts} == {("acknowledged", "Ada", OLD)}
    assert await leads(A, B, C, U) == {U: C}
    await assert_exact()


async def test_alerts_and_what_has_happened_follow_the_issue(database: Database) -> None:
    await visits(A, U, 2)
    await IssueActivity.create(id="act_1", project_id=PROJECT, cluster_key=A, kind="true_positive", created_at=MOMENT)
    await AlertDelivery.create(
        id="dlv_1",
        alert_id="alert_1",
        project_id=PROJECT,
        cluster_key=A,
        event="issue_cluster_promoted",
        sink="log",
        body={},
        status="delivered",
        created_at=MOMENT,
    )

    await rekey(database)

    assert (await AlertDelivery.get()).cluster_key == U
    assert sorted(await happened(U)) == ["rekeyed", "true_positive"]


async def test_candidates_that_are_an_issue_together_become_one_and_no_promotion_tells_of_it(
    database: Database,
) -> None:
    candidate: dict[str, Any] = {"state": "candidate", "promoted_at": None, "promoted_session_count": 0}
    await visits(A, U, 1, **candidate)
    await visits(B, U, 1, **candidate)
    await visits(C, V, 1, **candidate)

    await rekey(database)

    assert [(await standing(key)).state for key in (U, V)] == ["open", "candidate"]
    async with transaction() as db:
        assert await promote(db, project_id=PROJECT, min_sessions=2, now=MOMENT) == []


async def test_a_mute_ends_after_as_many_more_sessions_as_before(database: Database) -> None:
    await visits(A, U, 3, state="muted", muted_until_sessions=7)
    await visits(B, U, 2, state="resolved")

    await rekey(database)

    one = await standing(U)
    assert (one.state, one.session_count, one.muted_until_sessions) == ("muted", 5, 9)


async def test_what_was_seen_long_before_anything_that_is_kept_is_known_on(database: Database) -> None:
    await visits(A, U, 2, first_seen_at=ago(days=90))

    await rekey(database)

    assert (await standing(U)).first_seen_at == ago(days=90)


async def test_a_project_is_moved_by_one_command_at_a_time(database: Database) -> None:
    await visits(A, U, 2)
    first = asyncio.create_task(mover(database, settle=2).run())
    while not await ClusteringMove.exists():
        await asyncio.sleep(0)

    with pytest.raises(MoveRefused, match="another command is moving proj_default to fingerprint"):
        await mover(database, patience=1.5).run()

    assert (await first).clusters_moved == 1


async def test_an_unfinished_move_elsewhere_is_given_up_only_when_asked_to(
    database: Database, killing: Killing
) -> None:
    await visits(A, U, 3)
    await visits(B, V, 3)
    await ErrorMarker.filter(cluster_key__in=[A, B]).update(label=W)
    killing.chance = random.Random(6)
    with pytest.raises(Killed):
        await rekey(database)
    killing.chance = None
    elsewhere = mover(database, msgspec.structs.replace(TARGET, strategy="template", version=1), key=as_labelled)

    with pytest.raises(MoveRefused, match="to fingerprint version 2 is unfinished"):
        await elsewhere.run()
    done = await elsewhere.run(restart=True, former_key=lambda _: as_hinted)

    assert done.strategy == "template"
    assert set((await places()).values()) == {W}
    assert (await leads(A, B)) == {A: W, B: W}
    await assert_exact()


async def test_an_old_key_leads_markers_on_for_an_hour_and_links_for_ever(database: Database) -> None:
    await visits(A, U, 2)
    await rekey(database)
    await ClusterAlias.all().update(created_at=ago(hours=2))

    aliases, _ = await aliases_of(database.connection, [(PROJECT, A)], ago(hours=1))

    assert aliases == {}
    async with transaction() as db:
        assert (await find_issue(PROJECT, A, lock=db)).key == U


async def leads(*keys: str) -> dict[str, str]:
    """Where markers of some keys go that arrive now."""
    async with transaction() as db:
        aliases, _ = await aliases_of(db, [(PROJECT, key) for key in keys])
    return {source: target for (_, source), target in aliases.items()}
