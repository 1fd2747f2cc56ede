"""What every plugin object has in common: a beginning and an end."""

from abc import ABC
from types import TracebackType
from typing import Self


class Component(ABC):  # noqa: B024 (its families have the abstract methods)
    """A plugin object with a lifetime. Used as `async with component:` by the server and by tests."""

    async def open(self) -> None:  # noqa: B027 (nothing to open is the ordinary case)
        """Make ready. Called once, before any other method.

        Raises:
            Exception: The server does not start, and shows this text.
        """

    async def close(self) -> None:  # noqa: B027
        """Give back what `open` took. Called once, at the end; nothing else is called after it."""

    async def check(self) -> str:
        """Say in a few words that it works, for `/readyz` and `retrospec doctor`.

        Returns:
            A short description of what was reached, e.g. a folder or a bucket.

        Raises:
            Exception: It does not work; the text says why and what to do.
        """
        return "ok"

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
