"""The first schema, and the default project in it.

One history serves both databases: each statement list below is what Tortoise generates for its dialect.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

_POSTGRES = """
CREATE TABLE IF NOT EXISTS "aerich" (
    "id" SERIAL NOT NULL PRIMARY KEY,
    "version" VARCHAR(255) NOT NULL,
    "app" VARCHAR(100) NOT NULL,
    "content" JSONB NOT NULL
);
CREATE TABLE IF NOT EXISTS "server_secrets" (
    "name" VARCHAR(64) NOT NULL PRIMARY KEY,
    "value" VARCHAR(128) NOT NULL
);
CREATE TABLE IF NOT EXISTS "jobs" (
    "uid" BIGSERIAL NOT NULL PRIMARY KEY,
    "id" VARCHAR(64) NOT NULL UNIQUE,
    "queue" VARCHAR(150) NOT NULL,
    "project_id" VARCHAR(64) NOT NULL,
    "session_id" VARCHAR(128) NOT NULL,
    "payload" TEXT NOT NULL,
    "status" VARCHAR(16) NOT NULL,
    "attempt" INT NOT NULL,
    "due_at" TIMESTAMPTZ NOT NULL,
    "leased_until" TIMESTAMPTZ,
    "lease_token" BIGINT NOT NULL,
    "worker" VARCHAR(128) NOT NULL,
    "error" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "published_at" TIMESTAMPTZ,
    "finished_at" TIMESTAMPTZ
);
CREATE INDEX IF NOT EXISTS "idx_jobs_queue_03ff89" ON "jobs" ("queue", "status", "due_at", "uid");
CREATE INDEX IF NOT EXISTS "idx_jobs_status_14f7b4" ON "jobs" ("status", "finished_at");
CREATE INDEX IF NOT EXISTS "idx_jobs_project_405d53" ON "jobs" ("project_id", "session_id", "queue");
CREATE TABLE IF NOT EXISTS "projects" (
    "id" VARCHAR(64) NOT NULL PRIMARY KEY,
    "name" TEXT NOT NULL,
    "site" TEXT NOT NULL,
    "retention_days" INT,
    "clustering_strategy" VARCHAR(64),
    "allowed_origins" JSONB NOT NULL,
    "redact" BOOL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "deleting_at" TIMESTAMPTZ
);
CREATE INDEX IF NOT EXISTS "idx_projects_created_f282c7" ON "projects" ("created_at");
CREATE TABLE IF NOT EXISTS "project_api_keys" (
    "id" VARCHAR(64) NOT NULL PRIMARY KEY,
    "project_id" VARCHAR(64) NOT NULL,
    "label" TEXT NOT NULL,
    "scope" VARCHAR(16) NOT NULL,
    "key_hash" VARCHAR(64) NOT NULL UNIQUE,
    "created_at" TIMESTAMPTZ NOT NULL,
    "expires_at" TIMESTAMPTZ,
    "revoked_at" TIMESTAMPTZ,
    "last_used_at" TIMESTAMPTZ
);
CREATE INDEX IF NOT EXISTS "idx_project_api_project_ace23c" ON "project_api_keys" ("project_id", "created_at");
CREATE TABLE IF NOT EXISTS "error_markers" (
    "uid" BIGSERIAL NOT NULL PRIMARY KEY,
    "project_id" VARCHAR(64) NOT NULL,
    "session_id" VARCHAR(128) NOT NULL,
    "marker_id" VARCHAR(128) NOT NULL,
    "cluster_key" VARCHAR(200) NOT NULL,
    "kind" VARCHAR(32) NOT NULL,
    "label" TEXT NOT NULL,
    "evidence" TEXT NOT NULL,
    "hint" TEXT NOT NULL,
    "replay_offset_ms" BIGINT NOT NULL,
    "observed_at" TIMESTAMPTZ NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    CONSTRAINT "uid_error_marke_project_799c47" UNIQUE ("project_id", "session_id", "marker_id")
);
CREATE INDEX IF NOT EXISTS "idx_error_marke_project_5d0f3f" ON "error_markers" ("project_id", "observed_at", "kind");
CREATE TABLE IF NOT EXISTS "sessions" (
    "uid" BIGSERIAL NOT NULL PRIMARY KEY,
    "project_id" VARCHAR(64) NOT NULL,
    "session_id" VARCHAR(128) NOT NULL,
    "site" TEXT NOT NULL,
    "route" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ NOT NULL,
    "duration_ms" BIGINT NOT NULL,
    "events_object_key" TEXT NOT NULL,
    "user_hash" VARCHAR(64) NOT NULL,
    "release" TEXT NOT NULL,
    "environment" TEXT NOT NULL,
    "tags" JSONB NOT NULL,
    "revision" INT NOT NULL,
    "jobs_digest" VARCHAR(64) NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,
    CONSTRAINT "uid_sessions_project_37b066" UNIQUE ("project_id", "session_id")
);
CREATE INDEX IF NOT EXISTS "idx_sessions_project_5e4904" ON "sessions" ("project_id", "created_at");
CREATE TABLE IF NOT EXISTS "stored_objects" (
    "uid" BIGSERIAL NOT NULL PRIMARY KEY,
    "project_id" VARCHAR(64) NOT NULL,
    "object_key" VARCHAR(1024) NOT NULL,
    "session_id" VARCHAR(128) NOT NULL,
    "kind" VARCHAR(16) NOT NULL,
    "state" VARCHAR(16) NOT NULL,
    "size_bytes" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "failures" INT NOT NULL,
    "last_error" TEXT NOT NULL,
    CONSTRAINT "uid_stored_obje_project_903ee5" UNIQUE ("project_id", "object_key")
);
CREATE INDEX IF NOT EXISTS "idx_stored_obje_project_009e36" ON "stored_objects" ("project_id", "session_id");
CREATE INDEX IF NOT EXISTS "idx_stored_obje_state_d6dc03" ON "stored_objects" ("state", "created_at");
CREATE TABLE IF NOT EXISTS "session_artifacts" (
    "uid" BIGSERIAL NOT NULL PRIMARY KEY,
    "id" VARCHAR(64) NOT NULL,
    "project_id" VARCHAR(64) NOT NULL,
    "session_id" VARCHAR(128) NOT NULL,
    "artifact_type" VARCHAR(64) NOT NULL,
    "artifact_key" TEXT NOT NULL,
    "trigger_kind" VARCHAR(64) NOT NULL,
    "status" VARCHAR(32) NOT NULL,
    "windows" JSONB NOT NULL,
    "generated_at" TIMESTAMPTZ NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,
    CONSTRAINT "uid_session_art_project_178a0a" UNIQUE ("project_id", "session_id", "artifact_type")
);
CREATE TABLE IF NOT EXISTS "session_report_cards" (
    "uid" BIGSERIAL NOT NULL PRIMARY KEY,
    "id" VARCHAR(64) NOT NULL,
    "project_id" VARCHAR(64) NOT NULL,
    "session_id" VARCHAR(128) NOT NULL,
    "status" VARCHAR(16) NOT NULL,
    "symptom" TEXT NOT NULL,
    "technical_root_cause" TEXT NOT NULL,
    "suggested_fix" TEXT NOT NULL,
    "text_summary" TEXT NOT NULL,
    "visual_summary" TEXT NOT NULL,
    "confidence" DOUBLE PRECISION NOT NULL,
    "generated_at" TIMESTAMPTZ NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,
    CONSTRAINT "uid_session_rep_project_e77eaf" UNIQUE ("project_id", "session_id")
);
CREATE TABLE IF NOT EXISTS "cluster_aliases" (
    "uid" BIGSERIAL NOT NULL PRIMARY KEY,
    "project_id" VARCHAR(64) NOT NULL,
    "source_key" VARCHAR(200) NOT NULL,
    "target_key" VARCHAR(200) NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    CONSTRAINT "uid_cluster_ali_project_5d6b8f" UNIQUE ("project_id", "source_key")
);
CREATE INDEX IF NOT EXISTS "idx_cluster_ali_project_d49787" ON "cluster_aliases" ("project_id", "target_key");
CREATE TABLE IF NOT EXISTS "cluster_days" (
    "uid" BIGSERIAL NOT NULL PRIMARY KEY,
    "project_id" VARCHAR(64) NOT NULL,
    "cluster_key" VARCHAR(200) NOT NULL,
    "day" DATE NOT NULL,
    "marker_count" BIGINT NOT NULL,
    "session_count" INT NOT NULL,
    CONSTRAINT "uid_cluster_day_project_73fcb9" UNIQUE ("project_id", "cluster_key", "day")
);
CREATE TABLE IF NOT EXISTS "cluster_members" (
    "uid" BIGSERIAL NOT NULL PRIMARY KEY,
    "project_id" VARCHAR(64) NOT NULL,
    "cluster_key" VARCHAR(200) NOT NULL,
    "session_id" VARCHAR(128) NOT NULL,
    "user_hash" VARCHAR(64) NOT NULL,
    "marker_count" INT NOT NULL,
    "first_observed_at" TIMESTAMPTZ NOT NULL,
    "last_observed_at" TIMESTAMPTZ NOT NULL,
    CONSTRAINT "uid_cluster_mem_project_98f153" UNIQUE ("project_id", "cluster_key", "session_id")
);
CREATE INDEX IF NOT EXISTS "idx_cluster_mem_project_987a30" ON "cluster_members" ("project_id", "cluster_key", "last_observed_at");
CREATE INDEX IF NOT EXISTS "idx_cluster_mem_project_f850a1" ON "cluster_members" ("project_id", "cluster_key", "user_hash");
CREATE INDEX IF NOT EXISTS "idx_cluster_mem_project_138f8b" ON "cluster_members" ("project_id", "session_id");
CREATE TABLE IF NOT EXISTS "cluster_users" (
    "uid" BIGSERIAL NOT NULL PRIMARY KEY,
    "project_id" VARCHAR(64) NOT NULL,
    "cluster_key" VARCHAR(200) NOT NULL,
    "user_hash" VARCHAR(64) NOT NULL,
    CONSTRAINT "uid_cluster_use_project_342729" UNIQUE ("project_id", "cluster_key", "user_hash")
);
CREATE TABLE IF NOT EXISTS "issue_activities" (
    "uid" BIGSERIAL NOT NULL PRIMARY KEY,
    "id" VARCHAR(64) NOT NULL,
    "project_id" VARCHAR(64) NOT NULL,
    "cluster_key" VARCHAR(200) NOT NULL,
    "kind" VARCHAR(32) NOT NULL,
    "session_id" VARCHAR(128) NOT NULL,
    "note" TEXT NOT NULL,
    "metadata" TEXT NOT NULL,
    "created_by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL
);
CREATE INDEX IF NOT EXISTS "idx_issue_activ_project_37a356" ON "issue_activities" ("project_id", "cluster_key", "created_at");
CREATE TABLE IF NOT EXISTS "issue_clusters" (
    "uid" BIGSERIAL NOT NULL PRIMARY KEY,
    "project_id" VARCHAR(64) NOT NULL,
    "key" VARCHAR(200) NOT NULL,
    "kind" VARCHAR(32) NOT NULL,
    "symptom" TEXT NOT NULL,
    "strategy" VARCHAR(64) NOT NULL,
    "strategy_version" INT NOT NULL,
    "session_count" INT NOT NULL,
    "user_count" INT NOT NULL,
    "marker_count" BIGINT NOT NULL,
    "representative_session_id" VARCHAR(128) NOT NULL,
    "first_seen_at" TIMESTAMPTZ NOT NULL,
    "last_seen_at" TIMESTAMPTZ NOT NULL,
    "state" VARCHAR(16) NOT NULL,
    "assignee" TEXT NOT NULL,
    "state_note" TEXT NOT NULL,
    "state_updated_at" TIMESTAMPTZ,
    "muted_until" TIMESTAMPTZ,
    "muted_until_sessions" INT,
    "regressed" BOOL NOT NULL,
    "promoted_at" TIMESTAMPTZ,
    "promoted_session_count" INT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    CONSTRAINT "uid_issue_clust_project_c9aace" UNIQUE ("project_id", "key")
);
CREATE INDEX IF NOT EXISTS "idx_issue_clust_project_668f82" ON "issue_clusters" ("project_id", "state", "last_seen_at", "uid");
CREATE TABLE IF NOT EXISTS "alert_deliveries" (
    "uid" BIGSERIAL NOT NULL PRIMARY KEY,
    "id" VARCHAR(64) NOT NULL UNIQUE,
    "alert_id" VARCHAR(64) NOT NULL,
    "project_id" VARCHAR(64) NOT NULL,
    "cluster_key" VARCHAR(200) NOT NULL,
    "event" VARCHAR(64) NOT NULL,
    "sink" VARCHAR(64) NOT NULL,
    "body" JSONB NOT NULL,
    "status" VARCHAR(16) NOT NULL,
    "attempts" INT NOT NULL,
    "last_error" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "finished_at" TIMESTAMPTZ
);
CREATE INDEX IF NOT EXISTS "idx_alert_deliv_project_32b28e" ON "alert_deliveries" ("project_id", "cluster_key", "event", "created_at");
CREATE INDEX IF NOT EXISTS "idx_alert_deliv_status_e2ebca" ON "alert_deliveries" ("status", "created_at");
CREATE TABLE IF NOT EXISTS "schedules" (
    "name" VARCHAR(64) NOT NULL PRIMARY KEY,
    "started_at" TIMESTAMPTZ NOT NULL
);
CREATE TABLE IF NOT EXISTS "counter_totals" (
    "uid" BIGSERIAL NOT NULL PRIMARY KEY,
    "name" VARCHAR(128) NOT NULL,
    "labels" VARCHAR(512) NOT NULL,
    "value" DOUBLE PRECISION NOT NULL,
    CONSTRAINT "uid_counter_tot_name_b8f708" UNIQUE ("name", "labels")
);

"""

_SQLITE = """
CREATE TABLE IF NOT EXISTS "aerich" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "version" VARCHAR(255) NOT NULL,
    "app" VARCHAR(100) NOT NULL,
    "content" JSON NOT NULL
);
CREATE TABLE IF NOT EXISTS "server_secrets" (
    "name" VARCHAR(64) NOT NULL PRIMARY KEY,
    "value" VARCHAR(128) NOT NULL
);
CREATE TABLE IF NOT EXISTS "jobs" (
    "uid" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "id" VARCHAR(64) NOT NULL UNIQUE,
    "queue" VARCHAR(150) NOT NULL,
    "project_id" VARCHAR(64) NOT NULL,
    "session_id" VARCHAR(128) NOT NULL,
    "payload" TEXT NOT NULL,
    "status" VARCHAR(16) NOT NULL,
    "attempt" INT NOT NULL,
    "due_at" TIMESTAMP NOT NULL,
    "leased_until" TIMESTAMP,
    "lease_token" BIGINT NOT NULL,
    "worker" VARCHAR(128) NOT NULL,
    "error" TEXT NOT NULL,
    "created_at" TIMESTAMP NOT NULL,
    "published_at" TIMESTAMP,
    "finished_at" TIMESTAMP
);
CREATE INDEX IF NOT EXISTS "idx_jobs_queue_03ff89" ON "jobs" ("queue", "status", "due_at", "uid");
CREATE INDEX IF NOT EXISTS "idx_jobs_status_14f7b4" ON "jobs" ("status", "finished_at");
CREATE INDEX IF NOT EXISTS "idx_jobs_project_405d53" ON "jobs" ("project_id", "session_id", "queue");
CREATE TABLE IF NOT EXISTS "projects" (
    "id" VARCHAR(64) NOT NULL PRIMARY KEY,
    "name" TEXT NOT NULL,
    "site" TEXT NOT NULL,
    "retention_days" INT,
    "clustering_strategy" VARCHAR(64),
    "allowed_origins" JSON NOT NULL,
    "redact" INT,
    "created_at" TIMESTAMP NOT NULL,
    "deleting_at" TIMESTAMP
);
CREATE INDEX IF NOT EXISTS "idx_projects_created_f282c7" ON "projects" ("created_at");
CREATE TABLE IF NOT EXISTS "project_api_keys" (
    "id" VARCHAR(64) NOT NULL PRIMARY KEY,
    "project_id" VARCHAR(64) NOT NULL,
    "label" TEXT NOT NULL,
    "scope" VARCHAR(16) NOT NULL,
    "key_hash" VARCHAR(64) NOT NULL UNIQUE,
    "created_at" TIMESTAMP NOT NULL,
    "expires_at" TIMESTAMP,
    "revoked_at" TIMESTAMP,
    "last_used_at" TIMESTAMP
);
CREATE INDEX IF NOT EXISTS "idx_project_api_project_ace23c" ON "project_api_keys" ("project_id", "created_at");
CREATE TABLE IF NOT EXISTS "error_markers" (
    "uid" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "project_id" VARCHAR(64) NOT NULL,
    "session_id" VARCHAR(128) NOT NULL,
    "marker_id" VARCHAR(128) NOT NULL,
    "cluster_key" VARCHAR(200) NOT NULL,
    "kind" VARCHAR(32) NOT NULL,
    "label" TEXT NOT NULL,
    "evidence" TEXT NOT NULL,
    "hint" TEXT NOT NULL,
    "replay_offset_ms" BIGINT NOT NULL,
    "observed_at" TIMESTAMP NOT NULL,
    "created_at" TIMESTAMP NOT NULL,
    CONSTRAINT "uid_error_marke_project_799c47" UNIQUE ("project_id", "session_id", "marker_id")
);
CREATE INDEX IF NOT EXISTS "idx_error_marke_project_5d0f3f" ON "error_markers" ("project_id", "observed_at", "kind");
CREATE TABLE IF NOT EXISTS "sessions" (
    "uid" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "project_id" VARCHAR(64) NOT NULL,
    "session_id" VARCHAR(128) NOT NULL,
    "site" TEXT NOT NULL,
    "route" TEXT NOT NULL,
    "started_at" TIMESTAMP NOT NULL,
    "duration_ms" BIGINT NOT NULL,
    "events_object_key" TEXT NOT NULL,
    "user_hash" VARCHAR(64) NOT NULL,
    "release" TEXT NOT NULL,
    "environment" TEXT NOT NULL,
    "tags" JSON NOT NULL,
    "revision" INT NOT NULL,
    "jobs_digest" VARCHAR(64) NOT NULL,
    "created_at" TIMESTAMP NOT NULL,
    "updated_at" TIMESTAMP NOT NULL,
    CONSTRAINT "uid_sessions_project_37b066" UNIQUE ("project_id", "session_id")
);
CREATE INDEX IF NOT EXISTS "idx_sessions_project_5e4904" ON "sessions" ("project_id", "created_at");
CREATE TABLE IF NOT EXISTS "stored_objects" (
    "uid" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "project_id" VARCHAR(64) NOT NULL,
    "object_key" VARCHAR(1024) NOT NULL,
    "session_id" VARCHAR(128) NOT NULL,
    "kind" VARCHAR(16) NOT NULL,
    "state" VARCHAR(16) NOT NULL,
    "size_bytes" BIGINT NOT NULL,
    "created_at" TIMESTAMP NOT NULL,
    "failures" INT NOT NULL,
    "last_error" TEXT NOT NULL,
    CONSTRAINT "uid_stored_obje_project_903ee5" UNIQUE ("project_id", "object_key")
);
CREATE INDEX IF NOT EXISTS "idx_stored_obje_project_009e36" ON "stored_objects" ("project_id", "session_id");
CREATE INDEX IF NOT EXISTS "idx_stored_obje_state_d6dc03" ON "stored_objects" ("state", "created_at");
CREATE TABLE IF NOT EXISTS "session_artifacts" (
    "uid" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "id" VARCHAR(64) NOT NULL,
    "project_id" VARCHAR(64) NOT NULL,
    "session_id" VARCHAR(128) NOT NULL,
    "artifact_type" VARCHAR(64) NOT NULL,
    "artifact_key" TEXT NOT NULL,
    "trigger_kind" VARCHAR(64) NOT NULL,
    "status" VARCHAR(32) NOT NULL,
    "windows" JSON NOT NULL,
    "generated_at" TIMESTAMP NOT NULL,
    "created_at" TIMESTAMP NOT NULL,
    "updated_at" TIMESTAMP NOT NULL,
    CONSTRAINT "uid_session_art_project_178a0a" UNIQUE ("project_id", "session_id", "artifact_type")
);
CREATE TABLE IF NOT EXISTS "session_report_cards" (
    "uid" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "id" VARCHAR(64) NOT NULL,
    "project_id" VARCHAR(64) NOT NULL,
    "session_id" VARCHAR(128) NOT NULL,
    "status" VARCHAR(16) NOT NULL,
    "symptom" TEXT NOT NULL,
    "technical_root_cause" TEXT NOT NULL,
    "suggested_fix" TEXT NOT NULL,
    "text_summary" TEXT NOT NULL,
    "visual_summary" TEXT NOT NULL,
    "confidence" REAL NOT NULL,
    "generated_at" TIMESTAMP NOT NULL,
    "created_at" TIMESTAMP NOT NULL,
    "updated_at" TIMESTAMP NOT NULL,
    CONSTRAINT "uid_session_rep_project_e77eaf" UNIQUE ("project_id", "session_id")
);
CREATE TABLE IF NOT EXISTS "cluster_aliases" (
    "uid" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "project_id" VARCHAR(64) NOT NULL,
    "source_key" VARCHAR(200) NOT NULL,
    "target_key" VARCHAR(200) NOT NULL,
    "created_at" TIMESTAMP NOT NULL,
    CONSTRAINT "uid_cluster_ali_project_5d6b8f" UNIQUE ("project_id", "source_key")
);
CREATE INDEX IF NOT EXISTS "idx_cluster_ali_project_d49787" ON "cluster_aliases" ("project_id", "target_key");
CREATE TABLE IF NOT EXISTS "cluster_days" (
    "uid" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "project_id" VARCHAR(64) NOT NULL,
    "cluster_key" VARCHAR(200) NOT NULL,
    "day" DATE NOT NULL,
    "marker_count" BIGINT NOT NULL,
    "session_count" INT NOT NULL,
    CONSTRAINT "uid_cluster_day_project_73fcb9" UNIQUE ("project_id", "cluster_key", "day")
);
CREATE TABLE IF NOT EXISTS "cluster_members" (
    "uid" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "project_id" VARCHAR(64) NOT NULL,
    "cluster_key" VARCHAR(200) NOT NULL,
    "session_id" VARCHAR(128) NOT NULL,
    "user_hash" VARCHAR(64) NOT NULL,
    "marker_count" INT NOT NULL,
    "first_observed_at" TIMESTAMP NOT NULL,
    "last_observed_at" TIMESTAMP NOT NULL,
    CONSTRAINT "uid_cluster_mem_project_98f153" UNIQUE ("project_id", "cluster_key", "session_id")
);
CREATE INDEX IF NOT EXISTS "idx_cluster_mem_project_987a30" ON "cluster_members" ("project_id", "cluster_key", "last_observed_at");
CREATE INDEX IF NOT EXISTS "idx_cluster_mem_project_f850a1" ON "cluster_members" ("project_id", "cluster_key", "user_hash");
CREATE INDEX IF NOT EXISTS "idx_cluster_mem_project_138f8b" ON "cluster_members" ("project_id", "session_id");
CREATE TABLE IF NOT EXISTS "cluster_users" (
    "uid" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "project_id" VARCHAR(64) NOT NULL,
    "cluster_key" VARCHAR(200) NOT NULL,
    "user_hash" VARCHAR(64) NOT NULL,
    CONSTRAINT "uid_cluster_use_project_342729" UNIQUE ("project_id", "cluster_key", "user_hash")
);
CREATE TABLE IF NOT EXISTS "issue_activities" (
    "uid" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "id" VARCHAR(64) NOT NULL,
    "project_id" VARCHAR(64) NOT NULL,
    "cluster_key" VARCHAR(200) NOT NULL,
    "kind" VARCHAR(32) NOT NULL,
    "session_id" VARCHAR(128) NOT NULL,
    "note" TEXT NOT NULL,
    "metadata" JSON NOT NULL,
    "created_by" TEXT NOT NULL,
    "created_at" TIMESTAMP NOT NULL
);
CREATE INDEX IF NOT EXISTS "idx_issue_activ_project_37a356" ON "issue_activities" ("project_id", "cluster_key", "created_at");
CREATE TABLE IF NOT EXISTS "issue_clusters" (
    "uid" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "project_id" VARCHAR(64) NOT NULL,
    "key" VARCHAR(200) NOT NULL,
    "kind" VARCHAR(32) NOT NULL,
    "symptom" TEXT NOT NULL,
    "strategy" VARCHAR(64) NOT NULL,
    "strategy_version" INT NOT NULL,
    "session_count" INT NOT NULL,
    "user_count" INT NOT NULL,
    "marker_count" BIGINT NOT NULL,
    "representative_session_id" VARCHAR(128) NOT NULL,
    "first_seen_at" TIMESTAMP NOT NULL,
    "last_seen_at" TIMESTAMP NOT NULL,
    "state" VARCHAR(16) NOT NULL,
    "assignee" TEXT NOT NULL,
    "state_note" TEXT NOT NULL,
    "state_updated_at" TIMESTAMP,
    "muted_until" TIMESTAMP,
    "muted_until_sessions" INT,
    "regressed" INT NOT NULL,
    "promoted_at" TIMESTAMP,
    "promoted_session_count" INT NOT NULL,
    "created_at" TIMESTAMP NOT NULL,
    CONSTRAINT "uid_issue_clust_project_c9aace" UNIQUE ("project_id", "key")
);
CREATE INDEX IF NOT EXISTS "idx_issue_clust_project_668f82" ON "issue_clusters" ("project_id", "state", "last_seen_at", "uid");
CREATE TABLE IF NOT EXISTS "alert_deliveries" (
    "uid" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "id" VARCHAR(64) NOT NULL UNIQUE,
    "alert_id" VARCHAR(64) NOT NULL,
    "project_id" VARCHAR(64) NOT NULL,
    "cluster_key" VARCHAR(200) NOT NULL,
    "event" VARCHAR(64) NOT NULL,
    "sink" VARCHAR(64) NOT NULL,
    "body" JSON NOT NULL,
    "status" VARCHAR(16) NOT NULL,
    "attempts" INT NOT NULL,
    "last_error" TEXT NOT NULL,
    "created_at" TIMESTAMP NOT NULL,
    "finished_at" TIMESTAMP
);
CREATE INDEX IF NOT EXISTS "idx_alert_deliv_project_32b28e" ON "alert_deliveries" ("project_id", "cluster_key", "event", "created_at");
CREATE INDEX IF NOT EXISTS "idx_alert_deliv_status_e2ebca" ON "alert_deliveries" ("status", "created_at");
CREATE TABLE IF NOT EXISTS "schedules" (
    "name" VARCHAR(64) NOT NULL PRIMARY KEY,
    "started_at" TIMESTAMP NOT NULL
);
CREATE TABLE IF NOT EXISTS "counter_totals" (
    "uid" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "name" VARCHAR(128) NOT NULL,
    "labels" VARCHAR(512) NOT NULL,
    "value" REAL NOT NULL,
    CONSTRAINT "uid_counter_tot_name_b8f708" UNIQUE ("name", "labels")
);
"""

_DEFAULT_PROJECT = """
INSERT INTO "projects" ("id", "name", "site", "allowed_origins", "created_at")
VALUES ('proj_default', 'Default Project', 'default.local', '[]', '2026-01-01 00:00:00+00:00')
ON CONFLICT DO NOTHING;
"""

_DROP = """
DROP TABLE IF EXISTS "server_secrets";
DROP TABLE IF EXISTS "jobs";
DROP TABLE IF EXISTS "projects";
DROP TABLE IF EXISTS "project_api_keys";
DROP TABLE IF EXISTS "error_markers";
DROP TABLE IF EXISTS "sessions";
DROP TABLE IF EXISTS "stored_objects";
DROP TABLE IF EXISTS "session_artifacts";
DROP TABLE IF EXISTS "session_report_cards";
DROP TABLE IF EXISTS "cluster_aliases";
DROP TABLE IF EXISTS "cluster_days";
DROP TABLE IF EXISTS "cluster_members";
DROP TABLE IF EXISTS "cluster_users";
DROP TABLE IF EXISTS "issue_activities";
DROP TABLE IF EXISTS "issue_clusters";
DROP TABLE IF EXISTS "alert_deliveries";
DROP TABLE IF EXISTS "schedules";
DROP TABLE IF EXISTS "counter_totals";
"""


async def upgrade(db: BaseDBAsyncClient) -> str:
    """The statements that build the schema, in the dialect of the connection."""
    return (_SQLITE if db.capabilities.dialect == "sqlite" else _POSTGRES) + _DEFAULT_PROJECT


async def downgrade(db: BaseDBAsyncClient) -> str:
    """The statements that remove it, with everything in it."""
    return _DROP


MODELS_STATE = (
    "eJztXVFz2zYS/isYvSQ3o/MkSuzkMjc3Iztq454TZ2zn2mknw4FISEJNESoAStH18t8PAE"
    "mJpECakEWaYvHSxuQuSX0gF7vfLhZ/9ubEQz47GSKK3VnvHfizF8A5Ev/InemDHlwstsfl"
    "AQ7HvhKFW5kx4xS6XBydQJ8hcchDzKV4wTEJxNEg9H15kLhCEAfT7aEwwH+EyOFkivgMUX"
    "Hit6/iMA489A2x5M/FvTPByPcyj4o9eW913OHrhTp2GfAflKC829hxiR/Og63wYs1nJNhI"
    "44DLo1MUIAo5kpfnNJSPL58u/p3JL4qedCsSPWJKx0MTGPo89XPHzvZYz3E+Xd85t6M7x+"
    "kZAOSSQIIrHpWpXz+Vj/D3wcvXb16/fXX2+q0QUY+5OfLme3TrLTCRooLn013vuzoPOYwk"
    "FMZbUJeIMvlIO8hezCDVQ5tSyeErHjyPb4JmGcDJgS3C27eqCYjn8Jvjo2DK5acxOD0tAf"
    "Q/w5uLD8Ob50Lqb/KWRHwG0dfxKT41iM5J1Lcoy4/KAOFYvIPovnzxogK6QqoQXXUui664"
    "I0fRp51F+Kfb6096hFMqOZQ97HLwP+BjtmMrjgDtEnAlGPLKc8b+8NOYPv84/CUP98XV9b"
    "kChzA+peoq6gLnAnppoCf3KWsiD4yhe7+C1HN2zpABKZLdPTUfzPNHYACnCkj5i+Xvi6es"
    "W0SFJbpFLkVcN6VlzpdObExJOkyJskoTXG8IKAw8MgdL6IcI8BnkAImrrMGCEhcxBsgEwA"
    "BgMTxQvC5SDzDxxSN20ssN5aMv9ohJVf3fwDQl8oexTU87tWYs09nrCobp7HWhXZKnHphq"
    "5eAaTbSJQhcngsHbKhPB4G3xRCDPtcYa/UTGOiMkD5fant/JuKLFuQ4QWGDkImkMVoTen4"
    "CfKeZiGgMrzGdgJa0G5mBCfJ+sGJhQMu8DcUMkXhHAyFwYFiz+AyccUSmIGfBIgHbNUa13"
    "ethW/dYTAtGLL8wdDxU+ntCByo6HwrUXGr+lTk5wgNkMeVJCnRJm83fkcieKApiwoALE+K"
    "/o4l8LLWKoizPO8bQw1Ag7Fmv8YzB49erN4MWrs7enr9+8OX37YhN07J4qiz7OL3+UAUjm"
    "+304ItHBX2wjtdjb2SiZjbawbr6pqshuFLo4+5xWCkNOS8KQ050wJGt0qsKc1eog1od/lb"
    "P2vCrQWa3mgO71jsuhyrzScO0TqIH5Dn0rmA1TKp14mUtAvRv9clceUc/X8Zmr608/JuL5"
    "MDv3cqe8moov9kajwZeaIuitG3qzz6q82GfF7/XZDh0nfNn5QkMYFfp4KY2H/bxDgfyiXj"
    "/vkZzyFs6tb55F873AQwYCeki3WnkGLlY7Sf7RMatx+XF0ezf8+DljOt4P70byzCBjNpKj"
    "z/Nv9+Yi4OfLuw9A/gl+vf40ynN2G7m7X3vymWDIiROQlQO9NCbJ4eRQZnh9BJmIrcKAY9"
    "90kPO6Bxjq2Cm3I13TSIvQ/B5pEkJlIXBOsTMmspFQeIu/5FoQNZn7txrWoa3i0CJKiQbg"
    "Ynd2o9ABfJt2ZV3hJPKIlTOcNrKa1j9o9ayxCMf+hn41HOi8rvUP2jzSaZ7dcKBzqnac2z"
    "bOLcmjfY7o0J4ml5ac6pfl02I61SCnxjBHgFCZavdCl5+Akcy885kYbCCujmT2aiaeHcAF"
    "pByM1wBzBrCnz5s96moHLo6zWZOD5/D15RLF7uNhyyVabOJqoULFt2QCdiJvwd4DbIpkQZ"
    "xMkHhwreGfC2P/XcW9wv+WTeeH5khdP2QcyVs68jYcTdcmBrtAfa83vW1I15wthLJIRTie"
    "hOIpDjRvdnGVqEa1+WrR3j8nYeCqkr9xiH0uHuRE3u9fT0ATHKyGNGt5POhqAopzQnwEgy"
    "KrkyjlRmQstI7vIyijDq+vrzKYn1/mzfmXj+ejm+cv1QAIITkN6o3QUREyTfqRxx69ZdJx"
    "shBPzhR75OSyqjZKb9s4tytKHy7wv9G6VxyrxwL9ChG7AxfYuUfryvX3QravClRn2J0BEv"
    "hrIIJmcPth+PfB6ZmMs+/RguuK7Q00q1SrZiu4UpayuMbURusHdPWKo3VbkdeQjy1+N9LU"
    "BhSH6huFTsDbODHikoVRLe9GoRNw110eJuYHZwbZzAThtI611A8ajOOKRFpjTI7BRc2UW3"
    "xbYHG5PYY5q2kDkTaPMkVLcr/Xx5zVtKPc5lH2IeNOyPYa57yuHem2jXRLiIWRLLf7CFVR"
    "o4ZWSJ/ul5EKqmzPmSvJyozCBGI/pAhADkiAwJzMUcDV0nsQLx46AZcqWy85gujNUytica"
    "AIhERIQzkc8tIaTqJ8xWsEg/zj6wPkBRmrXgjJZ3ovRO1K2daulLX0hl1w+KSRdx0V2ltj"
    "ZQB1RskiXQ3puKZAku4mWOfUOoj2oFKTqkFJk6rBbpMqNZcawJzIdxDfV4MK8L4aFKIrT1"
    "n++Qn5Z7TEHgpco+K8tI5dS2MM+QzrGtwVw53IW6j3qIRc+HDtkMmEIe7MNRVjZTGOTru5"
    "9ZAdiXm2g5GLSE1Ip5yqTRW0jnSyGaG/xDC3hFu8jeLxnrZXKEtaGpe1CVVCBkuLlphhni"
    "b2JJXn+hgF/Bnra2i+mJvRLy161NXMSMOHeMJKRU6WHrT0YCvsp6UHu0Na2TVhTUZCJDRD"
    "e6Ng4d6v9RvdzwXOaloXuHUucLZdGlUd3I2phZyiZRX2ZhXQUjjNzCFj5epoEyBlTKZG2f"
    "JsxuYuZIga19lmlDoAet2+KUWqN5vRJL5V6QDAjedGgiWmJJhrN6QpMSpZNQu8MfAcTo0W"
    "dyfy7VjRLW/boRXdkqvS7SpWkjbZqjTn2Lys16s5WPcIuUuI4+EpYhqjUjxZ5tQ6YFTsuh"
    "Qbgh0gBAsX3p7DnNW0w9y6YW5LsokTirzrcVEzu8z5fmnaSUnG4WbVWvYARPIgqR8XFxEP"
    "+g7cC6wCMEMUgTGaiCvH+zOtog2e+kAcmxK111Nm+6ZocydNaXudd6qQtEpF4Q8lrdL5rW"
    "T/KPWF2mxWaygam816cheojBQrBvqp2LDmslkvBlWglmIle9cObPLwCZOHtga7xq4Jm+m0"
    "8jucKDQYly5Q4EmQjhVj/F/kjNccGWaOsnp2e479skaWHCgckGOPGjNd7qO1uiY9cNMqnf"
    "m6DsZeqtX/xjuvZLU6wF02kRBpC/sRuadDyvEEFhAgOZF+hdJbB8bSJltmR434o7X20XZJ"
    "fYBOpieKrRA/wF8zzGTLfgjkEiXyTq3QF+IIujMgx0kyFamF+jscSH23MV7qnwAUfSh5Rs"
    "SSGy0lN56uH2SrgpLDkxmWNbI10J2jMbJG3gDuHcUOIl7DBgIJaoZ1gnk968Ka1/RQPJ3K"
    "XhOGxF1ez77nVUz4Uew83hjAh+9SsRK/i6yMitRSKu2oU+vUziMb0Pag9PK6ltRrNalnud"
    "u/xDDbwq7ODnO7qM0btCCUX4jL9YrJzZRQvwq9SZW84wqFigzn7Xq+4GTeBy4MmeQZPTDB"
    "3zKNRZ8xkKQnToCkKh9gMw9zycf1G7BEpSUq22U9LVHZEaAtUdlgswbLKNRcDxTN1SasZE"
    "rFEpLmhCRyZwF2oe9QQqSnFpqtrS3St0Nh3i0jnMqFbSJkE+6p0ReQV7Tg7/EdfOMOC+dz"
    "SI1yInk9C70x9EvMQmE/9gB/V9PCbwy/uP2kqPvxDz6BBdhn1XK4T6ReXci/OKmrTrAE+v"
    "fXX86vRuDzzeji8vYypu43FJI6qSiAzWbVN6PhlWXnD/XiHwOfZ9n5v9wwW3a+s8PcEnb+"
    "ItqcZOhjGAGYI+Yz5/tlnHyyzQmUoqjyHmJzRMWDgVj7GYs2G5cketStVx0W/4YcYM5AvE"
    "MZ+J3gAEwomUuxAOg3ETvotasQ9CSkLqq0tppD8WipZdiWvG8heW855qY45u2HYwB0VquD"
    "QNeyr1LK8hhgndWyWFfD2rrp1n9rxH97D9cl3ps8W8l38+C6ouP2gawAmaheNBtHagUZmG"
    "G5YataqiUu1pdNbr7cXew6Z3voV3DAclvtiSvYSgnrbB2ZZay9ZZ/dxrJBF8CDGpTl3K9H"
    "ORYvm/CPEOcy4ltM4PodbV0S6loCl5nkvGZnWgs03Lgjqd4pGILitil5vc4MwKN6O7TLV/"
    "yI5mPlPhW5i7FAJY9xrmQrs33xC6LcvI3jp6PuigXN3UCTfbqymqqlRnpbxK+yD2Kpyrbf"
    "vkY2/yTWEbWOaHtnbeuIdskRtXW8zdXx2p1aGjAf5WFCC2OE+mfOg3Ugm2Ca83x2AC7nr7"
    "UXsDR262jsnbZzjxhznb4d8tYNebui0S+sNBZVp/tVIlE5fVaOQ6VwP+64P16LCFM4k8gD"
    "cvYFJPDX/VzgCe6Q7zO1VzQJOVCTh3hHwGqmglAhKa8o2/EHaAU4AVizJ3VztzWPkVNhq0"
    "2Y2Dj1qAyyjVO7FKceU+x0ZC91S2b+S8ZCNHQ5XmKuLVvICpTO/liKOjCSxVXLTm/JXEyM"
    "ciZVxZ8zcX3xdnhyBoUBUNd8B1S7feDOYDBFrA8oko6XJEPEHxOEPAlGP6oxFUfYwsecab"
    "pD1HorzURvxnDbrXyOYKa3TSRsE4njBtq6UE26UHbbnhqbUh5XHqUhdr+WLEpAdPsjFS/X"
    "TuQ7gG7Ti7SFjwql+7EL90+MBBLy3TxKSqUdrVaPdktwNUb6lQNjo4YFWS37HZg3K7ALNm"
    "zao37yI05u9Iq4j+R8/2HqI3aRK2c+4j6UERsReyVMNqsk0aY8amtiJvwYdAKGMUEhzrnJ"
    "bsRCZC7mWa8v0xQw8LB8peMNi3Upj9rvVyHXUWmz42RzRZXFZAgF8acc2mK9FlMjNoJvKI"
    "I3jNxtxG4j9tZE7EfS9PGJnLdaeg1yCc7UbDl/SqcToNe//0wEmLMU/p98th2wixfqaFRt"
    "IaRdCdUktCpnb4prVsmCmgfVrp186rWTFC0oYigQ8SReIme/dEHpRTrA6zWQPYgq0FOBvH"
    "n5ekrZEnqtI/R2Stf3HOu8rh3qVg/1hqirHlfAxvOCG6ayIQN68I0SoJhwpgEyyr+mdTow"
    "RzUfMwtkHNOkd1bLwr4n7Pt32tXpH2AKial8O4McfgaZh3Kk5FIa33Swc6p2nI9knJMISr"
    "O3UnFAXKC+V2DcsmE+NO0QV6wjXTKUEB/BoCjOTenlgB0Lxbpmr82RZj+h8+vrq8zXc36Z"
    "n6G+fDwfCV9NfTbb3R52EU/y4nvMWDlVa8TabMQ2g7UvE118gc4wfAczY7b8q7PfVEvKv4"
    "Y+ovw98vESUe3at6xAv6wADEpRMdJKtvLaN7n9sNJUmxDLKiyGg/vd0q0SuUevOkNLFBmb"
    "9PIz2S5tu52lXZjWmtxGGxemPS34NSf2ow/bDNy0jq2esGv/2gO0XfvXZCXhZmqtivNGoY"
    "MI11BzJXwgo+RTLG/BrQDumHgaEyGXV+nBTeSbX372NIHWoxeayQvo8h/t33O+t0CBJ2Fr"
    "5NWuIZ/KOZovuAn/nFaxVE2eqlFVG4hSQnchLc6WZrVsttQukGxmKI6BIcsWzwWYzfbs/J"
    "pRtdmFto1zS5jQW1e8JKH6yTsk6OZcv4z/ZLFUReLz55nabSzR8sACIxfJpagrQu/V7mNy"
    "egBjNA2DvuzPuZphIbxEVK5CdRFjgBNyr+3teeiLP0yxFpKi6v8G7lwib4m5ggClmP8Unj"
    "Ddu2qI2tnQWskHuyTLZC2id4RDX2cpM+dLraUbSQqTIkQNckVM5ZakJYMgvkYfyIyQPDAT"
    "MTaZUjh/xsA4dO8RZ+KkNGrQ9xPDJrQZliv65a7bWLwl4hyUt9Anneq+obZhQGIExeckgb"
    "NNkI8kA/W0k12r+LhaVtHE34MBwluNBsPrP783QwydvqyyOl1IFWKszmUxXkI/1LzEP/gE"
    "FhiRjUYO4olUqY0ZOqmLGyqB9P31l/OrEfh8M7q4vL2M6c+Nc6BOykPbSrmb0fDqqVsdf/"
    "8/tp3uXQ=="
)
