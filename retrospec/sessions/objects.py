"""Which objects there are: each known here before it is written, so that a crash leaves nothing unknown."""

from datetime import timedelta

from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.clock import now
from retrospec.core.db import Statement, rows, sql_time, transaction
from retrospec.core.errors import NotFound, Unauthorized, Unavailable

# For so long an object belongs to whoever is about to delete it; longer than that takes, and than clocks differ.
CLAIM_SECONDS = 300.0

# A project that is being deleted takes nothing in any more: who deletes it locks its row.
_ALIVE = Statement("""
    SELECT p.id FROM projects p WHERE p.id = $1 AND p.deleting_at IS NULL @lock(FOR KEY SHARE)
""")
_SESSION = Statement("""
    SELECT s.uid FROM sessions s WHERE s.project_id = $1 AND s.session_id = $2 @lock(FOR NO KEY UPDATE)
""")
_EXPECT = Statement("""
    INSERT INTO stored_objects (project_id, object_key, session_id, kind, state, size_bytes, created_at, failures,
                                last_error)
    SELECT r.project_id, r.object_key, r.session_id, r.kind, 'pending', 0, r.now, 0, ''
    FROM @rows($1: project_id text, object_key text, session_id text, kind text, now timestamptz) WHERE true
    ON CONFLICT (project_id, object_key) DO UPDATE SET
        state = 'pending', session_id = excluded.session_id, kind = excluded.kind, created_at = excluded.created_at,
        failures = 0, last_error = ''
    WHERE stored_objects.state <> 'erasing' OR stored_objects.created_at < $2
    RETURNING state
""")
# Marked for deletion meanwhile, or removed already: written again as marked, so that the object goes too. The time
# tells whoever deletes the former one at this moment that there is another.
_WRITTEN = Statement("""
    INSERT INTO stored_objects (project_id, object_key, session_id, kind, state, size_bytes, created_at, failures,
                                last_error)
    SELECT r.project_id, r.object_key, r.session_id, r.kind, 'deleting', r.size, r.now, 0, ''
    FROM @rows($1: project_id text, object_key text, session_id text, kind text, size bigint, now timestamptz)
    WHERE true
    ON CONFLICT (project_id, object_key) DO UPDATE SET
        state = CASE WHEN stored_objects.state IN ('deleting', 'erasing') THEN 'deleting' ELSE 'ready' END,
        created_at = CASE WHEN stored_objects.state = 'erasing' THEN excluded.created_at
                          ELSE stored_objects.created_at END,
        size_bytes = excluded.size_bytes
    RETURNING state
""")
_REPORTED = Statement("""
    INSERT INTO stored_objects (project_id, object_key, session_id, kind, state, size_bytes, created_at, failures,
                                last_error)
    SELECT r.project_id, r.object_key, r.session_id, r.kind, 'ready', 0, r.now, 0, ''
    FROM @rows($1: project_id text, object_key text, session_id text, kind text, now timestamptz) WHERE true
    ON CONFLICT (project_id, object_key) DO UPDATE SET
        state = 'ready', failures = 0, last_error = ''
""")


async def hold_project(db: BaseDBAsyncClient, project_id: str) -> None:
    """Keep a project from being deleted until the transaction ends.

    Raises:
        Unauthorized: It is gone, or being deleted.
    """
    if not await _ALIVE.fetch(db, project_id):
        raise Unauthorized


async def hold_session(db: BaseDBAsyncClient, project_id: str, session_id: str) -> None:
    """Keep a session from being removed until the transaction ends, and what belongs to it for this transaction alone.

    Raises:
        NotFound: It is gone, or its project is.
    """
    alive = await _ALIVE.fetch(db, project_id)
    if not alive or not await _SESSION.fetch(db, project_id, session_id):
        raise NotFound("session not found")


async def expect_object(project_id: str, session_id: str, key: str, kind: str) -> None:
    """Note that an object is about to be written.

    Args:
        project_id: Whose.
        session_id: What it belongs to; need not exist.
        key: Where it goes. One that is there already will be replaced.
        kind: `events` or `artifact`.

    Raises:
        Unauthorized: The project is gone.
        Unavailable: A former object of that key is being deleted at this moment, and this one would go with it.
    """
    async with transaction() as db:
        await hold_project(db, project_id)
        stale = now() - timedelta(seconds=CLAIM_SECONDS)
        if not await _EXPECT.fetch(db, _row(project_id, session_id, key, kind), stale):
            raise Unavailable("what was here before is being removed; send it again", retry_after=1)


async def object_written(project_id: str, session_id: str, key: str, kind: str, size: int) -> None:
    """Note that an expected object has been written.

    In a transaction of its own: where its session went meanwhile, or all of its project, nothing else is left that
    knows of the object, and whoever is told so must not take this back.

    Args:
        project_id: Whose.
        session_id: What it belongs to.
        key: Where it lies.
        kind: `events` or `artifact`.
        size: Bytes.

    Raises:
        Unavailable: It was removed again while it arrived.
    """
    async with transaction() as db:
        written = await _WRITTEN.fetch(db, _row(project_id, session_id, key, kind, size=size))
    if written[0]["state"] != "ready":
        raise Unavailable("what was sent was removed while it arrived; send it again")


async def object_reported(db: BaseDBAsyncClient, project_id: str, session_id: str, key: str) -> None:
    """Note an artifact that a worker of somebody else's has written. Its size is not known, unless it was ours.

    Args:
        db: Connection or transaction.
        project_id: Whose.
        session_id: What it belongs to.
        key: Where it lies.
    """
    await _REPORTED.run(db, _row(project_id, session_id, key, "artifact"))


def _row(project_id: str, session_id: str, key: str, kind: str, **more: int) -> str:
    named = {"project_id": project_id, "object_key": key, "session_id": session_id, "kind": kind}
    return rows([{**named, **more, "now": sql_time(now())}])
