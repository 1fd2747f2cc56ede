"""What a recording says happened, in the order of time. Every time is in ms from its first event."""

from dataclasses import dataclass, field

from retrospec_plugins.analysis_heuristic.naming import Element
from retrospec_plugins.analysis_heuristic.stack import Frame


@dataclass(frozen=True, slots=True)
class Click:
    at: float
    element: Element


@dataclass(frozen=True, slots=True)
class Typing:
    """The visitor wrote, chose or ticked something; `shape` describes the value and never holds it."""

    at: float
    element: Element
    shape: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A page was loaded: another one, or the same one again."""

    at: float
    path: str


@dataclass(frozen=True, slots=True)
class Log:
    at: float
    level: str
    message: str
    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A request of the page's code.

    Attributes:
        at: When it was sent.
        ended: When its answer was there, or it was given up.
        status: The answer's; 0 if none came, None if the recording does not say.
        words: What the answer's body says is wrong, if it says so under a usual name.
        request_id: From the answer's headers, to find it in the server's log.
    """

    at: float
    ended: float
    method: str
    path: str
    status: int | None
    words: str = ""
    request_id: str = ""

    @property
    def failed(self) -> bool:
        return self.status is not None and (self.status == 0 or self.status >= 400)

    @property
    def words_of_status(self) -> str:
        return f"answered {self.status}" if self.status else "got no answer"

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Change:
    """The page changed.

    Attributes:
        targets: Ids of the nodes that were changed, or changed within.
        texts: What appeared, by the node it appeared in.
        disabled: Controls that could no longer be used.
        enabled: Ids of those that could again.
        cosmetic: Nothing but classes and styles changed.
    """

    at: float
    targets: frozenset[int]
    texts: tuple[tuple[int, str], ...] = ()
    disabled: tuple[Element, ...] = ()
    enabled: frozenset[int] = field(default_factory=frozenset)
    cosmetic: bool = False


Happening = Click | Typing | Opened | Log | Call | Change
