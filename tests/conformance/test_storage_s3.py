"""The S3 storage on a real server, through the suite that every storage must pass."""

from collections.abc import AsyncIterator

import pytest

from retrospec.plugin.testing.storage import StorageSuite
from retrospec_plugins.storage_s3 import S3Storage
from tests.s3server import S3Bucket


class TestS3Storage(StorageSuite):
    @pytest.fixture
    async def storage(self, s3_bucket: S3Bucket) -> AsyncIterator[S3Storage]:
        async with S3Storage(s3_bucket.settings()) as storage:
            yield storage
