"""Calls to S3, each with an end, and their failures by our names."""

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from retrospec.plugin import StorageUnavailable

from .sdk import Sdk

Done = TypeVar("Done")

MISSING = {"404", "NoSuchKey", "NotFound", "NoSuchUpload"}
DENIED = {
    "401",
    "403",
    "AccessDenied",
    "AllAccessDisabled",
    "AuthorizationHeaderMalformed",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
}


class Refused(StorageUnavailable):
    """S3 answered with an error.

    The text leaves out S3's own words: clients get to see it, and those words may name accounts.

    Attributes:
        reason: S3's code for it, e.g. `NoSuchKey`, or the HTTP status of an answer without a body.
    """

    def __init__(self, reason: str) -> None:
        self.reason = "".join(letter for letter in reason if letter.isalnum())[:60]
        says = "denies us access" if self.reason in DENIED else "answered with an error"
        super().__init__(f"the storage {says} ({self.reason})")

    @property
    def missing(self) -> bool:
        """Whether what was asked for is not there."""
        return self.reason in MISSING

    @property
    def denied(self) -> bool:
        """Whether our credentials are wrong or may not do this."""
        return self.reason in DENIED


class Calls:
    """What we ask of one bucket."""

    def __init__(self, sdk: Sdk, bucket: str, timeout_seconds: float) -> None:
        self._sdk = sdk
        self._bucket = bucket
        self._timeout_seconds = timeout_seconds

    async def __call__(self, operation: str, **parameters: Any) -> Any:
        """Do one call with all its attempts.

        Args:
            operation: Method of the client, e.g. `head_object`.
            parameters: Its parameters, beside `Bucket`.

        Raises:
            Refused: S3 says no, after the attempts that were worth it.
            StorageUnavailable: S3 says nothing, or nothing in time.
        """
        # The client's own limits do not cover a server that stops reading in the middle of an upload.
        return await self.within_time(getattr(self._sdk.client, operation)(Bucket=self._bucket, **parameters))

    async def within_time(self, work: Awaitable[Done]) -> Done:
        """Wait for something as long as a call may take.

        Raises:
            StorageUnavailable: It takes longer, or fails.
        """
        with self._named():
            async with asyncio.timeout(self._timeout_seconds):
                return await work

    async def read(self, body: Any, size: int) -> bytes:
        """Read at most so many bytes of an answer's body; empty at its end."""
        with self._named():
            piece: bytes = await body.read(size)
            return piece

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except self._sdk.refused as error:
            answer: dict[str, Any] = getattr(error, "response", {})
            raise Refused(str(answer.get("Error", {}).get("Code", "unknown"))) from error
        except self._sdk.unauthorized as error:
            raise StorageUnavailable(
                "no credentials for the storage: set S3_ACCESS_KEY and S3_SECRET_KEY, or give this process a role"
            ) from error
        except TimeoutError as error:
            raise StorageUnavailable("the storage did not answer in time") from error
        except self._sdk.failed as error:
            raise StorageUnavailable(f"the storage does not answer ({type(error).__name__})") from error
