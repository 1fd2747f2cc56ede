"""Ingesting a session: prepared, written in a batch, and answered once it is durable."""

from collections.abc import Callable, Sequence

from retrospec.artifacts.schemas import Artifact
from retrospec.clustering.rules import RuleBook
from retrospec.core.clock import now
from retrospec.core.counters import Counters
from retrospec.core.settings import Settings
from retrospec.ingest.batcher import Batcher
from retrospec.ingest.prepare import Prepared, Preparer
from retrospec.ingest.schemas import IngestAnswer, IngestRequest
from retrospec.ingest.writer import BatchWriter, Written
from retrospec.projects.policies import Policies
from retrospec.reports.schemas import ReportCard, Session
from retrospec.reports.views import artifacts_and_card
from retrospec.sessions.records import MarkerRecord
from retrospec.sessions.schemas import Marker

# On PostgreSQL a second batch is prepared by the server while the first one waits for its disk: 1,040
# sessions/s became 1,360 at 16 connections. A third only waits for the rows of hot clusters.
_BATCHES_ON_POSTGRES = 2


class IngestService:
    """Takes sessions in. One for a process.

    Args:
        settings: Batch size, redaction.
        preparer: Makes records of requests.
        writer: Writes batches of them.
        policies: What projects have decided.
        rules: Their clustering rules.
        counters: Counts sessions.
        committed: Called after sessions were written, to wake workers; is told whether alerts were too.
    """

    def __init__(
        self,
        settings: Settings,
        preparer: Preparer,
        writer: BatchWriter,
        policies: Policies,
        rules: RuleBook,
        counters: Counters,
        committed: Callable[[bool], None],
    ) -> None:
        self._redact = settings.redact_events
        self._preparer = preparer
        self._policies = policies
        self._rules = rules
        self._counters = counters
        self._committed = committed
        self._writer = writer
        self._batcher: Batcher[Prepared, Written] = Batcher(
            self._write,
            key=lambda prepared: prepared.session.ref,
            size=settings.ingest_batch_size,
            at_once=1 if settings.on_sqlite else _BATCHES_ON_POSTGRES,
        )

    async def ingest(self, request: IngestRequest, project_id: str) -> IngestAnswer:
        """Store a session and its failures, and all that follows from them.

        Args:
            request: As decoded.
            project_id: The caller's project.

        Raises:
            Invalid: Names the field.
            TooLarge: More than 1,000 markers.
            Unavailable: The database does not answer.
        """
        policy = await self._policies.of(project_id)
        redact = self._redact if policy.redact is None else policy.redact
        rules = await self._rules.of(project_id)
        prepared = await self._preparer.prepare(
            request, project_id, strategy=policy.clustering_strategy, rules=rules, redact=redact, now=now()
        )
        written = await self._batcher.submit(prepared)
        artifacts: list[Artifact] = []
        card = written.card
        if written.stored.revision > 1:
            artifacts, card = await artifacts_and_card(*prepared.session.ref)
        return IngestAnswer(_session(written, artifacts, card), "", "", written.promoted, "", written.alerts_sent, 0)

    async def _write(self, batch: Sequence[Prepared]) -> Sequence[Written | Exception]:
        results = await self._writer.write(batch)
        written = [one for one in results if isinstance(one, Written)]
        self._counters.add("retrospec_ingest_sessions_total", len(written))
        self._counters.add("retrospec_ingest_markers_total", sum(len(one.prepared.markers) for one in written))
        self._committed(any(one.alerts_sent for one in written))
        return results

    async def stop(self) -> None:
        """Take nothing more, and finish what was taken."""
        await self._batcher.stop()


def _session(written: Written, artifacts: list[Artifact], card: ReportCard | None) -> Session:
    record, stored = written.prepared.session, written.stored
    return Session(
        id=record.session_id,
        project_id=record.project_id,
        site=record.site,
        route=record.route,
        started_at=stored.started_at,
        duration_ms=record.duration_ms,
        events_object_key=stored.events_object_key,
        created_at=stored.created_at,
        release=record.release,
        environment=record.environment,
        tags=record.tags,
        markers=[_marker(marker) for marker in written.markers],
        artifacts=artifacts,
        report_card=card,
    )


def _marker(record: MarkerRecord) -> Marker:
    return Marker(
        id=record.marker_id,
        session_id=record.session_id,
        cluster_key=record.cluster_key,
        label=record.label,
        evidence=record.evidence,
        replay_offset_ms=record.replay_offset_ms,
        kind=record.kind,
        observed_at=record.observed_at,
    )
