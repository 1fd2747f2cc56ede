"""Clustering strategies: which failures are the same."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from pydantic import BaseModel

from retrospec.plugin.component import Component
from retrospec.plugin.registration import offer

Strategy = TypeVar("Strategy", bound="type[ClusteringStrategy]")


@dataclass(frozen=True, slots=True)
class MarkerFacts:
    """What a strategy may know of a marker. Nothing in it names a visitor, a session or a time.

    Attributes:
        route: Path of the page, e.g. `/checkout`.
        kind: `validation_failed`, `api_error`, `js_exception` or `ui_no_effect`.
        hint: The SDK's own idea of a key; may be empty.
        label: One line, at most 500 characters.
        evidence: Stack, trail or details, at most 4,000 characters, often cut off; may be empty.
    """

    route: str
    kind: str
    hint: str
    label: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a marker has the key that it has, for people to read.

    Attributes:
        key: The same as `keys` gives.
        parts: Name and value of all that two markers must have in common to share the key, in a fixed order.
        steps: What was read and done before that, as names and texts; may be empty.
        text: What the key is a digest of, letter by letter; empty where a strategy does not tell.
    """

    key: str
    parts: tuple[tuple[str, str], ...] = ()
    steps: tuple[tuple[str, str], ...] = ()
    text: str = ""


class ClusteringStrategy(Component):
    """Gives each marker the key of its cluster.

    Attributes:
        version: Stored with every cluster. A change that gives any marker another key is another version.
        learns: Its keys depend on what it has seen. The server keeps its `state`, and brings it to every process.
    """

    version: ClassVar[int]
    learns: ClassVar[bool] = False

    @abstractmethod
    def keys(self, markers: Sequence[MarkerFacts]) -> Sequence[str]:
        """Name the cluster of each marker.

        Called for every ingested session before it is written, one call after the other, so it must be fast and must
        not wait. Takes it longer than `PLUGIN_TIMEOUT_SECONDS`, the server does without.
        The same marker gets the same key in any order, on any process.

        Args:
            markers: Up to 1,000 of one session.

        Returns:
            One key for each, `{kind}:{16 hex digits}`, in the same order. When it raises or returns
            something else, the server uses a plain hash of kind, hint and label instead.
        """

    def explain(self, marker: MarkerFacts) -> Explanation:
        """Tell how a marker gets its key. Called when a person asks, for one marker at a time.

        What a strategy does not override tells the key and no more.

        Args:
            marker: Any marker.

        Returns:
            The explanation. When it raises, the person is told the key alone.
        """
        (key,) = self.keys([marker])
        return Explanation(key)

    def state(self) -> str | None:
        """What it has learnt, for its next start and for other processes. Only asked of one that `learns`.

        Called where `keys` is called, every few seconds and at the end.

        Returns:
            A text of bounded size, at most 16 MiB; None if nothing is new since the last call.
        """
        return None

    def adopt(self, state: str) -> None:
        """Take in what this or another process has learnt, beside what it knows itself. Only for one that `learns`.

        Called where `keys` is called: before the first marker, and whenever another process has learnt more. Where both
        know a failure, the key that others give it goes before. What it knows beyond this, the next `state` tells.

        Args:
            state: As `state` has given it, perhaps of another version of the plugin.

        Raises:
            ValueError: It cannot be read; the strategy goes on without it.
        """


def clustering_strategy(
    name: str, description: str, *, settings: type[BaseModel] | None = None
) -> Callable[[Strategy], Strategy]:
    """Offer the decorated class as the clustering strategy `name`.

    Args:
        name: What `CLUSTERING_STRATEGY` and a project's `clusteringStrategy` call it.
        description: One line for `retrospec plugins`.
        settings: Model of the section `[clustering.<name>]`.
    """
    return offer(ClusteringStrategy, name, description, settings)
