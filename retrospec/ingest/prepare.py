"""From a request to what is to be stored: bounded, normalised, hashed, clustered. Touches no row."""

import hashlib
import hmac
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache

import msgspec

from retrospec.core.clock import checked_time
from retrospec.core.errors import Invalid, TooLarge
from retrospec.core.ids import checked_session_id, new_uuid
from retrospec.core.ijson import steady
from retrospec.ingest.clustering import Clusterer, Keyed
from retrospec.ingest.schemas import IngestRequest, MarkerIn, SessionIn
from retrospec.plugin import MarkerFacts, Redactor
from retrospec.sessions.keys import checked_events_key
from retrospec.sessions.records import MarkerRecord, SessionRecord
from retrospec.sessions.schemas import KINDS

MAX_MARKERS = 1000
_LABEL, _EVIDENCE, _HINT = 500, 4000, 1000
# What is remembered of cleaned texts stays below two megabytes.
_SHORT = 250
_SITE, _ROUTE, _RELEASE, _ENVIRONMENT, _TAG = 255, 2000, 200, 100, 500
_KNOWN = frozenset(KINDS)


class Prepared(msgspec.Struct):
    """A session ready to be written.

    Attributes:
        started_at_given: Whether the request named the time; an already stored one is kept otherwise.
        keyed: The strategy that clustered the markers, and its version.
    """

    session: SessionRecord
    markers: list[MarkerRecord]
    started_at_given: bool
    keyed: Keyed


class Preparer:
    """Prepares requests. One for a process."""

    def __init__(self, clusterer: Clusterer, redactor: Redactor, *, user_secret: str) -> None:
        self._clusterer = clusterer
        self._redactor = redactor
        # The same failure says the same every time.
        self._clean_short = lru_cache(maxsize=4096)(redactor.redact_text)
        self._user_secret = user_secret.encode()

    def prepare(
        self, request: IngestRequest, project_id: str, *, strategy: str | None, redact: bool, now: datetime
    ) -> Prepared:
        """Turn a request into records.

        Args:
            request: As decoded.
            project_id: The caller's project.
            strategy: The project's clustering strategy; None for the default.
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
        markers = [self._marker(marker, session, redact, now) for marker in sent]
        self._name(markers)
        # The last of one id wins, as if the markers had come one after the other.
        markers = list({marker.marker_id: marker for marker in markers}.values())
        keyed = self._clusterer.keys(strategy, [_facts(session.route, marker) for marker in markers])
        for marker, key in zip(markers, keyed.keys, strict=True):
            marker.cluster_key = key
        return Prepared(session, markers, request.session.started_at is not None, keyed)

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
            route=_cut(sent.route, _ROUTE),
            started_at=started,
            duration_ms=duration,
            events_object_key=checked_events_key(sent.events_object_key or "", project_id),
            user_hash=self._user_hash(project_id, sent.user_id),
            release=_cut(sent.release, _RELEASE),
            environment=_cut(sent.environment, _ENVIRONMENT),
            tags={name[:_TAG]: _cut_tag(value) for name, value in (sent.tags or {}).items()},
            jobs_digest="",
        )

    def _marker(self, sent: MarkerIn, session: SessionRecord, redact: bool, now: datetime) -> MarkerRecord:
        kind = sent.kind if sent.kind in _KNOWN else "ui_no_effect"
        offset = max(0, int(sent.replay_offset_ms or 0))
        clean = self._clean if redact else str
        return MarkerRecord(
            project_id=session.project_id,
            session_id=session.session_id,
            marker_id=sent.id or "",
            cluster_key="",
            kind=kind,
            label=_cut(clean((sent.label or "").strip()), _LABEL) or kind,
            evidence=_cut(clean(sent.evidence or ""), _EVIDENCE),
            hint=_cut(clean(sent.cluster_key or ""), _HINT),
            replay_offset_ms=offset,
            observed_at=_observed(session.started_at, offset, now),
        )

    def _clean(self, text: str) -> str:
        return self._clean_short(text) if len(text) <= _SHORT else self._redactor.redact_text(text)

    def _name(self, markers: Sequence[MarkerRecord]) -> None:
        """Give ids to markers without: made of what they say, so that the same request names them alike again."""
        seen: Counter[str] = Counter()
        for marker in markers:
            if marker.marker_id:
                continue
            said = "\0".join((marker.kind, str(marker.replay_offset_ms), marker.label, marker.hint, marker.evidence))
            digest = hashlib.sha256(said.encode()).hexdigest()[:24]
            marker.marker_id = f"mk_{digest}_{seen[digest]}"
            seen[digest] += 1

    def _user_hash(self, project_id: str, user_id: str | None) -> str:
        if not user_id:
            return ""
        return hmac.digest(self._user_secret, f"{project_id}\0{user_id}".encode(), "sha256").hex()


def _facts(route: str, marker: MarkerRecord) -> MarkerFacts:
    return MarkerFacts(route, marker.kind, marker.hint, marker.label, marker.evidence)


def _observed(started_at: datetime, offset: int, now: datetime) -> datetime:
    """When a failure happened; not in the future, whatever the visitor's clock says."""
    try:
        return min(now, started_at + timedelta(milliseconds=offset))
    except OverflowError:
        return now


def _cut(text: str | None, length: int) -> str:
    return (text or "")[:length]


def _cut_tag(value: object) -> object:
    return value[:_TAG] if isinstance(value, str) else steady(value)
