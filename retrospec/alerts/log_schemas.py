"""What goes over the wire about deliveries."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from retrospec.alerts.wire import AlertWire
from retrospec.issues.schemas import Cursor, Key

Status = Literal["pending", "delivered", "failed", "held_back"]


class DeliveriesQuery(msgspec.Struct, rename="camel"):
    """Which deliveries to list."""

    status: Literal["", Status] = ""
    sink_id: Annotated[str, Meta(max_length=64, description="Also of a sink that is deleted")] = ""
    cluster_key: Annotated[str, Meta(max_length=200)] = ""
    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: Cursor = ""


class Delivery(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """One alert for one sink.

    `alertId` is the same for every sink and attempt. `held_back` means that only a digest told of it.
    """

    id: str
    alert_id: str
    project_id: str
    cluster_key: Key
    event: str
    sink_id: str
    sink_type: str
    status: Status
    attempt_count: int
    last_error: str = ""
    next_attempt_at: datetime | None = None
    created_at: datetime
    finished_at: datetime | None = None


class Attempt(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """One attempt at a delivery. `status` and `answer` are the receiver's, where the sink tells them."""

    number: int
    started_at: datetime
    duration_ms: int
    outcome: Literal["delivered", "failed", "gone"]
    status: int | None = None
    answer: Annotated[str, Meta(description="Its first 500 characters")] = ""
    error: str = ""


class DeliveryDetail(Delivery, kw_only=True):
    """A delivery with what it tells, and its latest 100 attempts, the latest first."""

    alert: AlertWire
    attempts: list[Attempt]


class DeliveryList(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """Deliveries, newest first."""

    deliveries: list[Delivery]
    next_cursor: str = ""


class DeliveryAnswer(msgspec.Struct, rename="camel"):
    """A delivery."""

    delivery: DeliveryDetail
