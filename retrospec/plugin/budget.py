"""What a project may use up in a day."""

from abc import ABC, abstractmethod
from collections import Counter
from datetime import UTC, datetime


class DailyBudget(ABC):
    """Counts what each project uses on a day, in UTC, of something that costs money."""

    @abstractmethod
    async def take(self, project_id: str, limit: int) -> bool:
        """Use up one more, if there is one left.

        May be awaited from any event loop.

        Args:
            project_id: Whose.
            limit: How many a project has each day.

        Returns:
            Whether it was there; False changes nothing.
        """


class MemoryBudget(DailyBudget):
    """Counts in this process alone, and forgets with it. What a plugin has outside of a server."""

    def __init__(self) -> None:
        self._day = ""
        self._used: Counter[str] = Counter()

    async def take(self, project_id: str, limit: int) -> bool:
        """As in the base class."""
        today = datetime.now(UTC).date().isoformat()
        if today != self._day:
            self._day, self._used = today, Counter()
        if self._used[project_id] >= limit:
            return False
        self._used[project_id] += 1
        return True
