"""What the settings say of the database, put together."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from retrospec.core.connecting import NAMED_BY, ConnectionOptions
from retrospec.core.postgres_url import PostgresUrl, build, with_options
from retrospec.core.tls import ssl_option

_TLS = ("sslmode", "sslrootcert", "sslcert", "sslkey")


def database_url(given: Mapping[str, Any]) -> str:
    """The database's URL, with what the settings of TLS add to it. SQLite's own path is absolute.

    Args:
        given: The settings, by name.
    """
    url: str = given["database_url"].get_secret_value() if given["database_url"] else ""
    if not url and given["postgres_host"]:
        url = build(
            host=given["postgres_host"],
            port=given["postgres_port"],
            user=given["postgres_user"],
            password=given["postgres_password"].get_secret_value(),
            database=given["postgres_db"],
        )
    if url.startswith("postgres"):
        return with_options(url, {name: given[f"postgres_{name}"] or "" for name in _TLS})
    data: Path = given["data_dir"]
    return url or f"sqlite://{data.absolute() / 'retrospec.db'}"


def database_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """How to connect to it: fields of `ConnectionOptions`, by name."""
    names = [field.name for field in fields(ConnectionOptions)]
    return {name: given[f"database_{name}"] for name in names if f"database_{name}" in given}


def check_database(given: Mapping[str, Any]) -> None:
    """Look whether a connection could be made by them.

    Raises:
        ValueError: What is wrong, in a line without secrets.
    """
    least, most = given["database_pool_min_size"], given["database_pool_size"]
    if least > most:
        raise ValueError(f"DATABASE_POOL_MIN_SIZE={least}: must not be above DATABASE_POOL_SIZE ({most})")
    try:
        if (url := database_url(given)).startswith("postgres"):
            ssl_option(PostgresUrl.parse(url))
    except ValueError as mistake:
        raise ValueError(f"{NAMED_BY}: {mistake}") from mistake
