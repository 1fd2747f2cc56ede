"""The SQL of the database queue."""

from retrospec.core.db import Statement

ANY = Statement("SELECT uid FROM jobs LIMIT 1")

IS_ANY_DUE = Statement("""
    SELECT 1 AS found
    WHERE EXISTS (SELECT 1 FROM jobs WHERE queue = $1 AND status = 'ready' AND due_at <= $2)
    OR EXISTS (SELECT 1 FROM jobs WHERE queue = $1 AND status = 'leased' AND leased_until <= $2)
""")

# Two selects instead of an OR: the first reads the few rows that are leased, the second walks its index and stops at
# the limit, however long the queue is.
CLAIM = Statement("""
    WITH expired AS MATERIALIZED (
        SELECT uid, due_at FROM jobs WHERE queue = $1 AND status = 'leased' AND leased_until <= $2
        ORDER BY due_at, uid LIMIT $3 @lock(FOR UPDATE SKIP LOCKED)
    ), waiting AS MATERIALIZED (
        SELECT uid, due_at FROM jobs WHERE queue = $1 AND status = 'ready' AND due_at <= $2
        ORDER BY due_at, uid LIMIT $3 @lock(FOR UPDATE SKIP LOCKED)
    ), due AS MATERIALIZED (
        SELECT both_kinds.uid FROM (SELECT * FROM expired UNION ALL SELECT * FROM waiting) AS both_kinds
        ORDER BY both_kinds.due_at, both_kinds.uid LIMIT $3
    )
    UPDATE jobs SET
        attempt = attempt + CASE status WHEN 'leased' THEN 1 ELSE 0 END,
        status = 'leased', lease_token = lease_token + 1, leased_until = $4, worker = $5
    WHERE uid IN (SELECT due.uid FROM due)
    RETURNING uid, id, payload, attempt, lease_token, due_at
""")

EXTEND = Statement("UPDATE jobs SET leased_until = $3 WHERE uid = $1 AND lease_token = $2 AND status = 'leased'")

FINISH = Statement("""
    UPDATE jobs SET status = $3, finished_at = $4, error = $5, leased_until = NULL, worker = ''
    WHERE uid = $1 AND lease_token = $2 AND status = 'leased'
""")

RETRY = Statement("""
    UPDATE jobs SET status = 'ready', attempt = attempt + 1, due_at = $3, error = $4, leased_until = NULL, worker = ''
    WHERE uid = $1 AND lease_token = $2 AND status = 'leased'
""")

RELEASE = Statement("""
    UPDATE jobs SET status = 'ready', leased_until = NULL, worker = ''
    WHERE uid = $1 AND lease_token = $2 AND status = 'leased'
""")

DEPTHS = Statement("""
    SELECT CASE WHEN status = 'ready' AND due_at > $2 THEN 'resting' ELSE status END AS place, COUNT(*) AS jobs
    FROM jobs WHERE queue = $1 AND status IN ('ready', 'leased', 'failed', 'unprocessable')
    GROUP BY 1
""")

COUNT = Statement("SELECT COUNT(*) AS jobs FROM jobs WHERE queue = $1 AND status = $2")

DEAD_LETTERS = Statement("""
    SELECT finished_at, error, attempt, payload FROM jobs WHERE queue = $1 AND status = $2
    ORDER BY finished_at DESC, uid DESC LIMIT $3 OFFSET $4
""")

PURGE = Statement("""
    DELETE FROM jobs WHERE uid IN (
        SELECT uid FROM jobs WHERE queue = $1 AND status = $2
        ORDER BY finished_at, uid LIMIT $3 @lock(FOR UPDATE SKIP LOCKED)
    )
""")

OLDEST_FAILED = Statement("""
    SELECT uid, payload FROM jobs WHERE queue = $1 AND status = 'failed'
    ORDER BY finished_at, uid LIMIT $2 @lock(FOR UPDATE SKIP LOCKED)
""")

# The token stays: it must never have a value again that it had.
REDRIVE = Statement("""
    UPDATE jobs SET status = 'ready', attempt = 0, due_at = $2, error = '', finished_at = NULL
    WHERE uid IN (SELECT r.uid FROM @rows($1: uid bigint))
""")

SET_ASIDE = Statement("""
    UPDATE jobs SET status = 'unprocessable' WHERE uid IN (SELECT r.uid FROM @rows($1: uid bigint))
""")
