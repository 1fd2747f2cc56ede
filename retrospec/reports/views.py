"""A session with all that belongs to it."""

from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.artifacts.schemas import Artifact, Window
from retrospec.core.db import Row, Statement, read_json, read_times, reading
from retrospec.core.errors import NotFound
from retrospec.reports.schemas import ReportCard, Session
from retrospec.sessions.schemas import Marker

_CARD_FIELDS = ReportCard.__struct_fields__
_CARD = ", ".join(f"c.{name} AS card_{name}" for name in _CARD_FIELDS)

SESSION = Statement(f"""
    SELECT s.session_id AS id, s.project_id, s.site, s.route, s.started_at, s.duration_ms, s.events_object_key,
           s.created_at, s.release, s.environment, s.tags, {_CARD}
    FROM sessions s
    LEFT JOIN session_report_cards c ON c.project_id = s.project_id AND c.session_id = s.session_id
    WHERE s.project_id = $1 AND s.session_id = $2
""")  # noqa: S608 (the columns are our own)

MARKERS = Statement("""
    SELECT marker_id AS id, session_id, cluster_key, label, evidence, replay_offset_ms, kind, observed_at
    FROM error_markers WHERE project_id = $1 AND session_id = $2 ORDER BY replay_offset_ms, marker_id
""")

ARTIFACTS = Statement("""
    SELECT id, project_id, session_id, artifact_type, artifact_key, trigger_kind, status, generated_at, created_at,
           updated_at, windows
    FROM session_artifacts WHERE project_id = $1 AND session_id = $2 ORDER BY generated_at DESC, uid DESC
""")

CARD = Statement(f"""
    SELECT {_CARD} FROM session_report_cards c WHERE c.project_id = $1 AND c.session_id = $2
""")  # noqa: S608


async def full_session(project_id: str, session_id: str) -> Session:
    """A session with its markers by offset, its artifacts and its report card.

    Raises:
        NotFound: The project has no such session.
    """

    async def work(db: BaseDBAsyncClient) -> Session | None:
        found = await SESSION.fetch(db, project_id, session_id)
        if not found:
            return None
        markers = await MARKERS.fetch(db, project_id, session_id)
        artifacts = await ARTIFACTS.fetch(db, project_id, session_id)
        return _session(found[0], markers, artifacts)

    session = await reading(work)
    if session is None:
        raise NotFound("session not found")
    return session


async def artifacts_and_card(project_id: str, session_id: str) -> tuple[list[Artifact], ReportCard | None]:
    """What workers made of a session: its artifacts, newest first, and its report card."""

    async def work(db: BaseDBAsyncClient) -> tuple[list[Artifact], ReportCard | None]:
        artifacts = await ARTIFACTS.fetch(db, project_id, session_id)
        cards = await CARD.fetch(db, project_id, session_id)
        return list(map(_artifact, artifacts)), _card(cards[0]) if cards else None

    return await reading(work)


def _session(row: Row, markers: list[Row], artifacts: list[Row]) -> Session:
    card = _card(row)
    own: dict[str, Any] = {name: value for name, value in row.items() if not name.startswith("card_")}
    own["tags"] = read_json(own["tags"], dict[str, Any])
    return Session(
        **read_times(own, "started_at", "created_at"),
        markers=[Marker(**read_times(marker, "observed_at")) for marker in markers],
        artifacts=list(map(_artifact, artifacts)),
        report_card=card,
    )


def _artifact(row: Row) -> Artifact:
    row["windows"] = read_json(row["windows"], list[Window])
    return Artifact(**read_times(row, "generated_at", "created_at", "updated_at"))


def _card(row: Row) -> ReportCard | None:
    if row["card_id"] is None:
        return None
    card = {name: row[f"card_{name}"] for name in _CARD_FIELDS}
    return ReportCard(**read_times(card, "generated_at", "created_at", "updated_at"))
