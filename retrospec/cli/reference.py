"""The settings written out of the code: as a TOML file to begin with, and as the tables of docs/configuration.md."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from retrospec.batteries import BATTERIES
from retrospec.core.settings import PLUGIN_SECTIONS, Settings
from retrospec.plugin.manager import FAMILIES, PluginHost

# Each part of the documentation begins with this setting, in the order of `Settings`.
_PARTS: Mapping[str, str] = {
    "orchestrator_host": "Listening",
    "data_dir": "Database, queue and storage",
    "plugins_dir": "Plugins",
    "admin_api_key": "Access",
    "max_events_bytes": "Limits",
    "ingest_batch_size": "Ingest and issues",
    "replay_queue_name": "Jobs and workers",
    "alert_webhook_url": "Alerts",
    "session_retention_days": "Retention",
    "log_level": "Logs",
}
_TOML_HEAD = """\
# Every setting of Retrospec with its default: what is commented out is in force as it stands here.
# Written by `retrospec config show --toml`; docs/configuration.md says where settings come from.
# Copy it to ./retrospec.toml, or let RETROSPEC_CONFIG name it. The environment goes before it.
"""


@dataclass(frozen=True, slots=True)
class Described:
    """A setting as it is written about.

    Attributes:
        name: As the TOML file has it.
        allowed: What it may be, in words.
        required: There is no default.
        default: A number, a text, a list as a tuple, true or false; an empty text where it is unset.
        meaning: One phrase.
    """

    name: str
    allowed: str
    required: bool
    default: Any
    meaning: str


def settings_parts() -> dict[str, list[Described]]:
    """Every setting but the plugins' tables, by part."""
    parts: dict[str, list[Described]] = {}
    part = ""
    for name, field in Settings.model_fields.items():
        part = _PARTS.get(name, part)
        if name not in PLUGIN_SECTIONS:
            parts.setdefault(part, []).append(_described(name, field))
    return parts


def plugin_tables() -> dict[str, list[Described]]:
    """The settings of the plugins that come with the server, by the name of their table."""
    host = PluginHost(BATTERIES)
    tables: dict[str, type[BaseModel]] = {
        f"{FAMILIES[offer.family]}.{offer.name}": offer.settings
        for record in host.records
        if record.origin == "built-in"
        for offer in record.offers
        if offer.settings is not None
    }
    return {
        place: [_described(field.alias or name, field) for name, field in model.model_fields.items()]
        for place, model in sorted(tables.items())
    }


def settings_toml() -> str:
    """A TOML file of every setting, commented out, with its default."""
    lines = [_TOML_HEAD]
    for part, settings in settings_parts().items():
        lines += [f"\n## {part}\n", *(_toml(one) for one in settings)]
    lines.append("\n## Settings of plugins: each in the table of its family and name. They must stand last.\n")
    for place, settings in plugin_tables().items():
        lines += [f"# [{place}]", *(_toml(one) for one in settings)]
    return "\n".join(lines)


def settings_markdown() -> str:
    """The tables of docs/configuration.md."""
    parts = [(part, [_row(one, one.name.upper()) for one in settings]) for part, settings in settings_parts().items()]
    tables = [
        (f"`[{place}]`", [_row(one, one.name) for one in settings]) for place, settings in plugin_tables().items()
    ]
    return "\n".join([*_tables(parts), "## Settings of the built-in plugins\n", *_tables(tables)])


def _tables(parts: Iterable[tuple[str, list[str]]]) -> Iterator[str]:
    for title, rows in parts:
        yield f"### {title}\n\n| name | default | allowed | meaning |\n| --- | --- | --- | --- |"
        yield "\n".join(rows) + "\n"


def _row(one: Described, name: str) -> str:
    return f"| `{name}` | {_shown(one)} | {one.allowed} | {one.meaning} |"


def _shown(one: Described) -> str:
    if one.required:
        return "required"
    text = ",".join(map(str, one.default)) if isinstance(one.default, tuple) else str(one.default)
    text = text.lower() if isinstance(one.default, bool) else text
    return f"`{text}`" if text else "unset"


def _toml(one: Described) -> str:
    return f"# {one.meaning} ({one.allowed})\n# {one.name} = {'…' if one.required else _toml_value(one.default)}\n"


def _toml_value(value: object) -> str:
    if isinstance(value, bool | int | float):
        return str(value).lower()
    # Of a list or a text without anything special in it, JSON is TOML.
    return json.dumps(value)


def _described(name: str, field: FieldInfo) -> Described:
    return Described(name, _allowed(field), field.is_required(), _default(field), field.description or "")


def _default(field: FieldInfo) -> Any:
    value = field.get_default()
    if isinstance(value, bool | int | tuple):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    return str(value) if isinstance(value, str | Path) else ""


def _allowed(field: FieldInfo) -> str:
    kind = _kind(field.annotation)
    if get_origin(kind) is Literal:
        return ", ".join(f"`{one}`" for one in get_args(kind))
    if pattern := _constraint(field, "pattern"):
        return f"text matching `{pattern}`"
    if kind in (int, float):
        return f"{'whole number' if kind is int else 'number'}{_range(field)}"
    if get_origin(kind) is tuple:
        return "list"
    return {bool: "`true`, `false`", SecretStr: "secret text", Path: "path"}.get(kind, "text")


def _kind(annotation: Any) -> Any:
    """What a setting is made of, without `None` and what is annotated to it."""
    if get_origin(annotation) is Annotated:
        return _kind(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return _kind(next(one for one in get_args(annotation) if one is not type(None)))
    return annotation


def _range(field: FieldInfo) -> str:
    least, above, most = (_constraint(field, name) for name in ("ge", "gt", "le"))
    if above is not None:
        return f", above {above}, at most {most}"
    if least is None:
        return ""
    return f", from {least} to {most}" if most is not None else f", at least {least}"


def _constraint(field: FieldInfo, name: str) -> Any:
    return next((found for one in field.metadata if (found := getattr(one, name, None)) is not None), None)
