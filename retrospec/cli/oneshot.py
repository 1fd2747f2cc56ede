"""What commands share that do one thing and end."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from socket import gaierror
from typing import Any, TypeVar

from asyncpg.exceptions import PostgresError
from tortoise.exceptions import OperationalError

from retrospec.core.db import AWAY, Database
from retrospec.core.errors import Unavailable
from retrospec.core.log import configure
from retrospec.core.migrations import Migrations, SchemaBehind, missing_migrations
from retrospec.core.settings import Settings
from retrospec.core.settings_sources import load
from retrospec.schema import MODELS

Result = TypeVar("Result")


def settings_for_one_command() -> Settings:
    """The settings, with nothing logged but warnings: the command says itself what it has done."""
    settings = load()
    configure(settings.log_level if settings.log_level in {"DEBUG", "ERROR"} else "WARNING", settings.log_format)
    return settings


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run to the end.

    Raises:
        Unavailable: The database went away, or refuses.
    """
    try:
        return asyncio.run(work)
    except (*AWAY, gaierror, TimeoutError) as cause:
        raise Unavailable(f"the database does not answer: {cause}") from cause
    except (OperationalError, PostgresError) as cause:
        raise Unavailable(f"the database refuses: {cause}") from cause


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Database]:
    """The database, for commands that need neither storage nor queue. On SQLite its schema is made first.

    Raises:
        Unavailable: The database does not answer.
        SchemaBehind: Its schema lacks migrations.
    """
    database = Database(settings.database, MODELS, **settings.database_options, unhurried=True)
    if database.is_sqlite:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        await Migrations(settings.database, MODELS, **settings.database_options).upgrade()
    await database.open()
    try:
        if missing := await missing_migrations(database.connection):
            raise SchemaBehind(f"the database lacks {len(missing)} migration(s): run `retrospec db upgrade`")
        yield database
    finally:
        await database.close()
