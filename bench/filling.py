"""Sessions by the hundred thousand, written by PostgreSQL itself: as they would lie there after days of ingest."""

import asyncpg

# Made in this order. `n` numbers sessions; every session has three markers, of which the hottest issue gets each tenth.
_STEPS = """
    SELECT setseed(0.5);
    SET work_mem = '256MB';
    SET jit = off;

    CREATE TEMP TABLE given AS
    SELECT i AS n, 's-' || i AS session_id, 'user-' || i % 5000 AS user_hash,
           now() - i * interval '{days} days' / {sessions} AS at
    FROM generate_series(1, {sessions}) AS i;

    CREATE TEMP TABLE failures AS
    SELECT g.n, g.session_id, g.user_hash, place, g.at - place * interval '1 second' AS at,
           floor(({issues} + 1) ^ random())::int - 1 AS defect
    FROM given g CROSS JOIN generate_series(0, 2) AS place;

    CREATE TEMP TABLE defects AS
    SELECT d AS defect, kind, kind || ':' || left(md5(d::text), 16) AS key
    FROM generate_series(0, {issues} - 1) AS d,
         LATERAL (SELECT (ARRAY['api_error', 'js_exception', 'ui_no_effect', 'validation_failed'])[d % 4 + 1] AS kind);
    ANALYZE failures;
    ANALYZE defects;

    INSERT INTO sessions (project_id, session_id, site, route, started_at, duration_ms, events_object_key, user_hash,
                          release, environment, tags, revision, jobs_digest, report_status, report_confidence,
                          report_symptom, created_at, updated_at)
    SELECT '{project}', session_id, 'shop.example', '/checkout/' || n % 1000, at, 60000 + n % 60000,
           'session-events/{project}/2026/01/01/shop.example/' || session_id || '.json', user_hash,
           '1.4.2', 'production', '{{"plan": "pro"}}', 1, md5(session_id), {status}, n % 100 / 100.0,
           'The order is refused', at, at
    FROM given ORDER BY n DESC;

    INSERT INTO error_markers (project_id, session_id, marker_id, cluster_key, kind, label, evidence, hint,
                               replay_offset_ms, observed_at, created_at)
    SELECT '{project}', session_id, 'm' || place, key, kind, 'POST /api/orders/' || defect || ' -> 500',
           'status=500 at checkout (orders.js:' || defect || ':7)', kind || ':orders', 900 + place * 1000, at, at
    FROM failures JOIN defects USING (defect) ORDER BY n DESC, place;

    INSERT INTO cluster_members (project_id, cluster_key, session_id, user_hash, marker_count, first_observed_at,
                                 last_observed_at)
    SELECT '{project}', key, session_id, user_hash, count(*), min(at), max(at)
    FROM failures JOIN defects USING (defect) GROUP BY n, key, session_id, user_hash ORDER BY n DESC, key;

    INSERT INTO cluster_users (project_id, cluster_key, user_hash, session_count)
    SELECT '{project}', key, user_hash, count(DISTINCT n) FROM failures JOIN defects USING (defect)
    GROUP BY user_hash, key ORDER BY user_hash, key;

    INSERT INTO cluster_days (project_id, cluster_key, day, marker_count, session_count)
    SELECT project_id, cluster_key, date(first_observed_at AT TIME ZONE 'UTC'), sum(marker_count), count(*)
    FROM cluster_members WHERE project_id = '{project}' GROUP BY 1, 2, 3;

    INSERT INTO issue_clusters (project_id, key, kind, symptom, strategy, strategy_version, session_count, user_count,
                                marker_count, representative_session_id, first_seen_at, last_seen_at, state, assignee,
                                state_note, regressed, promoted_at, promoted_session_count, created_at)
    SELECT '{project}', key, kind, 'POST /api/orders/' || defect || ' -> 500', 'fingerprint', 2, count(*),
           count(DISTINCT user_hash), sum(marker_count), max(session_id), min(first_observed_at),
           max(last_observed_at), 'open', '', '', false, min(first_observed_at), count(*), min(first_observed_at)
    FROM cluster_members JOIN defects ON key = cluster_key WHERE project_id = '{project}' GROUP BY key, kind, defect;

    INSERT INTO kind_hours (project_id, hour, kind, marker_count, session_count, cluster_count, last_seen_at)
    SELECT '{project}', hour, kind, sum(markers), sum(sessions), sum(clusters), to_timestamp(hour * 3600)
    FROM (SELECT extract(epoch FROM at)::int / 3600 AS hour, kind, count(*) AS markers, 0 AS sessions, 0 AS clusters
          FROM failures JOIN defects USING (defect) GROUP BY 1, 2
          UNION ALL
          SELECT extract(epoch FROM at)::int / 3600, kind, 0, count(*), 0
          FROM (SELECT kind, max(at) AS at FROM failures JOIN defects USING (defect) GROUP BY n, kind) AS last
          GROUP BY 1, 2
          UNION ALL
          SELECT extract(epoch FROM last_seen_at)::int / 3600, kind, 0, 0, count(*)
          FROM issue_clusters WHERE project_id = '{project}' GROUP BY 1, 2) AS counted
    GROUP BY hour, kind;

    INSERT INTO session_report_cards (id, project_id, session_id, status, symptom, technical_root_cause, suggested_fix,
                                      text_summary, visual_summary, confidence, generated_at, created_at, updated_at)
    SELECT 'rep_' || n, '{project}', session_id,
           {status}, 'The order is refused', 'The server answers 500', 'Look into orders.js',
           'The visitor pressed "Pay now" and nothing happened', 'The button stays grey', n % 100 / 100.0, at, at, at
    FROM given;

    INSERT INTO session_artifacts (id, project_id, session_id, artifact_type, artifact_key, trigger_kind, status,
                                   windows, generated_at, created_at, updated_at)
    SELECT 'art_' || n, '{project}', session_id, 'analysis_json', 'replay-artifacts/' || session_id || '/analysis.json',
           'api_error', 'ready', '[{{"startMs": 0, "endMs": 8900}}]', at, at, at
    FROM given;

    DROP TABLE given, failures, defects;
"""

_STATUS = """
    (ARRAY['ready', 'ready', 'ready', 'ready', 'ready', 'ready', 'pending', 'pending', 'failed', 'discarded'])
        [n % 10 + 1]
"""


async def fill(
    url: str, *, sessions: int = 100_000, issues: int = 200, days: int = 7, project: str = "proj_default"
) -> None:
    """Fill an empty project, and let PostgreSQL look at what it has. 100,000 sessions take some 10 s.

    Args:
        url: A database with the schema in it.
        sessions: How many, with three markers, a card and an artifact each. They are called `s-1`, `s-2`, …
        issues: How many issues these hit, the hottest most.
        days: Over how many days back they are spread.
        project: Whose.
    """
    db = await asyncpg.connect(url)  # type: ignore[no-untyped-call]
    try:
        await db.execute(_STEPS.format(status=_STATUS, sessions=sessions, issues=issues, days=days, project=project))
        # Outside of a transaction; without it the first reads would write to every page they look at.
        await db.execute("VACUUM (ANALYZE)")
    finally:
        await db.close()
