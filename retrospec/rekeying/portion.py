"""A bounded part of a cluster, read and keyed before anything is locked for it."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.db import Row, Statement, read_time, rows
from retrospec.rekeying.survey import LONG_AGO, Keyer, facts

# With no more markers than that, unless a single session has more.
_MARKERS_AT_ONCE = 2_000

# The oldest first: so the latest session of the cluster, which stands for it, is nearly always the last to go.
MEMBERS = Statement("""
    SELECT uid, session_id, marker_count, last_observed_at FROM cluster_members
    WHERE project_id = $1 AND cluster_key = $2 AND last_observed_at >= $3 AND (last_observed_at > $3 OR uid > $4)
    ORDER BY last_observed_at, uid LIMIT $5
""")

MARKERS = Statement("""
    SELECT m.uid, m.session_id, s.route, m.kind, m.hint, m.label, m.evidence
    FROM @rows($3: session_id text) CROSS JOIN sessions s CROSS JOIN error_markers m
    WHERE s.project_id = $1 AND s.session_id = r.session_id
      AND m.project_id = $1 AND m.session_id = r.session_id AND m.cluster_key = $2
    ORDER BY m.session_id, m.replay_offset_ms, m.marker_id
""")


class Place(msgspec.Struct, frozen=True):
    """A member of a cluster, in their order."""

    at: datetime = LONG_AGO
    uid: int = 0


class Portion(msgspec.Struct):
    """Some sessions of a cluster.

    Attributes:
        sessions: Which.
        keys: What the strategy calls their markers, by uid.
        end: The last of them.
    """

    sessions: list[str]
    keys: dict[int, str]
    end: Place


async def read_portion(
    db: BaseDBAsyncClient, project_id: str, cluster: str, key: Keyer, after: Place, size: int
) -> Portion | None:
    """Read the next sessions of a cluster; None where there are no more.

    Args:
        db: Any connection.
        project_id: Whose.
        cluster: Of which cluster.
        key: The strategy.
        after: The member before.
        size: How many sessions at the most.
    """
    found = await MEMBERS.fetch(db, project_id, cluster, after.at, after.uid, size)
    if not found:
        return None
    some, markers = list[Row](), 0
    for row in found:
        if some and markers + row["marker_count"] > _MARKERS_AT_ONCE:
            break
        some.append(row)
        markers += row["marker_count"]
    end = Place(read_time(some[-1]["last_observed_at"]), some[-1]["uid"])
    sessions = [row["session_id"] for row in some]
    return Portion(sessions, await _keyed(db, project_id, cluster, key, sessions), end)


async def read_sample(db: BaseDBAsyncClient, project_id: str, cluster: str, key: Keyer, session_id: str) -> Portion:
    """Read one session of a cluster, as a portion that comes before all others."""
    return Portion([session_id], await _keyed(db, project_id, cluster, key, [session_id]), Place())


async def _keyed(
    db: BaseDBAsyncClient, project_id: str, cluster: str, key: Keyer, sessions: Sequence[str]
) -> dict[int, str]:
    found = await MARKERS.fetch(db, project_id, cluster, rows({"session_id": one} for one in sessions))
    by_session: defaultdict[str, list[Row]] = defaultdict(list)
    for row in found:
        by_session[row["session_id"]].append(row)
    keys: dict[int, str] = {}
    for its in by_session.values():
        named = await key([facts(row["route"], row) for row in its])
        keys.update((row["uid"], one) for row, one in zip(its, named, strict=True))
    return keys
