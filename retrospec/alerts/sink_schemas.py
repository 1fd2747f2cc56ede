"""What goes over the wire about alert sinks."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from retrospec.alerts.sinks import SinkRules

Status = Literal["working", "off", "gone", "paused", "unusable"]
SinkId = Annotated[str, Meta(description="`snk_…`; of a sink of the server's settings its name")]
Settings = Annotated[
    dict[str, Any], Meta(description="As the sink's plugin takes them. In answers every secret is `(hidden)`")
]


class NewSink(msgspec.Struct, rename="camel"):
    """A sink to be made. `type` is the name of a plugin."""

    name: str
    type: str
    settings: Settings | None = None
    rules: SinkRules | None = None
    enabled: bool | None = None


class SinkPatch(msgspec.Struct, rename="camel"):
    """What to change. Fields left out stay.

    Of `settings` those that are named change, null removes one, and `(hidden)` leaves a secret as it is. `rules`
    replaces all rules; null goes back to none.
    """

    name: str | UnsetType = UNSET
    settings: Settings | UnsetType = UNSET
    rules: SinkRules | UnsetType | None = UNSET
    enabled: bool | UnsetType = UNSET


class LastDelivery(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """The latest alert of this project for a sink."""

    id: str
    status: str
    created_at: datetime
    finished_at: datetime | None = None


class SinkState(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """How a sink does.

    `working` unless it is `off` (not enabled), `gone` (its receiver answered that it is gone for good: nothing is sent
    until the sink is edited), `paused` until `pausedUntil` because it failed so often, or `unusable`. `reason` explains
    the last three.
    """

    status: Status
    reason: str = ""
    gone_at: datetime | None = None
    paused_until: datetime | None = None
    failures: Annotated[int, Meta(description="In a row")] = 0
    last_error: str = ""
    last_delivery: LastDelivery | None = None


class SinkView(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """A sink, without its secrets. One of the server's settings hears of every project, and cannot be changed here."""

    id: SinkId
    name: str
    type: str
    origin: Literal["api", "settings"]
    enabled: bool
    rules: SinkRules
    state: SinkState
    settings: Settings = {}
    created_at: datetime | None = None
    updated_at: datetime | None = None


class SinkAnswer(msgspec.Struct):
    """One sink."""

    sink: SinkView


class SinkList(msgspec.Struct, rename="camel"):
    """The sinks that hear of a project: those of the server's settings, then its own, the oldest first.

    `types` are the plugins that a sink may be made of.
    """

    sinks: list[SinkView]
    types: list[str]


class SinkDeleted(msgspec.Struct, rename="camel"):
    """A sink is gone. What waits for it is given up."""

    deleted: bool
    sink_id: str


class TestResult(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """What came of a test alert. `status` and `answer` are the receiver's, where the sink tells them."""

    outcome: Literal["delivered", "failed", "gone"]
    duration_ms: int
    status: int | None = None
    answer: str = ""
    error: str = ""


class TestAnswer(msgspec.Struct):
    """What came of a test alert."""

    result: TestResult
