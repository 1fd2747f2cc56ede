"""Keeping the secrets of a sink's settings: out of answers, out of errors, and from where they do not belong."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from pydantic import BaseModel, ValidationError

from retrospec.core.errors import Invalid

# Stands for a secret in answers; sent back, it leaves the secret as it is.
HIDDEN = "(hidden)"
# A shorter text may stand in an error by chance: it would only make that unreadable.
_TELLING = 6
_PARTS = re.compile(r"[/?&=#]")
# Settings that say where a sink sends to, whatever they hold. Others do when they hold a URL.
_PLACES = frozenset({"host", "hostname", "server", "port"})

Settings = Mapping[str, Any]
Model = type[BaseModel] | None


def shown(model: Model, settings: Settings) -> dict[str, Any]:
    """Settings as anybody may see them: `(hidden)` in the place of each secret.

    Args:
        model: What they must satisfy. Where it is not known, or they do not, nobody can say what is secret: all is
            hidden.
        settings: Secrets in clear.
    """
    checked = _checked(model, settings)
    if checked is None:
        return dict.fromkeys(settings, HIDDEN)
    dumped = _masked(checked.model_dump(by_alias=True, exclude_unset=True))
    told: dict[str, Any] = msgspec.to_builtins(dumped, enc_hook=str, str_keys=True)
    return told


def secrets_of(model: Model, settings: Settings) -> Sequence[str]:
    """What must not be told, longest first: every text, where nobody can say what is secret.

    Args:
        model: As for `shown`.
        settings: As for `shown`.
    """
    checked = _checked(model, settings)
    found = texts(settings) if checked is None else list(_revealed(checked.model_dump()))
    # Of an address, errors often tell only a part.
    parts = [part for one in found if "://" in one for part in _PARTS.split(one.partition("://")[2].partition("/")[2])]
    return _telling([*found, *parts])


def without(secrets: Iterable[str], text: str) -> str:
    """A text without any of some secrets, whatever put them there.

    Args:
        secrets: Longest first.
        text: Any.
    """
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return text


def without_any_of(settings: Settings, text: str) -> str:
    """A text without anything that stands in settings, secret or not."""
    return without(_telling(texts(settings)), text)


def merged(model: Model, stored: Settings, patch: Settings) -> dict[str, Any]:
    """Settings with some of them changed, by the rules of RFC 7396: what is left out stays, null removes.

    Args:
        model: As for `shown`.
        stored: As they are, secrets in clear.
        patch: The changes; `(hidden)` leaves what stands there.

    Raises:
        Invalid: `(hidden)` where there is no secret; or a changed address, to which secrets would go along that were
            meant for another one.
    """
    changed: dict[str, Any] = _merge(stored, patch, "settings")
    moved = [name for name in changed if changed[name] != stored.get(name) and _is_place(name, changed[name])]
    # Who may not read a secret would otherwise only have to name an address of his own.
    kept = [
        name
        for name, told in shown(model, stored).items()
        if HIDDEN in texts(told) and name not in moved and name in changed and HIDDEN in texts(patch.get(name, HIDDEN))
    ]
    if moved and kept:
        fields = ", ".join(f"settings.{name}" for name in kept)
        raise Invalid(
            f"{fields} must be sent again, or null, because settings.{moved[0]} changes: a secret goes nowhere but "
            "where it was meant to go",
            detail=fields,
        )
    return changed


def texts(value: Any) -> list[str]:
    """Every text in JSON, but the names of fields."""
    match value:
        case str():
            return [value]
        case dict():
            return [text for one in value.values() for text in texts(one)]
        case list():
            return [text for one in value for text in texts(one)]
    return []


def _checked(model: Model, settings: Settings) -> BaseModel | None:
    try:
        return model.model_validate(dict(settings)) if model else None
    except ValidationError:
        return None


def _telling(found: Iterable[str]) -> Sequence[str]:
    return sorted({one for one in found if len(one) >= _TELLING}, key=len, reverse=True)


def _masked(value: Any) -> Any:
    """A dumped model with every secret hidden."""
    if hasattr(value, "get_secret_value"):
        return HIDDEN if value.get_secret_value() else ""
    if isinstance(value, dict):
        return {name: _masked(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(one) for one in value]
    return value


def _revealed(value: Any) -> Iterator[str]:
    if hasattr(value, "get_secret_value"):
        yield str(value.get_secret_value())
    elif isinstance(value, dict | list | tuple | set | frozenset):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _revealed(one)


def _is_place(name: str, value: Any) -> bool:
    return name in _PLACES or any("://" in text for text in texts(value))


def _merge(stored: Any, patch: Any, field: str) -> Any:
    match patch:
        case dict():
            there = stored if isinstance(stored, dict) else {}
            left = {name: value for name, value in there.items() if name not in patch}
            named = {name: value for name, value in patch.items() if value is not None}
            return left | {name: _merge(there.get(name), value, f"{field}.{name}") for name, value in named.items()}
        case list():
            places = stored if isinstance(stored, list) else []
            there_too = [*places, *[None] * len(patch)]
            return [_merge(there_too[place], value, f"{field}.{place}") for place, value in enumerate(patch)]
        case str() if patch == HIDDEN:
            if not stored:
                raise Invalid(f"{field}: `{HIDDEN}` stands for a secret that is there, and there is none", detail=field)
            return stored
    return patch
