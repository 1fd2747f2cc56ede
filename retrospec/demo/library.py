"""The recordings that come with the package."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Recording:
    """One recorded visit.

    Attributes:
        name: Its file without the ending, e.g. `03-farid-express`.
        events: rrweb events in order of time; `timestamp` is milliseconds since the epoch, on the day of recording.
        session: The fields of a session on the wire that do not depend on when it is sent.
        markers: What failed, with offsets from the first event in milliseconds.
        started_ago: How long before the demo is sent the visit is to have begun.
    """

    name: str
    events: list[dict[str, Any]]
    session: dict[str, Any]
    markers: list[dict[str, Any]]
    started_ago: timedelta

    @classmethod
    def parse(cls, name: str, packed: bytes) -> Self:
        """Read the gzipped JSON that `scripts/record_demo.py` writes."""
        content = json.loads(gzip.decompress(packed))
        started_ago = timedelta(milliseconds=-content["startedAtOffsetMs"])
        return cls(name, content["events"], content["session"], content["markers"], started_ago)

    def events_from(self, started_at: datetime) -> list[dict[str, Any]]:
        """The events as if the visit had begun at `started_at`."""
        moved = round(started_at.timestamp() * 1000) - self.events[0]["timestamp"]
        return [{**event, "timestamp": event["timestamp"] + moved} for event in self.events]


def read_recordings() -> Iterator[Recording]:
    """Every recording, by name; each is read when its turn comes."""
    folder = files("retrospec.demo") / "recordings"
    ending = ".json.gz"
    for entry in sorted((one for one in folder.iterdir() if one.name.endswith(ending)), key=lambda one: one.name):
        yield Recording.parse(entry.name.removesuffix(ending), entry.read_bytes())
