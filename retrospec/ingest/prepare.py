"""From a request to what is to be stored: bounded, normalised, hashed, clustered. Touches no row."""

import hashlib
import hmac
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import repeat

import msgspec

from retrospec.clustering.facts import ROUTE_LENGTH, WITHHELD_BY, Words, cleaned, facts_of, words_of
from retrospec.clustering.rules import ProjectRules
from retrospec.core.clock import checked_time
from retrospec.core.errors import Invalid, TooLarge
from retrospec.core.ids import checked_session_id, new_uuid
from retrospec.core.ijson import steady
from retrospec.ingest.clustering import Clusterer, Keyed
from retrospec.ingest.jobs import by_offset
from retrospec.ingest.schemas import IngestRequest, MarkerIn, SessionIn
from retrospec.ingest.texts import Texts
from retrospec.plugin import MarkerFacts
from retrospec.sessions.keys import checked_events_key
from retrospec.sessions.records import MarkerRecord, SessionRecord

MAX_MARKERS = 1000
_SITE, _RELEASE, _ENVIRONMENT, _TAG = 255, 200, 100, 500
_MILLISECOND = timedelta(milliseconds=1)
# What is stored of a marker whose words the redactor could not clean: its kind, its time, and this.
_WITHHELD = Words("withheld: the redactor failed", "", "")


class Prepared(msgspec.Struct):
    """A session ready to be written.

    Attributes:
        markers: By offset.
        started_at_given: Whether the request named the time; an already stored one is kept otherwise.
        keyed: The strategy that clustered the markers, and its version.
    """

    session: SessionRecord
    markers: list[MarkerRecord]
    started_at_given: bool
    keyed: Keyed


class Preparer:
    """Prepares requests. One for a process."""

    def __init__(self, clusterer: Clusterer, texts: Texts, *, user_secret: str) -> None:
        self._clusterer = clusterer
        self._texts = texts
        # Copied for each: to look up the digest for every user took longer than to compute it.
        self._keyed_hash = hmac.new(user_secret.encode(), digestmod="sha256")

    async def prepare(
        self,
        request: IngestRequest,
        project_id: str,
        *,
        strategy: str | None,
        rules: ProjectRules,
        redact: bool,
        now: datetime,
    ) -> Prepared:
        """Turn a request into records.

        Args:
            request: As decoded.
            project_id: The caller's project.
            strategy: The project's clustering strategy; None for the default.
            rules: The project's clustering rules.
            redact: Whether labels and evidence go through the redactor.
            now: The time of arrival.

        Raises:
            Invalid: Names the field.
            TooLarge: More than 1,000 markers.
        """
        sent = request.markers or []
        if len(sent) > MAX_MARKERS:
            raise TooLarge(f"markers: {len(sent)} are more than {MAX_MARKERS}")
        session = self._session(request.session, project_id, now)
        said = [words_of(marker.label, marker.evidence, marker.cluster_key) for marker in sent]
        clean = await cleaned(said, self._texts.clean) if redact else said
        both = zip(sent, clean or repeat(_WITHHELD), strict=False)
        facts = [facts_of(marker.kind, words, session.route) for marker, words in both]
        markers = [_marker(one, its, session, now) for one, its in zip(sent, facts, strict=True)]
        self._name(markers)
        if clean is None:
            keyed = self._key_withheld(markers, said)
        # The last of one id wins, as if the markers had come one after the other.
        last = {marker.marker_id: (marker, its) for marker, its in zip(markers, facts, strict=True)}
        markers = [marker for marker, _ in last.values()]
        if clean is not None:
            keyed = await self._clusterer.keys(strategy, [its for _, its in last.values()], rules)
            for marker, key in zip(markers, keyed.keys, strict=True):
                marker.cluster_key = key
        return Prepared(session, by_offset(markers), request.session.started_at is not None, keyed)

    def _session(self, sent: SessionIn, project_id: str, now: datetime) -> SessionRecord:
        duration = int(sent.duration_ms or 0)
        if duration < 0:
            raise Invalid("session.durationMs must not be negative")
        if sent.started_at is None:
            try:
                started = checked_time(now - timedelta(milliseconds=duration), "session.durationMs")
            except OverflowError as cause:
                raise Invalid("session.durationMs is longer than time itself") from cause
        else:
            started = checked_time(sent.started_at, "session.startedAt")
        return SessionRecord(
            project_id=project_id,
            session_id=checked_session_id(sent.id, "session.id") if sent.id else new_uuid(),
            site=_cut(sent.site, _SITE),
            route=_cut(sent.route, ROUTE_LENGTH),
            started_at=started,
            duration_ms=duration,
            events_object_key=checked_events_key(sent.events_object_key or "", project_id),
            user_hash=self._user_hash(project_id, sent.user_id),
            release=_cut(sent.release, _RELEASE),
            environment=_cut(sent.environment, _ENVIRONMENT),
            tags={name[:_TAG]: _cut_tag(value) for name, value in (sent.tags or {}).items()},
            jobs_digest="",
        )

    def _key_withheld(self, markers: Sequence[MarkerRecord], said: Sequence[Words]) -> Keyed:
        """Tell different failures apart where none of their words are kept.

        With the secret, so that nobody finds the words by trying.
        """
        for marker, words in zip(markers, said, strict=True):
            digest = self._hash(f"{marker.kind}\0{words.hint}\0{words.label}")
            marker.cluster_key = f"{marker.kind}:{digest[:16]}"
        return Keyed((), WITHHELD_BY, 1)

    def _name(self, markers: Sequence[MarkerRecord]) -> None:
        """Give ids to markers without: made of what they say, so that the same request names them alike again."""
        nameless = [marker for marker in markers if not marker.marker_id]
        if not nameless:
            return
        seen: Counter[str] = Counter()
        for marker in nameless:
            said = "\0".join((marker.kind, str(marker.replay_offset_ms), marker.label, marker.hint, marker.evidence))
            digest = hashlib.sha256(said.encode()).hexdigest()[:24]
            marker.marker_id = f"mk_{digest}_{seen[digest]}"
            seen[digest] += 1

    def _user_hash(self, project_id: str, user_id: str | None) -> str:
        if not user_id:
            return ""
        return self._hash(f"{project_id}\0{user_id}")

    def _hash(self, text: str) -> str:
        keyed = self._keyed_hash.copy()
        keyed.update(text.encode("utf-8", "surrogatepass"))
        return keyed.hexdigest()


def _marker(sent: MarkerIn, facts: MarkerFacts, session: SessionRecord, now: datetime) -> MarkerRecord:
    offset = max(0, int(sent.replay_offset_ms or 0))
    return MarkerRecord(
        project_id=session.project_id,
        session_id=session.session_id,
        marker_id=sent.id or "",
        cluster_key="",
        kind=facts.kind,
        label=facts.label,
        evidence=facts.evidence,
        hint=facts.hint,
        replay_offset_ms=offset,
        observed_at=_observed(session.started_at, offset, now),
    )


def _observed(started_at: datetime, offset: int, now: datetime) -> datetime:
    """When a failure happened; not in the future, whatever the visitor's clock says."""
    try:
        # By keywords a `timedelta` took three times as long.
        at = started_at + offset * _MILLISECOND
    except OverflowError:
        return now
    return at if at < now else now


def _cut(text: str | None, length: int) -> str:
    return (text or "")[:length]


def _cut_tag(value: object) -> object:
    return value[:_TAG] if isinstance(value, str) else steady(value)
