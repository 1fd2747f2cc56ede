"""A cluster on its way: its steps, each a transaction with a note of how far it has come, and its end."""

from collections.abc import Awaitable, Callable
from copy import deepcopy
from datetime import datetime
from time import perf_counter

from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.clock import now
from retrospec.core.db import Statement, read_time, transact
from retrospec.issues.membership import Cluster, lock_clusters, update_clusters
from retrospec.issues.recount import lock_project
from retrospec.rekeying.handover import hand_over, lead
from retrospec.rekeying.lease import Lease, Leaving, Progress
from retrospec.rekeying.plan import Move, Plan
from retrospec.rekeying.portion import Portion
from retrospec.rekeying.step import Step, Target
from retrospec.rekeying.triage import read_notes, triage_of

Work = Callable[[BaseDBAsyncClient, Progress], Awaitable[bool]]

MEMBER = Statement("SELECT uid FROM cluster_members WHERE project_id = $1 AND cluster_key = $2 LIMIT 1")
MERGED = Statement("""
    SELECT uid FROM cluster_aliases WHERE project_id = $1 AND target_key = $2 AND kind = 'merge' LIMIT 1
""")
FIRST_SEEN = Statement("""
    SELECT min(first_observed_at) AS first_seen FROM cluster_members WHERE project_id = $1 AND cluster_key = $2
""")
_DELETE = (
    Statement("DELETE FROM cluster_days WHERE project_id = $1 AND cluster_key = $2"),
    Statement("DELETE FROM issue_clusters WHERE project_id = $1 AND key = $2"),
)


class Departure:
    """Takes one cluster where it belongs.

    Attributes:
        longest: The longest transaction so far, seconds.
    """

    def __init__(self, lease: Lease, target: Target, plan: Plan, move: Move | None) -> None:
        """Begin, or go on.

        Args:
            lease: The right to do so. Knows a cluster that was interrupted on its way.
            target: Where the move leads.
            plan: Where everything goes.
            move: What becomes of this cluster; None where all is gone from the one that was interrupted.
        """
        self._lease = lease
        self._target = target
        self._project_id = target.project_id
        self._plan = plan
        self._move = move
        self.longest = 0.0

    async def step(self, portion: Portion) -> None:
        """Take some sessions along."""
        move = self._move
        if move is None:
            raise ValueError("nothing is left to be taken along")

        async def work(db: BaseDBAsyncClient, progress: Progress) -> bool:
            leaving = progress.leaving
            if leaving is None:
                leaving = progress.leaving = await self._leave(db, move)
                if leaving is None:
                    return True
            moved = await Step(db, self._target, self._plan, move, leaving, now()).run(portion)
            progress.markers += moved.markers
            progress.sessions += moved.sessions
            return True

        await self._transact(work)

    async def finish(self) -> bool:
        """Bring it to an end, and say whether it is; if not, something has come meanwhile, or more hangs on it."""

        async def work(db: BaseDBAsyncClient, progress: Progress) -> bool:
            leaving = progress.leaving
            if leaving is None:
                return True
            if leaving.leaves:
                if not await self._empty(db, leaving):
                    return False
            else:
                await self._look_back(db, leaving.key)
            progress.leaving = None
            progress.clusters += 1
            return True

        return await self._transact(work)

    async def _leave(self, db: BaseDBAsyncClient, move: Move) -> Leaving | None:
        """Note what people have decided about it, for all clusters that will get something of it."""
        cluster = (await lock_clusters(db, [(self._project_id, move.source.key)])).get(
            (self._project_id, move.source.key)
        )
        if cluster is None:
            return None
        if not move.source.whole and await MERGED.fetch(db, self._project_id, cluster.key):
            # People have merged something into it since this was planned: the next plan knows.
            return None
        notes = await read_notes(db, self._project_id, [cluster.key])
        return Leaving(
            key=cluster.key,
            main=move.main,
            leaves=move.leaves,
            whole=move.source.whole,
            triage=triage_of(cluster, notes[cluster.key]),
            symptom=cluster.symptom,
            first_seen_at=cluster.first_seen_at if cluster.first_seen_at < move.first else None,
        )

    async def _empty(self, db: BaseDBAsyncClient, leaving: Leaving) -> bool:
        """Remove a cluster that nothing is left of, and say whether that was possible."""
        if await MEMBER.fetch(db, self._project_id, leaving.key):
            return False
        heir = leaving.main if leaving.begun else next(iter(leaving.told), "")
        if not heir:
            # Its sessions have gone elsewhere by themselves, or were removed; a cleanup removes it.
            return True
        if not leaving.begun:
            await lead(db, self._project_id, [(leaving.key, heir)], "old", now())
            leaving.main, leaving.begun = heir, True
        if not await hand_over(db, self._project_id, leaving.key, heir, last=True):
            return False
        for statement in _DELETE:
            await statement.run(db, self._project_id, leaving.key)
        return True

    async def _look_back(self, db: BaseDBAsyncClient, key: str) -> None:
        """Its first sighting may be gone with what has left it."""
        locked: dict[tuple[str, str], Cluster] = await lock_clusters(db, [(self._project_id, key)])
        cluster = locked.get((self._project_id, key))
        (found,) = await FIRST_SEEN.fetch(db, self._project_id, key)
        if cluster and self._move and cluster.first_seen_at >= self._move.first and found["first_seen"] is not None:
            cluster.first_seen_at = read_time(found["first_seen"])
            await update_clusters(db, [cluster])

    async def _transact(self, work: Work) -> bool:
        """One step: with the project held, and what was done so far written with it."""

        async def noted(db: BaseDBAsyncClient) -> tuple[bool, Progress, datetime]:
            await lock_project(db, self._project_id)
            # A copy: on PostgreSQL it may run again, after a deadlock that has left nothing of it.
            progress = deepcopy(self._lease.progress)
            result = await work(db, progress)
            return result, progress, await self._lease.write(db, progress)

        begun = perf_counter()
        result, progress, token = await transact(noted)
        self.longest = max(self.longest, perf_counter() - begun)
        self._lease.confirm(progress, token)
        return result
