"""The SQL of jobs that another queue carries."""

from retrospec.core.db import Statement

IS_ANY_DUE = Statement("SELECT uid FROM jobs WHERE queue = $1 AND status = 'ready' AND due_at <= $2 LIMIT 1")

DUE = Statement("""
    SELECT uid, id, payload, attempt, lease_token, published_at FROM jobs
    WHERE queue = $1 AND status = 'ready' AND due_at <= $2 ORDER BY due_at, uid LIMIT $3
""")

# No statement on several rows waits for one that another transaction has: it would hold others meanwhile, and two such
# deadlock. What is passed over here is published once more, or gone.
NOTE = Statement("""
    UPDATE jobs SET published_at = r.published_at, due_at = r.due_at, lease_token = jobs.lease_token + r.sent
    FROM @rows($1: uid bigint, token bigint, published_at timestamptz, due_at timestamptz, sent int)
    WHERE jobs.uid = r.uid AND jobs.lease_token = r.token AND jobs.status = 'ready' AND jobs.uid IN (
        SELECT uid FROM jobs WHERE uid IN (SELECT r.uid FROM @rows($1: uid bigint)) @lock(FOR UPDATE SKIP LOCKED)
    )
""")

TAKE_BACK = Statement("""
    UPDATE jobs SET status = 'ready', attempt = attempt + 1, leased_until = NULL, worker = ''
    WHERE uid IN (
        SELECT uid FROM jobs WHERE queue = $1 AND status = 'leased' AND leased_until <= $2
        @lock(FOR UPDATE SKIP LOCKED)
    )
""")

# A worker may be done before the relay has noted that the job was published.
FINISH = Statement("""
    UPDATE jobs SET status = $2, finished_at = $3, error = $4, lease_token = lease_token + 1,
        published_at = COALESCE(published_at, $3)
    WHERE id = $1 AND status IN ('ready', 'failed', 'unprocessable')
""")

POSTPONE = Statement("UPDATE jobs SET due_at = $2, error = $3 WHERE id = $1 AND status = 'ready' AND due_at < $2")

# What is not published is not theirs to give up: it waits for its turn.
GIVE_UP = Statement("""
    UPDATE jobs SET status = 'failed', finished_at = $2, error = $3, lease_token = lease_token + 1
    WHERE uid IN (
        SELECT uid FROM jobs
        WHERE status = 'ready' AND published_at IS NOT NULL AND id IN (SELECT r.id FROM @rows($1: id text))
        @lock(FOR UPDATE SKIP LOCKED)
    )
""")

REOPEN = Statement("""
    UPDATE jobs SET status = 'ready', due_at = $2, error = '', finished_at = NULL
    WHERE uid IN (
        SELECT uid FROM jobs WHERE status = 'failed' AND id IN (SELECT r.id FROM @rows($1: id text))
        @lock(FOR UPDATE SKIP LOCKED)
    )
""")

END_OLDEST = Statement("""
    UPDATE jobs SET status = 'done', finished_at = $4, lease_token = lease_token + 1
    WHERE status = 'ready' AND uid = (
        SELECT uid FROM jobs
        WHERE project_id = $1 AND session_id = $2 AND queue = $3 AND status = 'ready' AND published_at IS NOT NULL
        ORDER BY uid LIMIT 1 @lock(FOR UPDATE)
    )
""")
