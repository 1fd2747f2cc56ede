"""The settings of a server itself: where it listens, what it stands on, who may call it."""

import ipaddress
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, SecretStr

from retrospec.core.connecting import APPLICATION_NAME
from retrospec.core.postgres_url import SslMode

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Access = Literal["none", "write", "full"]


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Listed = Annotated[tuple[str, ...], BeforeValidator(_split)]
Numbers = Annotated[tuple[float, ...], BeforeValidator(_split)]
Networks = Annotated[tuple[Network, ...], BeforeValidator(_split)]
Section = dict[str, dict[str, Any]]


class ServerSettings(BaseModel):
    """The first part of `Settings`."""

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
        (),
        description="Alert sinks by the name of their plugin or table, comma-separated; `webhook` joins by itself",
    )
    plugin_timeout_seconds: float = Field(
        10,
        gt=0,
        le=300,
        description="How long one call into a plugin of others may take, seconds",
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
