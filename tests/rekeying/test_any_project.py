"""Projects made up at random: a move does what the dry run said, however often it is killed, and once only."""

import random
from datetime import timedelta

import pytest

from retrospec.core.db import Database, transaction
from retrospec.issues.merging import merge
from retrospec.issues.models import IssueCluster
from retrospec.issues.removal import forget_unsupported
from retrospec.issues.schemas import MergeOrder, SplitOrder
from retrospec.issues.splitting import split
from retrospec.rekeying.dry_run import look_ahead
from retrospec.rekeying.plan import Plan
from retrospec.rekeying.report import forecast
from retrospec.rekeying.survey import LONG_AGO
from retrospec.sessions.models import ErrorMarker
from tests.issues.builders import MOMENT, PROJECT, assert_exact, assert_kinds_exact, expected
from tests.rekeying.conftest import Killed, Killing
from tests.rekeying.corpus import NEW, TARGET, as_hinted, everything, mover, places, settled, visit

OLDS = [f"{kind}:{letter * 16}" for kind in ("api_error", "js_exception") for letter in "abcde"]
NEWS = [f"{kind}:{digit * 16}" for kind in ("api_error", "js_exception") for digit in "12345"]
COUNTS = ("session_count", "user_count", "marker_count")
STATES = ("candidate", "open", "acknowledged", "resolved", "muted")


async def make_up(chance: random.Random) -> None:
    """A project of thirty sessions, with clusters that people have decided about, merged and split."""
    # A strategy sees to it that most of what was one is one again, and some is not.
    usual = {old: chance.choice([new for new in NEWS if new[0] == old[0]]) for old in OLDS}
    for number in range(30):
        hits = []
        for old in chance.choices(OLDS, k=chance.randint(1, 4)):
            others = [new for new in NEWS if new[0] == old[0]]
            hits.append((old, usual[old] if chance.random() < 0.7 else chance.choice(others)))
        await visit(f"s{number:02}", *hits, user=chance.choice(["", "u1", "u2", "u3"]), hours=number * 2.3 + 0.01)
    await settled()
    for cluster in await IssueCluster.filter(project_id=PROJECT):
        cluster.state, cluster.assignee = chance.choice(STATES), chance.choice(["", "Ada", "Ben"])
        if cluster.state == "candidate":
            cluster.promoted_at, cluster.promoted_session_count = None, 0
        if cluster.state == "muted":
            cluster.muted_until, cluster.muted_until_sessions = MOMENT + timedelta(days=1), cluster.session_count + 5
        await cluster.save()
    await by_people(chance)


async def by_people(chance: random.Random) -> None:
    """Two clusters are merged into another, and some sessions split off a fourth."""
    target, *sources, fourth = chance.sample([one.key for one in await IssueCluster.filter(project_id=PROJECT)], 4)
    await merge(PROJECT, MergeOrder(target, sources), 2)
    await IssueCluster.filter(project_id=PROJECT, key=fourth, state="candidate").update(
        state="open", promoted_at=MOMENT
    )
    visitors = await ErrorMarker.filter(cluster_key=fourth).distinct().values_list("session_id", flat=True)
    own = chance.choice([None, "api_error:" + "9" * 16])
    order = SplitOrder(sorted(str(one) for one in visitors)[: (len(visitors) + 1) // 2], own)
    await split(PROJECT, fourth, order, 2)
    async with transaction() as db:
        await forget_unsupported(db, PROJECT)


def foretold(plan: Plan, markers: list[ErrorMarker]) -> dict[str, str]:
    return {f"{one.session_id} {one.marker_id}": plan.target(one.cluster_key, one.hint) for one in markers}


@pytest.mark.parametrize("seed", range(4))
async def test_a_move_does_what_the_dry_run_said_and_a_second_one_nothing(database: Database, seed: int) -> None:
    await make_up(random.Random(seed))
    before = await everything()
    plan = await look_ahead(database, TARGET, as_hinted, LONG_AGO)
    said = forecast(plan, PROJECT, NEW, 2, days=7, min_sessions=2)
    expected = foretold(plan, await ErrorMarker.all())
    assert await everything() == before

    done = await mover(database).run()

    assert await places() == expected
    await assert_exact()
    clusters = await IssueCluster.filter(project_id=PROJECT)
    assert (said.clusters_after, said.markers_moved) == (len(clusters), done.markers_moved)
    assert said.issues_after == sum(one.state != "candidate" for one in clusters)
    moved = await everything()
    again = await mover(database).run()
    assert (again.clusters_moved, again.markers_moved) == (0, 0)
    assert await everything() == moved


@pytest.mark.parametrize("seed", range(3))
async def test_a_move_that_is_killed_again_and_again_ends_in_the_same_place(
    database: Database, killing: Killing, seed: int
) -> None:
    await make_up(random.Random(seed))
    expected = foretold(await look_ahead(database, TARGET, as_hinted, LONG_AGO), await ErrorMarker.all())

    killing.chance = random.Random(seed)
    while not await killed(database):
        await assert_counters_hold()

    assert killing.kills > 3
    assert await places() == expected
    await assert_exact()
    assert not await IssueCluster.filter(project_id=PROJECT, session_count=0).exists()


async def killed(database: Database) -> bool:
    """Whether it went to its end this time."""
    try:
        await mover(database).run()
    except Killed:
        return False
    return True


async def assert_counters_hold() -> None:
    """In the middle of a move all is counted exactly; a cluster that is leaving may be empty."""
    wanted = await expected(PROJECT)
    for cluster in await IssueCluster.filter(project_id=PROJECT):
        counts = wanted.pop(cluster.key, {"session_count": 0, "user_count": 0, "marker_count": 0})
        assert {name: getattr(cluster, name) for name in COUNTS} == {name: counts[name] for name in COUNTS}
    assert wanted == {}
    await assert_kinds_exact()
