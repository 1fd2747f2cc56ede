"""Looking at what a strategy would make of a project's failures, some sessions at a time."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.db import Row, Statement, read_time, rows
from retrospec.plugin import MarkerFacts

# Names the cluster of each marker of one session.
Keyer = Callable[[Sequence[MarkerFacts]], Awaitable[Sequence[str]]]
PairRef = tuple[str, str]  # the cluster that markers are in, and the key that they are given now

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_SESSIONS_AT_ONCE = 500
# Of up to some kilobytes each.
_MARKERS_AT_ONCE = 2_000
_SAID = 200

# CROSS JOIN, here and in what follows: SQLite keeps to its order, and would otherwise begin with the whole project.

# In the order of their arrival, by the index that a cleanup uses. How many markers they have is asked before these are
# read: a session has three as a rule, but may have thousands.
SESSIONS = Statement("""
    SELECT s.uid, s.session_id, s.route, s.created_at,
           (SELECT coalesce(sum(m.marker_count), 0) FROM cluster_members m
            WHERE m.project_id = $1 AND m.session_id = s.session_id) AS markers
    FROM sessions s
    WHERE s.project_id = $1 AND s.created_at >= $2 AND (s.created_at > $2 OR s.uid > $3)
    ORDER BY s.created_at, s.uid LIMIT $4
""")

MARKERS = Statement("""
    SELECT m.session_id, m.cluster_key, m.kind, m.hint, m.label, m.evidence, m.observed_at
    FROM @rows($2: session_id text) CROSS JOIN error_markers m
    WHERE m.project_id = $1 AND m.session_id = r.session_id
    ORDER BY m.session_id, m.replay_offset_ms, m.marker_id
""")


class Pair(msgspec.Struct):
    """Markers that one cluster holds, and to which the strategy gives one key.

    Attributes:
        number: Names it in `Survey.visits`.
        sample: A session that has one.
        says: What one of them says.
    """

    number: int
    sample: str
    says: str
    first: datetime
    markers: int = 0
    sessions: int = 0


class Survey:
    """What was found: not the sessions, only how often which cluster meets which key.

    Attributes:
        pairs: By cluster and key.
        visits: For each session, how many pairs it has and then their numbers: 16 bytes for a session as a rule.
        sessions: How many have failures.
        markers: How many there are.
    """

    def __init__(self) -> None:
        self.pairs: dict[PairRef, Pair] = {}
        self.visits = array("I")
        self.sessions = 0
        self.markers = 0

    def take(self, session_id: str, markers: Sequence[Row], keys: Sequence[str]) -> None:
        """Count a session in: its markers, and what each of them is called."""
        counts: Counter[PairRef] = Counter()
        for row, key in zip(markers, keys, strict=True):
            ref, time = (row["cluster_key"], key), read_time(row["observed_at"])
            pair = self.pairs.get(ref)
            if pair is None:
                pair = self.pairs[ref] = Pair(len(self.pairs), session_id, row["label"][:_SAID], time)
            pair.first = min(pair.first, time)
            counts[ref] += 1
        for ref, count in counts.items():
            self.pairs[ref].markers += count
            self.pairs[ref].sessions += 1
        self.visits.append(len(counts))
        self.visits.extend(self.pairs[ref].number for ref in counts)
        self.sessions += 1
        self.markers += len(markers)

    def sessions_of(self, groups: Sequence[str]) -> Counter[str]:
        """How many different sessions there are in each group of pairs; `groups` names that of each pair."""
        counted: Counter[str] = Counter()
        at = 0
        while at < len(self.visits):
            end = at + 1 + self.visits[at]
            counted.update({groups[number] for number in self.visits[at + 1 : end]})
            at = end
        return counted


class Walk:
    """Goes through the sessions of a project, from the oldest to the latest."""

    def __init__(self, project_id: str, key: Keyer, since: datetime = LONG_AGO) -> None:
        """Begin.

        Args:
            project_id: Whose.
            key: The strategy, with what the project says before it.
            since: Sessions that arrived from then on.
        """
        self.survey = Survey()
        self._project_id = project_id
        self._key = key
        self._at, self._uid = since, 0

    async def step(self, db: BaseDBAsyncClient) -> bool:
        """Look at the next few hundred sessions, and say whether there were any."""
        found = await SESSIONS.fetch(db, self._project_id, self._at, self._uid, _SESSIONS_AT_ONCE)
        for some in _portions(found):
            await self._look(db, some)
        if found:
            self._at, self._uid = read_time(found[-1]["created_at"]), found[-1]["uid"]
        return bool(found)

    async def _look(self, db: BaseDBAsyncClient, sessions: Sequence[Row]) -> None:
        routes = {row["session_id"]: row["route"] for row in sessions}
        markers: defaultdict[str, list[Row]] = defaultdict(list)
        for row in await MARKERS.fetch(db, self._project_id, rows({"session_id": one} for one in routes)):
            markers[row["session_id"]].append(row)
        for session_id, its in markers.items():
            keys = await self._key([facts(routes[session_id], row) for row in its])
            self.survey.take(session_id, its, keys)


def facts(route: str, row: Row) -> MarkerFacts:
    """What a strategy may know of a marker, from its row."""
    return MarkerFacts(route, row["kind"], row["hint"], row["label"], row["evidence"])


def _portions(sessions: Sequence[Row]) -> Iterator[list[Row]]:
    some, markers = list[Row](), 0
    for row in sessions:
        if some and markers + row["markers"] > _MARKERS_AT_ONCE:
            yield some
            some, markers = [], 0
        if row["markers"]:
            some.append(row)
            markers += row["markers"]
    if some:
        yield some
