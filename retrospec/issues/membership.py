"""Which sessions hit which clusters, counted as it happens.

Ingest says what changed; this brings members, users, days and counters after it. Nothing here reads a
number of rows that grows with the project. Clusters are locked last and in key order: two batches
that share hot clusters would otherwise deadlock.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.db import Row, Statement, columns, read_times, rows
from retrospec.core.together import together
from retrospec.issues.users import count_users

ClusterRef = tuple[str, str]  # project id, cluster key


class Membership(msgspec.Struct):
    """How often one session hit one cluster, after and before a change.

    Attributes:
        marker_count: Markers now; 0 ends the membership.
        before: Markers before.
        user_hash: Of the session's user; empty where the site names none.
        first_before: The first sighting before the change; None where there was none.
        days: Change of the number of markers by day.
        symptom: Label of the first marker; names a new cluster.
        has_recording: Whether the session can be replayed.
        is_first: Whether the transaction has inserted the session, so that there is no membership of it yet.
    """

    project_id: str
    cluster_key: str
    session_id: str
    kind: str
    marker_count: int
    before: int
    user_hash: str
    first_observed_at: datetime
    first_before: datetime | None
    last_observed_at: datetime
    days: dict[date, int]
    symptom: str
    has_recording: bool
    strategy: str
    strategy_version: int
    is_first: bool = False

    @property
    def ref(self) -> ClusterRef:
        """Names the cluster across projects."""
        return self.project_id, self.cluster_key


class ClusterChange(msgspec.Struct):
    """What a batch does to one cluster."""

    sessions: int = 0
    users: int = 0
    markers: int = 0
    seen_again: bool = False
    first: Membership | None = None
    latest: Membership | None = None

    def take(self, member: Membership) -> None:
        """Add one session's part."""
        self.sessions += (member.marker_count > 0) - (member.before > 0)
        self.markers += member.marker_count - member.before
        self.seen_again = self.seen_again or member.marker_count > member.before
        if member.marker_count == 0:
            return
        if self.first is None or member.first_observed_at < self.first.first_observed_at:
            self.first = member
        if self.latest is None or _rank(member) > _rank(self.latest):
            self.latest = member


def _rank(member: Membership) -> tuple[bool, datetime]:
    # A session that can be replayed stands for its cluster before one that cannot.
    return member.has_recording, member.last_observed_at


_MEMBER_ROWS = """
    INSERT INTO cluster_members (project_id, cluster_key, session_id, user_hash, marker_count,
                                 first_observed_at, last_observed_at)
    SELECT r.project_id, r.cluster_key, r.session_id, r.user_hash, r.marker_count,
           r.first_observed_at, r.last_observed_at
    FROM @rows($1: project_id text, cluster_key text, session_id text, user_hash text, marker_count integer,
               first_observed_at timestamptz, last_observed_at timestamptz)
    WHERE true
"""
# To be ready for conflicts takes PostgreSQL a quarter of its time for these rows, and those of a new session have none.
_INSERT_MEMBERS = Statement(_MEMBER_ROWS)
_UPSERT_MEMBERS = Statement(f"""{_MEMBER_ROWS}
    ON CONFLICT (project_id, session_id, cluster_key) DO UPDATE SET
        user_hash = excluded.user_hash, marker_count = excluded.marker_count,
        first_observed_at = excluded.first_observed_at, last_observed_at = excluded.last_observed_at
""")

_DELETE_MEMBERS = Statement("""
    DELETE FROM cluster_members WHERE uid IN (
        SELECT m.uid FROM cluster_members m
        JOIN @rows($1: project_id text, cluster_key text, session_id text)
          ON m.project_id = r.project_id AND m.cluster_key = r.cluster_key AND m.session_id = r.session_id)
""")

_MEMBERS_OF = Statement("""
    SELECT m.project_id, m.cluster_key, m.session_id, m.user_hash FROM cluster_members m
    JOIN @rows($1: project_id text, session_id text) ON m.project_id = r.project_id AND m.session_id = r.session_id
""")

# Processes that have not yet heard of a project's new strategy go on with the keys of the one before: for seconds, or
# as long as an upgrade takes. Later such a key can only be meant again.
OLD_KEYS_LEAD = timedelta(hours=1)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_ALIASES = Statement("""
    SELECT r.project_id, r.cluster_key, a.target_key, c.uid FROM @rows($1: project_id text, cluster_key text)
    LEFT JOIN cluster_aliases a ON a.project_id = r.project_id AND a.source_key = r.cluster_key
                               AND (a.kind <> 'old' OR a.created_at > $2)
    LEFT JOIN issue_clusters c ON c.project_id = r.project_id AND c.key = coalesce(a.target_key, r.cluster_key)
    WHERE a.target_key IS NOT NULL OR c.uid IS NULL
""")


async def aliases_of(
    db: BaseDBAsyncClient, refs: Sequence[ClusterRef], old_since: datetime = _LONG_AGO
) -> tuple[dict[ClusterRef, str], set[ClusterRef]]:
    """Where the markers of merged clusters go: the target's key by the source. And which clusters are not there yet.

    Args:
        db: Any connection.
        refs: The clusters that are asked for.
        old_since: Keys of a former strategy lead on if they were given up after this.
    """
    if not refs:
        return {}, set()
    named = rows({"project_id": project, "cluster_key": key} for project, key in refs)
    found = await _ALIASES.fetch(db, named, old_since)
    aliases = {(row["project_id"], row["cluster_key"]): row["target_key"] for row in found if row["target_key"]}
    return aliases, {
        (row["project_id"], row["target_key"] or row["cluster_key"]) for row in found if row["uid"] is None
    }


async def known_users(db: BaseDBAsyncClient, refs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], dict[str, str]]:
    """The user under which each cluster counts a session: by session, then by cluster key."""
    found: dict[tuple[str, str], dict[str, str]] = {ref: {} for ref in refs}
    sent = rows({"project_id": project, "session_id": session} for project, session in refs)
    for row in await _MEMBERS_OF.fetch(db, sent) if refs else []:
        found[row["project_id"], row["session_id"]][row["cluster_key"]] = row["user_hash"]
    return found


async def write_members(
    db: BaseDBAsyncClient,
    members: Sequence[Membership],
    former_users: Mapping[tuple[str, str, str], str],
) -> dict[ClusterRef, ClusterChange]:
    """Bring members, users and days after a change, and say what it does to each cluster.

    Args:
        db: The transaction that writes the sessions too; it holds their locks.
        members: Every (session, cluster) pair that the change touches, each once.
        former_users: By (project, session, cluster): the user a membership was counted under, where it
            is another one now.
    """
    changes: defaultdict[ClusterRef, ClusterChange] = defaultdict(ClusterChange)
    for member in members:
        changes[member.ref].take(member)
    first = [member for member in members if member.is_first]
    others = [member for member in members if not member.is_first]
    _, _, _, users = await together(
        db,
        lambda side: _write(side, _INSERT_MEMBERS, first),
        lambda side: _write(side, _UPSERT_MEMBERS, [member for member in others if member.marker_count]),
        lambda side: _write(side, _DELETE_MEMBERS, [member for member in others if not member.marker_count]),
        lambda side: count_users(side, _user_sessions(members, former_users)),
    )
    for ref, change in users.items():
        changes[ref].users += change
    return dict(changes)


async def _write(db: BaseDBAsyncClient, statement: Statement, members: Sequence[Membership]) -> None:
    if members:
        await statement.run(db, rows(map(_member_row, members)))


def _user_sessions(
    members: Iterable[Membership], former_users: Mapping[tuple[str, str, str], str]
) -> dict[tuple[str, str, str], int]:
    """In how many sessions more each user hits each cluster."""
    sessions: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    for member in members:
        after = member.user_hash if member.marker_count else ""
        before = ""
        if member.before:
            before = former_users.get((member.project_id, member.session_id, member.cluster_key), member.user_hash)
        if before != after:
            sessions[member.project_id, member.cluster_key, after] += 1
            sessions[member.project_id, member.cluster_key, before] -= 1
    return sessions


_member_row = columns(
    "project_id", "cluster_key", "session_id", "user_hash", "marker_count", "first_observed_at", "last_observed_at"
)


class Cluster(msgspec.Struct):
    """A cluster's row, locked."""

    project_id: str
    key: str
    kind: str
    symptom: str
    strategy: str
    strategy_version: int
    session_count: int
    user_count: int
    marker_count: int
    representative_session_id: str
    first_seen_at: datetime
    last_seen_at: datetime
    state: str
    assignee: str
    muted_until: datetime | None
    muted_until_sessions: int | None
    regressed: bool
    state_updated_at: datetime | None
    promoted_at: datetime | None
    promoted_session_count: int
    created_at: datetime
    # As `issues.recent` writes it.
    recent: str = ""

    @property
    def ref(self) -> ClusterRef:
        """Names the cluster across projects."""
        return self.project_id, self.key


_TYPES = {
    "project_id": "text",
    "key": "text",
    "kind": "text",
    "symptom": "text",
    "strategy": "text",
    "strategy_version": "integer",
    "session_count": "integer",
    "user_count": "integer",
    "marker_count": "bigint",
    "representative_session_id": "text",
    "first_seen_at": "timestamptz",
    "last_seen_at": "timestamptz",
    "state": "text",
    "assignee": "text",
    "muted_until": "timestamptz",
    "muted_until_sessions": "integer",
    "regressed": "boolean",
    "state_updated_at": "timestamptz",
    "promoted_at": "timestamptz",
    "promoted_session_count": "integer",
    "created_at": "timestamptz",
    "recent": "text",
}
_COLUMNS = ", ".join(_TYPES)
_CHANGED = (
    "session_count",
    "user_count",
    "marker_count",
    "representative_session_id",
    "first_seen_at",
    "last_seen_at",
    "state",
    "muted_until",
    "muted_until_sessions",
    "regressed",
    "state_updated_at",
    "promoted_at",
    "promoted_session_count",
    "recent",
)

_SENT = ("project_id", "key", *_CHANGED)
_sent = columns(*_SENT)


def _typed(columns: Iterable[str]) -> str:
    return ", ".join(f"{column} {_TYPES[column]}" for column in columns)


_LOCK = Statement(f"""
    SELECT {", ".join("c." + name for name in _TYPES)} FROM issue_clusters c
    JOIN @rows($1: project_id text, key text) ON c.project_id = r.project_id AND c.key = r.key
    ORDER BY c.project_id @postgres(COLLATE "C"), c.key @postgres(COLLATE "C") @lock(FOR UPDATE OF c)
""")  # noqa: S608 (the columns are our own)

_INSERT = Statement(f"""
    INSERT INTO issue_clusters ({_COLUMNS}, state_note)
    SELECT {", ".join("r." + name for name in _TYPES)}, '' FROM @rows($1: {_typed(_TYPES)}) WHERE true
    ON CONFLICT (project_id, key) DO NOTHING
    RETURNING project_id, key
""")  # noqa: S608

_UPDATE = Statement(f"""
    UPDATE issue_clusters SET {", ".join(f"{name} = r.{name}" for name in _CHANGED)}
    FROM @rows($1: {_typed(_SENT)})
    WHERE issue_clusters.project_id = r.project_id AND issue_clusters.key = r.key
""")  # noqa: S608


async def lock_clusters(db: BaseDBAsyncClient, refs: Iterable[ClusterRef]) -> dict[ClusterRef, Cluster]:
    """Read and lock clusters, in key order."""
    sent = rows({"project_id": project, "key": key} for project, key in sorted(refs))
    return {cluster.ref: cluster for cluster in map(_cluster, await _LOCK.fetch(db, sent))}


async def insert_clusters(db: BaseDBAsyncClient, clusters: Sequence[Cluster]) -> set[ClusterRef]:
    """Insert clusters and lock them; those that another transaction has made meanwhile are left out of the answer."""
    ordered = sorted(clusters, key=lambda cluster: cluster.ref)
    found = await _INSERT.fetch(db, rows(ordered))
    return {(row["project_id"], row["key"]) for row in found}


async def update_clusters(db: BaseDBAsyncClient, clusters: Sequence[Cluster]) -> None:
    """Write clusters back that `lock_clusters` has locked."""
    if clusters:
        await _UPDATE.run(db, rows(map(_sent, clusters)))


def _cluster(row: Row) -> Cluster:
    # The columns stand in the order of its fields.
    cluster = Cluster(*row.values())
    if isinstance(cluster.created_at, str):
        read_times(row, *_TIMES)
        cluster = Cluster(**{**row, "regressed": bool(row["regressed"])})
    return cluster


_TIMES = ("first_seen_at", "last_seen_at", "muted_until", "state_updated_at", "promoted_at", "created_at")
