"""What deliveries find out about a sink, for all processes: a circuit breaker, and whether it is gone for good.

A sink of which nothing bad is known has no row.
"""

from datetime import datetime, timedelta

from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.alerts.sinks import Sink
from retrospec.core.db import Statement, rows, sql_time
from retrospec.core.log import get_logger

log = get_logger(__name__)

# Found out under other settings, it counts for nothing: the sink begins anew.
_FAILED = Statement("""
    INSERT INTO alert_sink_states (sink, settings_digest, failures, open_until, gone_at, last_error, updated_at)
    SELECT r.sink, r.digest, 1, CASE WHEN r.most <= 1 THEN r.until END, NULL, r.error, r.moment
    FROM @rows($1: sink text, digest text, most int, until timestamptz, error text, moment timestamptz) WHERE true
    ON CONFLICT (sink) DO UPDATE SET
        failures = CASE WHEN alert_sink_states.settings_digest = excluded.settings_digest
                        THEN alert_sink_states.failures + 1 ELSE 1 END,
        open_until = CASE WHEN alert_sink_states.settings_digest = excluded.settings_digest
                          AND alert_sink_states.failures + 1 >= $2 THEN $3@postgres(::timestamptz)
                          ELSE excluded.open_until END,
        gone_at = CASE WHEN alert_sink_states.settings_digest = excluded.settings_digest
                       THEN alert_sink_states.gone_at END,
        settings_digest = excluded.settings_digest, last_error = excluded.last_error, updated_at = excluded.updated_at
    RETURNING failures, open_until
""")

_GONE = Statement("""
    INSERT INTO alert_sink_states (sink, settings_digest, failures, open_until, gone_at, last_error, updated_at)
    SELECT r.sink, r.digest, 1, NULL, r.moment, r.error, r.moment
    FROM @rows($1: sink text, digest text, error text, moment timestamptz) WHERE true
    ON CONFLICT (sink) DO UPDATE SET
        failures = alert_sink_states.failures + 1, open_until = NULL, gone_at = excluded.gone_at,
        settings_digest = excluded.settings_digest, last_error = excluded.last_error, updated_at = excluded.updated_at
""")

_WORKED = Statement("DELETE FROM alert_sink_states WHERE sink = $1 RETURNING failures, open_until")

# Of several processes one gets to try: for the others it rests on.
_PROBE = Statement("UPDATE alert_sink_states SET open_until = $3 WHERE sink = $1 AND open_until <= $2")

_NO_PROBE = Statement("UPDATE alert_sink_states SET open_until = $3 WHERE sink = $1 AND open_until = $2")

_FORGET_OTHERS = Statement("DELETE FROM alert_sink_states WHERE sink = $1 AND settings_digest <> $2")


class SinkHealth:
    """Decides when a sink is left alone, and when it is tried again."""

    def __init__(self, *, failures: int, pause: float) -> None:
        """Take the limits.

        Args:
            failures: In a row, after which a sink is left alone.
            pause: For how long, seconds.
        """
        self._failures = failures
        self._pause = timedelta(seconds=pause)

    async def failed(self, db: BaseDBAsyncClient, sink: Sink, error: str, moment: datetime) -> None:
        """Note a failed attempt; of so many in a row the last leaves the sink alone for a while.

        Args:
            db: The transaction that notes the attempt.
            sink: Which.
            error: Why.
            moment: When.
        """
        until = moment + self._pause
        row = {
            "sink": sink.id,
            "digest": sink.digest,
            "most": self._failures,
            "until": sql_time(until),
            "error": error,
            "moment": sql_time(moment),
        }
        (state,) = await _FAILED.fetch(db, rows([row]), self._failures, until)
        if state["open_until"] is not None:
            failures, seconds = state["failures"], self._pause.total_seconds()
            log.warning("an alert sink is left alone", sink=sink.id, failures=failures, seconds=seconds)

    async def worked(self, db: BaseDBAsyncClient, sink: Sink) -> None:
        """Note that a sink has taken an alert: nothing bad is known of it any more."""
        if [state for state in await _WORKED.fetch(db, sink.id) if state["open_until"] is not None]:
            log.warning("an alert sink works again", sink=sink.id)

    async def gone(self, db: BaseDBAsyncClient, sink: Sink, error: str, moment: datetime) -> None:
        """Switch a sink off until somebody edits it."""
        row = {"sink": sink.id, "digest": sink.digest, "error": error, "moment": sql_time(moment)}
        await _GONE.run(db, rows([row]))
        log.warning("an alert sink is switched off: its receiver says that it is gone", sink=sink.id)

    async def may_probe(self, db: BaseDBAsyncClient, sink_id: str, moment: datetime, until: datetime) -> bool:
        """Ask to be the one that tries a sink whose pause is over.

        Args:
            db: The connection.
            sink_id: Which.
            moment: Now.
            until: When another may, if nothing is heard of this try.
        """
        return bool(await _PROBE.run(db, sink_id, moment, until))

    async def did_not_probe(self, db: BaseDBAsyncClient, sink_id: str, moment: datetime, until: datetime) -> None:
        """Give that right back, unused."""
        await _NO_PROBE.run(db, sink_id, until, moment)

    async def forget_others(self, db: BaseDBAsyncClient, sink: Sink) -> None:
        """Forget what was found out about a sink when its settings were others."""
        await _FORGET_OTHERS.run(db, sink.id, sink.digest)
