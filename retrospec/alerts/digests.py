"""The digest of a storm: one alert, when its hour is over, for all that were held back."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.alerts.outbox import NewDelivery, hand_over
from retrospec.alerts.sinks import Sink, SinkDirectory
from retrospec.alerts.storms import HOUR, DigestOrder
from retrospec.alerts.wire import HELD_BACK, AlertClusterWire, AlertWire, DigestWire, Links
from retrospec.core.clock import now
from retrospec.core.db import Row, Statement, read_time, rows, sql_time, transact
from retrospec.core.log import get_logger
from retrospec.core.settings import Settings
from retrospec.issues.schemas import confidence
from retrospec.jobs.handler import JobContext, Unprocessable
from retrospec.jobs.retry import RetryPolicy

log = get_logger(__name__)
# Nothing but the database can be away: the job is done as soon as it is back, a day later at the latest.
DIGEST_RETRIES = RetryPolicy(max_attempts=30, pauses=(5.0, 60.0, 600.0, 3600.0))
MOST_CLUSTERS = 10

# Waits for whoever holds back more at this moment. Who comes later begins an hour of its own.
_CLOSE = Statement("""
    DELETE FROM alert_storms WHERE uid IN (
        SELECT s.uid FROM alert_storms s JOIN @rows($1: project_id text, sink text, since timestamptz)
          ON s.project_id = r.project_id AND s.sink = r.sink AND s.began_at = r.since)
""")
_HELD = "project_id = $1 AND sink = $2 AND status = 'held_back' AND created_at >= $3 AND created_at < $4"
COUNT = Statement(f"SELECT count(*) AS held_back FROM alert_deliveries WHERE {_HELD}")  # noqa: S608
# As they are now: one that was merged meanwhile is its target, and one that somebody has put aside stays silent. Found
# by their keys; the state is hidden from SQLite, which would read all open issues instead.
TOP = Statement(f"""
    SELECT c.key, c.symptom, c.session_count, c.user_count, c.last_seen_at, c.representative_session_id, c.state,
           c.assignee
    FROM (SELECT DISTINCT coalesce(a.target_key, d.cluster_key) AS key
          FROM (SELECT DISTINCT cluster_key FROM alert_deliveries WHERE {_HELD}) AS d
          LEFT JOIN cluster_aliases a ON a.project_id = $1 AND a.source_key = d.cluster_key) AS k
    JOIN issue_clusters c ON c.project_id = $1 AND c.key = k.key
    WHERE coalesce(c.state, '') IN ('open', 'acknowledged')
    ORDER BY c.session_count DESC, c.key LIMIT $5
""")  # noqa: S608


class MakeDigest:
    """The job handler that writes a digest, and hands it over for delivery."""

    def __init__(self, settings: Settings, directory: SinkDirectory) -> None:
        self._directory = directory
        self._links = Links(settings)
        self._min_sessions = settings.cluster_promote_min_sessions

    async def __call__(self, job: JobContext) -> None:
        """Make one digest.

        Raises:
            Unprocessable: The payload names none.
        """
        try:
            order = msgspec.json.decode(job.payload, type=DigestOrder)
        except msgspec.MsgspecError as mistake:
            raise Unprocessable(f"not a digest: {mistake}") from mistake
        sink = await self._directory.find(order.sink)
        if sink is None or not sink.enabled:
            log.warning("nobody to send a digest to", sink=order.sink, project=order.project_id)
            return
        # Nobody who has the job as well makes another one: of two deliveries of one id the first is kept.
        await transact(lambda db: self._make(db, order, sink))

    async def _make(self, db: BaseDBAsyncClient, order: DigestOrder, sink: Sink) -> None:
        await _CLOSE.run(db, rows([{**msgspec.structs.asdict(order), "since": sql_time(order.since)}]))
        hour = (order.project_id, order.sink, order.since, order.since + HOUR)
        (counted,) = await COUNT.fetch(db, *hour)
        top = [self._cluster(row) for row in await TOP.fetch(db, *hour, MOST_CLUSTERS)]
        if not top:
            log.info("all that a digest would tell of was put aside", sink=order.sink, project=order.project_id)
            return
        moment = now()
        body = self._body(order, counted["held_back"], top, moment)
        digest = NewDelivery(f"alert_{order.id}", sink, body, moment, id=f"dlv_{order.id}")
        await hand_over(db, [digest], moment)

    def _body(self, order: DigestOrder, held_back: int, top: Sequence[AlertClusterWire], moment: datetime) -> AlertWire:
        first = top[0]
        return AlertWire(
            event=HELD_BACK,
            trigger="storm_digest",
            sent_at=moment,
            project_id=order.project_id,
            cluster=first,
            issue_url=self._links.issue(order.project_id, first.key),
            replay_url=self._links.replay(order.project_id, first.representative_session_id),
            digest=DigestWire(held_back, order.since, order.since + HOUR, list(top)),
        )

    def _cluster(self, row: Row) -> AlertClusterWire:
        sure = confidence(row["session_count"], self._min_sessions)
        return AlertClusterWire(**{**row, "last_seen_at": read_time(row["last_seen_at"]), "confidence": sure})
