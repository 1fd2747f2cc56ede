"""Every setting, its default and its limits. Environment goes before the TOML file, the file before defaults."""

import ipaddress
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, Field, SecretStr, field_validator, model_validator

from retrospec.core.connecting import APPLICATION_NAME
from retrospec.core.postgres_url import SslMode
from retrospec.core.settings_database import check_database, database_options, database_url

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Access = Literal["none", "write", "full"]
PLUGIN_SECTIONS = ("storage", "queue", "alerts", "clustering", "analysis", "redaction")


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Listed = Annotated[tuple[str, ...], BeforeValidator(_split)]
Networks = Annotated[tuple[Network, ...], BeforeValidator(_split)]
Section = dict[str, dict[str, Any]]


class Settings(BaseModel):
    """The settings of one process. In the environment a field's name is written in capitals."""

    model_config = {"extra": "forbid", "frozen": True, "hide_input_in_errors": False}

    # Listening
    orchestrator_host: str = Field("127.0.0.1", description="Address to listen on")
    orchestrator_port: int = Field(8080, ge=0, le=65535, description="Port to listen on; 0 takes a free one")
    server_workers: int = Field(1, ge=1, le=128, description="Processes of `serve`, which share the port")
    trusted_proxies: Networks = Field((), description="Networks whose `X-Forwarded-For` is believed, comma-separated")
    cors_allowed_origins: Listed = Field(("*",), description="Origins that browsers may call from, comma-separated")
    public_url: str = Field("", description="Where users reach this server, for links in alerts")

    # Data
    data_dir: Path = Field(Path("./data"), description="Folder of SQLite and of the local storage")
    database_url: SecretStr | None = Field(
        None, description="`postgres://…` or `sqlite://path`; unset: SQLite in `DATA_DIR`"
    )
    postgres_host: str = Field("", description="Builds `DATABASE_URL` together with the other `POSTGRES_…`")
    postgres_port: int = Field(5432, ge=1, le=65535, description="Port of PostgreSQL")
    postgres_user: str = Field("postgres", description="User at PostgreSQL")
    postgres_password: SecretStr = Field(SecretStr(""), description="Password at PostgreSQL")
    postgres_db: str = Field("retrospec", description="Database at PostgreSQL")
    postgres_sslmode: SslMode | None = Field(
        None, description="TLS to PostgreSQL; unset: `verify-full` if one of its files is named, or `prefer`"
    )
    postgres_sslrootcert: str = Field(
        "", description="File of the certificates that PostgreSQL's must come from; `system`: those of this machine"
    )
    postgres_sslcert: str = Field("", description="File of our own certificate, where PostgreSQL asks for one")
    postgres_sslkey: str = Field("", description="File of its key; unset: the key stands beside it")
    database_pool_size: int = Field(
        10, ge=2, le=200, description="Connections to PostgreSQL that a process keeps at the most"
    )
    database_pool_min_size: int = Field(
        1, ge=0, le=200, description="Connections to PostgreSQL that stay open unused, `DATABASE_POOL_SIZE` at the most"
    )
    database_acquire_timeout_seconds: float = Field(
        10, gt=0, le=300, description="Wait for a free connection to PostgreSQL, seconds"
    )
    database_connect_timeout_seconds: float = Field(
        5, gt=0, le=300, description="Time for a new connection to PostgreSQL, seconds"
    )
    database_command_timeout_seconds: float = Field(
        60, gt=0, le=3600, description="Wait for PostgreSQL's answer to a statement, seconds"
    )
    database_statement_timeout_seconds: float = Field(
        30, ge=0, le=3600, description="PostgreSQL's `statement_timeout`, seconds; 0 leaves it to the server"
    )
    database_lock_timeout_seconds: float = Field(
        10, ge=0, le=3600, description="PostgreSQL's `lock_timeout`, seconds; 0 leaves it to the server"
    )
    database_idle_transaction_timeout_seconds: float = Field(
        60,
        ge=0,
        le=86_400,
        description="PostgreSQL's `idle_in_transaction_session_timeout`, seconds; 0 leaves it to the server",
    )
    database_idle_lifetime_seconds: float = Field(
        300, ge=0, le=86_400, description="Time after which an unused connection is closed, seconds; 0 = never"
    )
    database_statement_cache_size: int = Field(
        100, ge=0, le=10_000, description="Prepared statements that a connection keeps; 0 for a pooler of transactions"
    )
    database_application_name: str = Field(
        APPLICATION_NAME, pattern=r"^[!-~]{1,63}$", description="What PostgreSQL lists the connections as"
    )
    redis_url: SecretStr | None = Field(
        None, description="`redis://…`; set, the queue is Redis, and rate limits are shared through it"
    )
    redis_host: str = Field("", description="Builds `REDIS_URL` together with `REDIS_PORT`")
    redis_port: int = Field(6379, ge=1, le=65535, description="Port of Redis")
    s3_endpoint: str = Field("", description="Address of an S3 server other than AWS")
    s3_region: str = Field("us-east-1", description="Region of the bucket")
    s3_access_key: SecretStr | None = Field(None, description="Access key; unset: the ordinary AWS credential chain")
    s3_secret_key: SecretStr | None = Field(None, description="Secret key")
    s3_session_token: SecretStr | None = Field(None, description="Token of temporary keys")
    s3_bucket: str = Field("", description="Bucket of recordings and artifacts; set, the storage is S3")
    s3_create_bucket: bool = Field(False, description="Make the bucket at the start if it is not there")
    s3_lifecycle_enabled: bool = Field(
        False, description="Keep a rule in the bucket that ends unfinished uploads after a day"
    )
    s3_lifecycle_expire_days: int = Field(
        0, ge=0, le=36_500, description="With that rule: age at which the bucket itself drops objects, days; 0 = never"
    )
    s3_server_side_encryption: Literal["AES256", "aws:kms"] | None = Field(
        None, description="Encryption that objects are stored with; unset: the bucket's own default"
    )
    s3_kms_key_id: str = Field("", description="Key of `aws:kms`; unset: the account's default key")
    s3_connect_timeout_seconds: float = Field(3, gt=0, le=300, description="Time for a connection to S3, seconds")
    s3_read_timeout_seconds: float = Field(10, gt=0, le=300, description="Silence of S3 that ends one attempt, seconds")
    s3_timeout_seconds: float = Field(30, gt=0, le=3600, description="One call to S3 with all its attempts, seconds")
    s3_max_attempts: int = Field(3, ge=1, le=10, description="Attempts of a call to S3 that fails for a moment")

    # Plugins
    plugins_dir: Path | None = Field(None, description="Folder of single-file plugins")
    storage_backend: str = Field("", description="Storage plugin; unset: `local`, or `s3` when `S3_BUCKET` is set")
    queue_backend: str = Field("", description="Queue plugin; unset: `database`, or `redis` when Redis is set")
    clustering_strategy: str = Field("fingerprint", description="Clustering strategy of projects that name none")
    analyzer: str = Field("heuristic", description="Analysis plugin")
    redactor: str = Field("default", description="Redaction plugin")
    alert_sinks: Listed = Field(
        (), description="Alert sinks by plugin name, comma-separated; `webhook` joins by itself"
    )
    storage: Section = Field({}, description="Tables `[storage.<plugin>]`: settings of storage plugins")
    queue: Section = Field({}, description="Tables `[queue.<plugin>]`: settings of queue plugins")
    alerts: Section = Field({}, description="Tables `[alerts.<plugin>]`: settings of alert sinks")
    clustering: Section = Field({}, description="Tables `[clustering.<plugin>]`: settings of clustering strategies")
    analysis: Section = Field({}, description="Tables `[analysis.<plugin>]`: settings of analyzers")
    redaction: Section = Field({}, description="Tables `[redaction.<plugin>]`: settings of redactors")

    # Access
    admin_api_key: SecretStr | None = Field(None, description="Opens `/v1/admin`; unset: closed to all")
    internal_api_key: SecretStr | None = Field(
        None, description="Opens `/v1/internal` (worker callbacks); unset: closed"
    )
    ingest_api_key: SecretStr | None = Field(None, description="A key of the default project, set by the operator")
    artifact_token_secret: SecretStr | None = Field(
        None, description="Signs artifact tokens; unset: `INTERNAL_API_KEY`, else a secret kept in the database"
    )
    artifact_token_ttl_seconds: int = Field(300, ge=1, le=86_400, description="Life of an artifact token, seconds")
    anonymous_access: Access | None = Field(
        None,
        description="What a request without key may do; unset: `full` on loopback without `INGEST_API_KEY`, or `none`",
    )
    rate_limit_requests_per_sec: float = Field(
        25, ge=0, le=100_000, description="Requests a second and client; 0 = off"
    )
    rate_limit_burst: int = Field(50, ge=0, le=1_000_000, description="Requests at once and client; 0 = off")

    # Limits
    max_events_bytes: int = Field(64 * 2**20, ge=1024, le=2**31, description="Size of an upload after inflation, bytes")
    max_body_bytes: int = Field(
        8 * 2**20, ge=1024, le=2**28, description="Size of any other body after inflation, bytes"
    )
    request_read_timeout_seconds: float = Field(
        60, gt=0, le=3600, description="A request must have arrived whole within this, seconds"
    )
    shutdown_grace_seconds: float = Field(
        12, gt=0, le=300, description="Time to finish what runs when stopping, seconds"
    )

    # Ingest and issues
    ingest_batch_size: int = Field(64, ge=1, le=1000, description="Sessions written in one transaction at the most")
    auto_promote_on_ingest: bool = Field(True, description="Promote clusters in the step that ingests")
    auto_promote_interval_minutes: float = Field(
        0, ge=0, le=100_000, description="Promote on a clock, minutes; 0 = off"
    )
    cluster_promote_min_sessions: int = Field(
        2, ge=1, le=1_000_000, description="Sessions that make a cluster an issue"
    )
    redact_events: bool = Field(
        True, description="Redact recordings on the way in, where the project does not say otherwise"
    )

    # Jobs and workers
    replay_queue_name: str = Field("replay-jobs", pattern=r"^[\w.:-]{1,100}$", description="Queue of replay jobs")
    analysis_queue_name: str = Field("analysis-jobs", pattern=r"^[\w.:-]{1,100}$", description="Queue of analysis jobs")
    embedded_worker: bool | None = Field(
        None, description="Run jobs inside `serve`; unset: only on SQLite with the database queue and local storage"
    )
    worker_concurrency: int = Field(2, ge=1, le=64, description="Jobs that a worker runs at once")
    job_republish_minutes: float = Field(
        30,
        gt=0,
        le=10_080,
        description="Time after which a job without result that its queue has lost is published again, minutes",
    )
    job_lease_seconds: float = Field(
        60, ge=1, le=3600, description="How long a job is held without a heartbeat, seconds"
    )
    job_timeout_seconds: float = Field(300, ge=1, le=86_400, description="How long one job may run, seconds")
    job_max_attempts: int = Field(3, ge=1, le=100, description="Attempts before a job becomes a dead letter")
    job_retry_base_seconds: float = Field(
        5, gt=0, le=3600, description="Pause before the second attempt, doubling, seconds"
    )
    job_keep_hours: float = Field(24, ge=0, le=8760, description="How long rows of done jobs stay, hours")
    analyzer_min_accept_confidence: float = Field(0.6, ge=0, le=1, description="Reports below this are uncertain")
    analyzer_discard_uncertain: bool = Field(True, description="Uncertain reports get the status `discarded`")
    queue_warning_pending: int = Field(100, ge=1, description="Jobs held by workers that make the health `warning`")
    queue_warning_retry: int = Field(20, ge=1, description="Jobs to be retried that make the health `warning`")
    queue_critical_pending: int = Field(500, ge=1, description="Jobs held by workers that make the health `critical`")
    queue_critical_retry: int = Field(100, ge=1, description="Jobs to be retried that make the health `critical`")
    queue_critical_failed: int = Field(25, ge=1, description="Dead letters that make the health `critical`")

    # Alerts
    alert_webhook_url: SecretStr | None = Field(None, description="Where the `webhook` sink posts")
    alert_auth_header: SecretStr | None = Field(None, description="`Authorization` of the `webhook` sink")
    alert_cooldown_minutes: float = Field(
        60, ge=0, le=100_000, description="Pause between alerts of an issue and event, minutes"
    )
    alert_min_cluster_confidence: float = Field(
        0.7, ge=0, le=1, description="Confidence from which an issue is alerted"
    )
    alert_timeout_seconds: float = Field(15, gt=0, le=300, description="How long one delivery may take, seconds")

    # Retention
    session_retention_days: int = Field(7, ge=1, le=36_500, description="Age at which sessions are removed, days")
    auto_cleanup_interval_minutes: float = Field(
        0, ge=0, le=100_000, description="Clean up on a clock, minutes; 0 = off"
    )

    # Logs
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least level that is logged")
    log_format: Literal["console", "json"] = Field("console", description="For people or for machines")

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("anonymous_access", "log_format", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: SecretStr | None) -> SecretStr | None:
        # Not with `urlsplit`: what it does not understand it says aloud.
        if value and value.get_secret_value().partition(":")[0] not in {"postgres", "postgresql", "sqlite"}:
            raise ValueError("must begin with postgres://, postgresql:// or sqlite://")
        return value

    @field_validator("redis_url")
    @classmethod
    def _known_redis(cls, value: SecretStr | None) -> SecretStr | None:
        if value and urlsplit(value.get_secret_value()).scheme not in {"redis", "rediss", "unix"}:
            raise ValueError("must begin with redis://, rediss:// or unix://")
        return value

    @field_validator("alert_webhook_url")
    @classmethod
    def _web_address(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not (
            urlsplit(value.get_secret_value()).scheme in {"http", "https"}
            and urlsplit(value.get_secret_value()).hostname
        ):
            raise ValueError("must be an http:// or https:// address")
        return value

    @model_validator(mode="after")
    def _usable_database(self) -> "Settings":
        check_database(vars(self))
        return self

    @model_validator(mode="after")
    def _distinct_queues(self) -> "Settings":
        if self.replay_queue_name == self.analysis_queue_name:
            raise ValueError("REPLAY_QUEUE_NAME and ANALYSIS_QUEUE_NAME must differ")
        return self

    @model_validator(mode="after")
    def _bucket_keeps_as_long(self) -> "Settings":
        if 0 < self.s3_lifecycle_expire_days <= self.session_retention_days:
            raise ValueError(
                f"S3_LIFECYCLE_EXPIRE_DAYS={self.s3_lifecycle_expire_days}: must be more than SESSION_RETENTION_DAYS "
                f"({self.session_retention_days}), or 0; the bucket would drop recordings of sessions that are kept"
            )
        return self

    @property
    def database(self) -> str:
        """The database's URL, whichever settings named it, with those of TLS in it. SQLite's own path is absolute."""
        return database_url(vars(self))

    @property
    def database_options(self) -> dict[str, Any]:
        """How to connect to it, as `Database` and `Migrations` take it."""
        return database_options(vars(self))

    @property
    def redis(self) -> SecretStr | None:
        """The URL of Redis, whichever settings named it; None where none did."""
        if self.redis_url or not self.redis_host:
            return self.redis_url
        host = f"[{self.redis_host}]" if ":" in self.redis_host else self.redis_host
        return SecretStr(f"redis://{host}:{self.redis_port}")

    @property
    def republish_after(self) -> timedelta:
        """How long a published job may be without result before it is looked for."""
        return timedelta(minutes=self.job_republish_minutes)

    @property
    def on_sqlite(self) -> bool:
        """Whether the database is SQLite."""
        return self.database.startswith("sqlite")

    @property
    def storage_name(self) -> str:
        """Which storage plugin is used."""
        return self.storage_backend or ("s3" if self.s3_bucket else "local")

    @property
    def queue_name(self) -> str:
        """Which queue plugin is used."""
        return self.queue_backend or ("redis" if self.redis_url or self.redis_host else "database")

    @property
    def sink_names(self) -> tuple[str, ...]:
        """Which alert sinks are used, each once."""
        joined = ("webhook",) if self.alert_webhook_url else ()
        return tuple(dict.fromkeys((*self.alert_sinks, *joined)))

    @property
    def runs_embedded_worker(self) -> bool:
        """Whether `serve` runs jobs itself."""
        if self.embedded_worker is not None:
            return self.embedded_worker
        return self.on_sqlite and self.storage_name == "local" and self.queue_name == "database"

    @property
    def anonymous(self) -> Access:
        """What a request without a key may do with the default project."""
        if self.anonymous_access:
            return self.anonymous_access
        return "full" if is_loopback(self.orchestrator_host) and not self.ingest_api_key else "none"

    def plugin_section(self, family: str, name: str) -> Mapping[str, Any]:
        """The settings of one plugin: what the contract's own settings say, then its TOML table.

        Args:
            family: `storage`, `queue`, `alerts`, `clustering`, `analysis` or `redaction`.
            name: The plugin's name in its family.
        """
        known: dict[tuple[str, str], dict[str, Any]] = {
            ("storage", "local"): {"root": self.data_dir.absolute() / "objects"},
            ("storage", "s3"): {
                name.removeprefix("s3_"): getattr(self, name)
                for name in type(self).model_fields
                if name.startswith("s3_")
            },
            ("queue", "redis"): {"url": self.redis, "lease_seconds": self.job_lease_seconds},
            ("alerts", "webhook"): {
                "url": self.alert_webhook_url,
                "auth_header": self.alert_auth_header,
                "timeout_seconds": self.alert_timeout_seconds,
            },
        }
        given = {key: value for key, value in known.get((family, name), {}).items() if value is not None}
        return {**given, **getattr(self, family).get(name, {})}


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
