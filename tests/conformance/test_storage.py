"""Every storage backend that comes with Retrospec, through the suite that all must pass."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from retrospec.plugin.testing.storage import StorageSuite
from retrospec_plugins.storage_local import LocalSettings, LocalStorage


class TestLocalStorage(StorageSuite):
    @pytest.fixture
    async def storage(self, tmp_path: Path) -> AsyncIterator[LocalStorage]:
        async with LocalStorage(LocalSettings(root=tmp_path / "objects")) as storage:
            yield storage
