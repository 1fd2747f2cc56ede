"""All that a server holds, to see whether a request has changed anything."""

from importlib import import_module
from inspect import isclass
from pathlib import Path

from tortoise.models import Model

from retrospec.schema import MODELS
from tests.client import Client

# What every request may change: it is counted, and its key's last use is noted.
_COUNTED = {"counter_totals"}


def tables() -> list[str]:
    """Every table of the schema."""
    found = {
        member._meta.db_table
        for module in MODELS
        for member in vars(import_module(module)).values()
        if isclass(member) and issubclass(member, Model) and member.__module__ == module
    }
    return sorted(found - _COUNTED)


async def holdings(client: Client) -> dict[str, list[str]]:
    """Every row of every table, and every file with its size."""
    db = client.listening.server.runtime.database.connection
    held = {table: await db.execute_query_dict(f"SELECT * FROM {table}") for table in tables()}
    rows = {
        table: sorted(str({name: str(value) for name, value in row.items() if name != "last_used_at"}) for row in found)
        for table, found in held.items()
    }
    return {**rows, "files": sorted(_files(client.listening.server.runtime.settings.data_dir))}


def _files(folder: Path) -> list[str]:
    return [f"{path.relative_to(folder)} {path.stat().st_size}" for path in folder.rglob("*") if path.is_file()]
