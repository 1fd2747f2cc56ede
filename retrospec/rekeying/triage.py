"""What people have decided about an issue, and how it goes on where its failures go."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.db import Statement, rows, sql_time
from retrospec.issues.membership import Cluster
from retrospec.issues.models import CANDIDATE
from retrospec.issues.recount import key_rows

# The most alive wins; of two alike that of the larger issue, which comes first.
_LIFE = {CANDIDATE: 0, "resolved": 1, "muted": 2, "acknowledged": 3, "open": 3}

NOTES = Statement("""
    SELECT c.key, c.state_note
    FROM @rows($2: key text) CROSS JOIN issue_clusters c WHERE c.project_id = $1 AND c.key = r.key
""")

# The rest is among what `update_clusters` writes.
_WRITE = Statement("""
    UPDATE issue_clusters SET assignee = r.assignee, state_note = r.state_note, created_at = r.created_at
    FROM @rows($1: project_id text, key text, assignee text, state_note text, created_at timestamptz)
    WHERE issue_clusters.project_id = r.project_id AND issue_clusters.key = r.key
""")


class Triage(msgspec.Struct):
    """Where an issue stands.

    Attributes:
        mute_left: After how many more sessions a mute ends; None for one that does not end so.
    """

    state: str
    assignee: str
    state_note: str
    state_updated_at: datetime | None
    muted_until: datetime | None
    mute_left: int | None
    regressed: bool
    promoted_at: datetime | None
    created_at: datetime

    @property
    def is_issue(self) -> bool:
        """Whether it is one; a candidate otherwise."""
        return self.state != CANDIDATE

    def joined_by(self, other: "Triage") -> "Triage":
        """What becomes of both. This one is of the larger issue, or was there before."""
        leading = self if _LIFE[self.state] >= _LIFE[other.state] else other
        promoted = [time for time in (self.promoted_at, other.promoted_at) if time is not None]
        return msgspec.structs.replace(
            leading,
            assignee=self.assignee or other.assignee,
            promoted_at=min(promoted, default=None),
            created_at=min(self.created_at, other.created_at),
        )

    def put(self, cluster: Cluster) -> None:
        """Let a cluster stand here. Its note, its assignee and when it was made are written by `write_notes`."""
        cluster.state, cluster.assignee, cluster.regressed = self.state, self.assignee, self.regressed
        cluster.state_updated_at, cluster.muted_until = self.state_updated_at, self.muted_until
        cluster.muted_until_sessions = None if self.mute_left is None else cluster.session_count + self.mute_left
        cluster.promoted_at, cluster.created_at = self.promoted_at, self.created_at
        # Whoever moves it knows of it: no news for the next promotion.
        cluster.promoted_session_count = cluster.session_count


def triage_of(cluster: Cluster, note: str) -> Triage:
    """Where a cluster stands."""
    ends = cluster.muted_until_sessions
    return Triage(
        state=cluster.state,
        assignee=cluster.assignee,
        state_note=note,
        state_updated_at=cluster.state_updated_at,
        muted_until=cluster.muted_until,
        mute_left=None if ends is None else ends - cluster.session_count,
        regressed=cluster.regressed,
        promoted_at=cluster.promoted_at,
        created_at=cluster.created_at,
    )


async def read_notes(db: BaseDBAsyncClient, project_id: str, keys: Iterable[str]) -> dict[str, str]:
    """What people have noted about clusters, by key."""
    return {row["key"]: row["state_note"] for row in await NOTES.fetch(db, project_id, key_rows(sorted(keys)))}


async def write_notes(db: BaseDBAsyncClient, project_id: str, decided: Mapping[str, Triage]) -> None:
    """Write what `update_clusters` leaves out, by key."""
    sent = [
        {
            "project_id": project_id,
            "key": key,
            "assignee": triage.assignee,
            "state_note": triage.state_note,
            "created_at": sql_time(triage.created_at),
        }
        for key, triage in sorted(decided.items())
    ]
    if sent:
        await _WRITE.run(db, rows(sent))
