"""Analyzers: what happened in a recording, and why."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel

from retrospec.plugin.budget import DailyBudget
from retrospec.plugin.component import Component
from retrospec.plugin.registration import offer

Made = TypeVar("Made", bound="type[Analyzer]")


@dataclass(frozen=True, slots=True)
class AnalysisMarker:
    """A failure to explain.

    Attributes:
        offset_ms: When, from the recording's first event.
        kind: `validation_failed`, `api_error`, `js_exception` or `ui_no_effect`.
        label: One line.
        evidence: Stack, trail or details; may be empty.
    """

    offset_ms: int
    kind: str
    label: str
    evidence: str


@dataclass(frozen=True, slots=True)
class AnalysisRequest:
    """A recorded session and its failures.

    Attributes:
        project_id: The project of the session.
        session_id: The session.
        site: Where it was recorded.
        route: Path of its first page.
        trigger_kind: The strongest kind among the markers.
        markers: The failures, by offset.
        events: The recording's rrweb events, in order, decoded one at a time: iterate, do not collect.
            May be iterated more than once. Iterating reads JSON, so do it in a thread.
    """

    project_id: str
    session_id: str
    site: str
    route: str
    trigger_kind: str
    markers: Sequence[AnalysisMarker]
    events: Iterable[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Analysis:
    """What an analyzer found.

    Attributes:
        symptom: What the visitor met, one line.
        technical_root_cause: The likeliest cause, for an engineer.
        suggested_fix: What to do about it.
        text_summary: What happened, step by step, in a few sentences.
        visual_summary: What was to be seen on the page; may be empty.
        confidence: Within 0 and 1: how likely cause and fix are right.
    """

    symptom: str
    technical_root_cause: str
    suggested_fix: str
    text_summary: str
    visual_summary: str
    confidence: float


class Analyzer(Component):
    """Explains failures. One instance serves the whole process; `analyze` may run many times at once.

    Attributes:
        budget: What projects may use up in a day, for one whose work costs money. The server gives one that holds
            across processes, before `open`.
    """

    budget: DailyBudget | None = None

    @abstractmethod
    async def analyze(self, request: AnalysisRequest) -> Analysis:
        """Explain the failures of one session.

        Args:
            request: The session, its failures and its recording.

        Raises:
            Exception: It could not; the job is tried again later.
        """


def analyzer(name: str, description: str, *, settings: type[BaseModel] | None = None) -> Callable[[Made], Made]:
    """Offer the decorated class as the analyzer `name`.

    Args:
        name: What `ANALYZER` calls it.
        description: One line for `retrospec plugins`.
        settings: Model of the section `[analysis.<name>]`.
    """
    return offer(Analyzer, name, description, settings)
