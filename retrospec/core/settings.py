"""Every setting, its default and its limits. Environment goes before the TOML file, the file before defaults."""

import ipaddress
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from retrospec.core.settings_database import check_database, database_options, database_url
from retrospec.core.settings_server import Access, Numbers, ServerSettings

PLUGIN_SECTIONS = ("storage", "queue", "alerts", "clustering", "analysis", "redaction")


class Settings(ServerSettings):
    """The settings of one process. In the environment a field's name is written in capitals."""

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
    alert_retry_pauses_seconds: Numbers = Field(
        (5, 30, 120, 600, 1800, 7200, 21_600),
        description="Pauses before a delivery is tried again, seconds, comma-separated; each spread by a quarter",
    )
    alert_storm_limit: int = Field(
        20, ge=0, le=100_000, description="Alerts an hour, project and sink; the rest go into one digest; 0 = no limit"
    )
    alert_breaker_failures: int = Field(
        5, ge=1, le=1000, description="Failures in a row after which a sink is left alone for a while"
    )
    alert_breaker_pause_seconds: float = Field(
        60, gt=0, le=86_400, description="How long it is left alone before the next attempt, seconds"
    )
    alert_keep_days: int = Field(30, ge=1, le=36_500, description="How long the log of deliveries is kept, days")
    alert_issue_url: str = Field(
        "",
        description="Link to an issue in alerts, with `{project}` and `{key}`; unset: its address under `PUBLIC_URL`",
    )
    alert_replay_url: str = Field(
        "",
        description="Link to a replay in alerts, with `{project}` and `{session}`; unset: likewise under `PUBLIC_URL`",
    )
    alert_allow_private_networks: bool = Field(
        False, description="Let sinks that were made over the API reach private addresses"
    )

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

    @field_validator("public_url")
    @classmethod
    def _web_base(cls, value: str) -> str:
        return check_link(value)

    @field_validator("alert_issue_url")
    @classmethod
    def _issue_link(cls, value: str) -> str:
        return check_link(value, "{project}", "{key}")

    @field_validator("alert_replay_url")
    @classmethod
    def _replay_link(cls, value: str) -> str:
        return check_link(value, "{project}", "{session}")

    @field_validator("alert_retry_pauses_seconds")
    @classmethod
    def _some_pauses(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if not 1 <= len(value) <= 50 or not all(0 < pause <= 604_800 for pause in value):
            raise ValueError("must be 1 to 50 numbers above 0, at most 604800")
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

    def sink_section(self, name: str) -> dict[str, Any]:
        """What is said about the alert sink of a name: its plugin's settings, and what the server keeps for itself.

        Args:
            name: As `ALERT_SINKS` has it: the plugin's, unless the table names another `type`.
        """
        table = dict(self.alerts.get(name, {}))
        return dict(self.plugin_section("alerts", name)) if table.get("type", name) == name else table


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_link(value: str, *places: str) -> str:
    """A link as people may follow it, or empty.

    Args:
        value: As it was set.
        places: What stands in it for names that are filled in; nothing else may stand in braces.

    Raises:
        ValueError: It is none.
    """
    bare = value
    for place in places:
        bare = bare.replace(place, "x")
    if bare and not (urlsplit(bare).scheme in {"http", "https"} and urlsplit(bare).hostname):
        raise ValueError("must be an http:// or https:// address")
    if not bare.isprintable() or " " in bare or "{" in bare or "}" in bare:
        allowed = f"{' and '.join(places)}, but no other braces" if places else "no braces"
        raise ValueError(f"may hold {allowed}, and no spaces")
    return value
