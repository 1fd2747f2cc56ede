"""All that a server holds, to see whether a request has changed anything."""

from importlib import import_module
from inspect import isclass
from pathlib import Path

from tortoise.models import Model

from retrospec.schema import MODELS
from tests.client import Client
from tests.s3server import S3Bucket

# What every request may change, and what changes without any: counts, who does what is done on a clock, when a key
# was used last, and how far the relay is.
_BESIDE = {"counter_totals", "schedules"}
_BESIDE_COLUMNS = {"last_used_at", "published_at", "due_at", "lease_token"}


def tables() -> list[str]:
    """Every table of the schema."""
    found = {
        member._meta.db_table
        for module in MODELS
        for member in vars(import_module(module)).values()
        if isclass(member) and issubclass(member, Model) and member.__module__ == module
    }
    return sorted(found - _BESIDE)


async def holdings(client: Client) -> dict[str, list[str]]:
    """Every row of every table, every object, and every file with its size."""
    db = client.listening.server.runtime.database.connection
    held = {table: await db.execute_query_dict(f"SELECT * FROM {table}") for table in tables()}
    rows = {
        table: sorted(str({name: str(row[name]) for name in row if name not in _BESIDE_COLUMNS}) for row in found)
        for table, found in held.items()
    }
    return {**rows, "files": objects(client)}


def objects(client: Client) -> list[str]:
    """Everything that lies in a server's storage, and beside it in its folder of data."""
    settings = client.listening.server.runtime.settings
    stored = S3Bucket(settings.s3_endpoint, settings.s3_bucket).keys() if settings.s3_bucket else []
    return sorted([*_files(settings.data_dir), *stored])


def _files(folder: Path) -> list[str]:
    return [f"{path.relative_to(folder)} {path.stat().st_size}" for path in folder.rglob("*") if path.is_file()]
