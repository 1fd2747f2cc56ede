"""Alerts with several recipients, of whom some may have one already."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence

# As many alerts wait for another attempt at once.
REMEMBERED = 1000


class Told:
    """Who has an alert already, so that another attempt goes to the others only.

    It is kept in memory: after a restart somebody may get an alert twice, under the same id, and nobody never.
    """

    def __init__(self) -> None:
        self._told: OrderedDict[str, set[str]] = OrderedDict()

    def left(self, alert_id: str, recipients: Iterable[str]) -> Sequence[str]:
        """Of the recipients those who have not got it, each once."""
        told = self._told.get(alert_id, set())
        return [one for one in dict.fromkeys(recipients) if one not in told]

    def note(self, alert_id: str, recipients: Iterable[str]) -> None:
        """Remember that these need no further attempt."""
        self._told.setdefault(alert_id, set()).update(recipients)
        self._told.move_to_end(alert_id)
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)

    def forget(self, alert_id: str) -> None:
        """All have it: sent again, it goes to all again."""
        self._told.pop(alert_id, None)
