"""The storage that settings select, opened without anything else of a server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from retrospec.batteries import BATTERIES
from retrospec.core.errors import PluginError, RetrospecError
from retrospec.core.settings import Settings
from retrospec.plugin import StorageBackend
from retrospec.plugin.manager import FAMILIES, PluginHost


@asynccontextmanager
async def opened_storage(settings: Settings) -> AsyncIterator[StorageBackend]:
    """Open it.

    Raises:
        PluginError: It is not installed, or its settings are wrong.
        StorageUnavailable: It does not answer.
    """
    name = settings.storage_name
    section = settings.plugin_section(FAMILIES[StorageBackend], name)
    storage = PluginHost(BATTERIES, settings.plugins_dir).make(StorageBackend, name, section, setting="STORAGE_BACKEND")
    try:
        await storage.open()
    except RetrospecError:
        raise
    except Exception as cause:
        raise PluginError(f"plugin storage.{name}: cannot be opened: {type(cause).__name__}: {cause}") from cause
    try:
        yield storage
    finally:
        await storage.close()
