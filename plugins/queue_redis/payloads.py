"""Jobs and dead letters as the keys of Redis hold them."""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from retrospec.plugin import DeadLetter, QueuedJob

_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode
# Sorts attempts of one job together; beyond that no queue counts.
_MOST_ATTEMPTS = 1_000_000


def with_id(job: QueuedJob) -> str:
    """A job's payload with the fields in it that the stream has no other place for."""
    fields = _fields(job.payload)
    if fields is None:
        return job.payload
    fields["jobId"] = _raw(job.id)
    return _with_attempt(fields, job.attempt)


def with_attempt(payload: str, attempt: int) -> str | None:
    """A payload that says how often it was tried; None when it cannot say anything."""
    fields = _fields(payload)
    return None if fields is None else _with_attempt(fields, attempt)


def read_entry(fields: Sequence[bytes], deliveries: int) -> QueuedJob:
    """The job of a stream's entry. Each delivery whose worker has not said anything counts as an attempt."""
    named = dict(zip(fields[::2], fields[1::2], strict=True))
    payload = named.get(b"payload")
    if payload is None:
        # Nobody's job. Shown among the dead letters as what was found.
        text = json.dumps({_text(name): _text(value) for name, value in named.items()})
    else:
        text = _text(payload)
    said = _fields(text) or {}
    return QueuedJob(_identity(text, said), text, _attempt(said) + max(deliveries - 1, 0))


def dead_letter(job: QueuedJob, error: str) -> str:
    """A job that is given up, as the lists of dead letters hold it."""
    failed_at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"failedAt": failed_at, "error": error, "attempt": job.attempt + 1, "payload": job.payload})


def read_dead_letter(letter: bytes) -> DeadLetter:
    """A dead letter, read as far as it can be."""
    text = _text(letter)
    said = _object(text)
    if said is None or "payload" not in said:
        return DeadLetter(None, "", 0, text)
    payload = said["payload"]
    attempt = said.get("attempt")
    return DeadLetter(
        _time(said.get("failedAt")),
        str(said.get("error", "")),
        attempt if isinstance(attempt, int) else 0,
        payload if isinstance(payload, str) else json.dumps(payload),
    )


def revived(letter: bytes) -> str:
    """The payload of a dead letter as if it had never been tried; empty when it cannot be read."""
    return with_attempt(read_dead_letter(letter).payload, 0) or ""


def identity_in(letter: bytes) -> str:
    """The id of the job that a dead letter is about."""
    payload = read_dead_letter(letter).payload
    return _identity(payload, _fields(payload) or {})


def _with_attempt(fields: dict[str, msgspec.Raw], attempt: int) -> str:
    fields.pop("attempt", None)
    if attempt:
        fields["attempt"] = _raw(attempt)
    return _encode(fields).decode()


def _raw(value: str | int) -> msgspec.Raw:
    return msgspec.Raw(_encode(value))


def _fields(text: str) -> dict[str, msgspec.Raw] | None:
    """The fields of a JSON object, each exactly as it was written; None when it is no object."""
    try:
        return _decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _identity(text: str, said: dict[str, msgspec.Raw]) -> str:
    """A job's id: its own, or one made of what it says, which is the same for every attempt."""
    given = _value(said.get("jobId"))
    if isinstance(given, str) and 0 < len(given) <= 64:
        return given
    told = {name: bytes(value).decode() for name, value in sorted(said.items()) if name != "attempt"}
    return f"redis-{hashlib.sha256(json.dumps(told or text).encode()).hexdigest()[:40]}"


def _attempt(said: dict[str, msgspec.Raw]) -> int:
    attempt = _value(said.get("attempt"))
    return min(max(attempt, 0), _MOST_ATTEMPTS) if isinstance(attempt, int) else 0


def _value(raw: msgspec.Raw | None) -> Any:
    try:
        return None if raw is None else msgspec.json.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _object(text: str) -> dict[str, Any] | None:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _time(said: object) -> datetime | None:
    try:
        time = datetime.fromisoformat(str(said))
    except ValueError:
        return None
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def _text(raw: bytes) -> str:
    return raw.decode(errors="replace")
