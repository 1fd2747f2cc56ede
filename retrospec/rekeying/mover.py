"""Moving a project to another clustering strategy, while servers take sessions in.

First, keys that are to come are led to the clusters that their failures are in now, so that a server that uses the new
strategy already raises nothing as new. Then the project is switched, and its clusters go one by one, the issues first.
At the end all is looked through again: for a few seconds some servers went on with the former strategy.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import timedelta

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.clock import now
from retrospec.core.db import Database, Statement, transact
from retrospec.issues.membership import lock_clusters
from retrospec.issues.recount import key_rows
from retrospec.maintenance.pace import Pace
from retrospec.rekeying.clusters import read_clusters
from retrospec.rekeying.departure import Departure
from retrospec.rekeying.handover import AT_ONCE, forget_ways, lead
from retrospec.rekeying.lease import Found, Lease, MoveRefused, Progress, check_idle
from retrospec.rekeying.plan import Move, Plan, draw_up, merged_now, on_their_way
from retrospec.rekeying.portion import Place, read_portion, read_sample
from retrospec.rekeying.step import Target
from retrospec.rekeying.survey import LONG_AGO, Keyer, Walk

# Servers have heard of a project's strategy after five seconds; a session that was keyed before may wait for its batch.
SETTLE_SECONDS = 10.0
# Whoever moves a project gives a sign of life each second, but for one that rests for two after a step.
PATIENCE_SECONDS = 5.0
# Sessions in one step: its transaction holds up the project's ingest.
_LEAST, _MOST = 25, 200

_SWITCH = Statement("UPDATE projects SET clustering_strategy = $2 WHERE id = $1")
_MARK = Statement("""
    UPDATE issue_clusters SET strategy = $2, strategy_version = $3
    WHERE project_id = $1 AND key IN (SELECT r.key FROM @rows($4: key text))
""")


class Rekeyed(msgspec.Struct, rename="camel"):
    """What a move has done, by this command and those that were interrupted."""

    project_id: str
    strategy: str
    strategy_version: int
    clusters_moved: int
    markers_moved: int
    sessions_moved: int
    longest_step_ms: int


async def _nothing() -> None:
    """Where no strategy learns."""


class Mover:
    """Moves one project."""

    def __init__(
        self,
        database: Database,
        target: Target,
        key: Keyer,
        *,
        switched: bool,
        learnt: Callable[[], Awaitable[None]] = _nothing,
        told: Callable[[Progress, int], None] = lambda _progress, _left: None,
        settle: float = SETTLE_SECONDS,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        """Take in what is to be done.

        Args:
            database: Where ingest is seen.
            target: Where to.
            key: The strategy, with what the project says before it.
            switched: Servers use the strategy for the project already.
            learnt: Called before servers use a strategy that may have learnt something, so that they know it too.
            told: Called after each step with how far it has come, and how many clusters are left of this round.
            settle: Seconds after which no server uses the former strategy any more.
            patience: As of `check_idle`.
        """
        self._database = database
        self._target = target
        self._project_id = target.project_id
        self._key = key
        self._switched = switched
        self._learnt = learnt
        self._told = told
        self._settle = timedelta(seconds=settle)
        self._patience = patience
        self._longest = 0.0

    async def run(self, *, restart: bool = False, former_key: Callable[[str], Keyer] | None = None) -> Rekeyed:
        """Move the project, or go on where another command was interrupted.

        Args:
            restart: Give up an unfinished move to another strategy.
            former_key: That strategy by its name: the cluster that it had in hand is brought to an end first.

        Raises:
            MoveRefused: Another command is moving it, or was on its way to another strategy.
        """
        target = self._target
        former = await check_idle(self._project_id, self._patience)
        if former and former.running and (former.strategy, former.version) != (target.strategy, target.version):
            if not restart or former_key is None:
                raise MoveRefused(
                    f"a move of {self._project_id} to {former.strategy} version {former.version} is unfinished: "
                    "go on with it, or give it up with --restart"
                )
            former = await self._give_up(former, former_key(former.strategy))
        progress = former.progress if former and former.running else Progress()
        lease = await Lease.take(self._project_id, target.strategy, target.version, progress, former)
        await self._move(lease)
        done = lease.progress
        return Rekeyed(
            project_id=self._project_id,
            strategy=target.strategy,
            strategy_version=target.version,
            clusters_moved=done.clusters,
            markers_moved=done.markers,
            sessions_moved=done.sessions,
            longest_step_ms=round(self._longest * 1000),
        )

    async def _give_up(self, former: Found, key: Keyer) -> Found | None:
        """Bring the cluster to an end that an unfinished move has in hand, and leave all others."""
        if former.progress.leaving:
            lease = await Lease.take(self._project_id, former.strategy, former.version, former.progress, former)
            plan = await self._plan(lease, key, former.strategy, former.version)
            await self._depart(lease, plan, [], key)
        found = await check_idle(self._project_id, 0)
        # It begins anew, with another strategy to switch to.
        return found and msgspec.structs.replace(found, progress=Progress())

    async def _move(self, lease: Lease) -> None:
        target = self._target
        while True:
            plan = await self._plan(lease, self._key, target.strategy, target.version)
            await self._learnt()
            await self._announce(plan)
            await self._switch(lease)
            await self._depart(lease, plan, plan.moves, self._key)
            await self._mark(plan)
            if not plan.moves and await self._settled(lease):
                break
        while not await transact(lambda db: forget_ways(db, self._project_id)):
            await lease.beat()
        await lease.end()

    async def _plan(self, lease: Lease, key: Keyer, strategy: str, version: int) -> Plan:
        walk = Walk(self._project_id, key)
        while await walk.step(self._database.connection):
            await lease.beat()
        clusters = await read_clusters(
            self._database.connection, self._project_id, strategy, version, lease.progress.leaving
        )
        return draw_up(walk.survey, clusters)

    async def _announce(self, plan: Plan) -> None:
        """Before anybody uses the new keys, or uses them on."""
        for kind, links in (("new", on_their_way(plan)), ("merge", merged_now(plan))):
            for some in _batches(links):
                await self._lead(some, kind)

    async def _lead(self, links: Sequence[tuple[str, str]], kind: str) -> None:
        async def work(db: BaseDBAsyncClient) -> None:
            await lead(db, self._project_id, links, kind, now())

        await transact(work)

    async def _switch(self, lease: Lease) -> None:
        if lease.progress.switched_at is not None:
            return
        switched_at = LONG_AGO if self._switched else now()

        async def work(db: BaseDBAsyncClient) -> None:
            await _SWITCH.run(db, self._project_id, self._target.strategy)

        await transact(work)
        await lease.save(msgspec.structs.replace(lease.progress, switched_at=switched_at))

    async def _depart(self, lease: Lease, plan: Plan, moves: Sequence[Move], key: Keyer) -> None:
        """Move one cluster after the other, and the one first that was in hand when a command was interrupted."""
        interrupted = lease.progress.leaving.key if lease.progress.leaving else ""
        first = [move for move in plan.moves if move.source.key == interrupted]
        if interrupted and not first:
            await Departure(lease, self._target, plan, None).finish()
        moves = [*first, *(move for move in moves if move.source.key != interrupted)]
        pace = Pace(self._database, least=_LEAST, most=_MOST)
        for number, move in enumerate(moves):
            await self._carry_out(Departure(lease, self._target, plan, move), move, pace, key)
            self._told(lease.progress, len(moves) - number - 1)

    async def _carry_out(self, departure: Departure, move: Move, pace: Pace, key: Keyer) -> None:
        db, cluster, place, done = self._database.connection, move.source.key, Place(), False
        if move.sample:
            sample = await read_sample(db, self._project_id, cluster, key, move.sample)
            await departure.step(sample)
        while not done:
            async with pace.step() as size:
                portion = await read_portion(db, self._project_id, cluster, key, place, size)
                if portion is None:
                    # What has come meanwhile may stand before this place.
                    place, done = Place(), await departure.finish()
                else:
                    place = portion.end
                    await departure.step(portion)
            self._longest = max(self._longest, departure.longest)

    async def _mark(self, plan: Plan) -> None:
        """Clusters that stay are of the new strategy from now on."""
        moved = {move.source.key for move in plan.moves}
        stay = [key for key, cluster in plan.clusters.items() if not cluster.current and key not in moved]
        for some in _batches(dict.fromkeys(sorted(stay), "")):
            keys = [key for key, _ in some]

            async def work(db: BaseDBAsyncClient, keys: Sequence[str] = keys) -> None:
                await lock_clusters(db, [(self._project_id, key) for key in keys])
                await _MARK.run(db, self._project_id, self._target.strategy, self._target.version, key_rows(keys))

            await transact(work)

    async def _settled(self, lease: Lease) -> bool:
        """Wait until no server uses the former strategy any more, and say whether that was so already."""
        switched_at, waited = lease.progress.switched_at or now(), False
        while now() < switched_at + self._settle:
            waited = True
            await asyncio.sleep(0.2)
            await lease.beat()
        return not waited


def _batches(links: Mapping[str, str]) -> Iterator[list[tuple[str, str]]]:
    items = sorted(links.items())
    for at in range(0, len(items), AT_ONCE):
        yield items[at : at + AT_ONCE]
