"""Where settings come from: the environment, files named by it, and one TOML file."""

import os
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails

from retrospec.core.errors import SettingsError
from retrospec.core.settings import PLUGIN_SECTIONS, Settings

_HIDDEN = "(hidden)"
_PLAIN_FIELDS = [name for name in Settings.model_fields if name not in PLUGIN_SECTIONS]


def load(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Read and check every setting.

    Args:
        environ: The environment; the process's own by default.
        overrides: Fields that go before everything, e.g. from the command line.

    Raises:
        SettingsError: One line for each setting that cannot be used: its name, its value and what is allowed.
    """
    environ = os.environ if environ is None else environ
    values = {**_from_toml(environ), **_from_environment(environ), **overrides}
    try:
        return Settings.model_validate(values)
    except ValidationError as mistakes:
        raise SettingsError("\n".join(_lines(mistakes))) from None


def load_other(path: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings in force, but for what a file says otherwise.

    Args:
        path: A TOML file, or one of lines such as `S3_BUCKET=recordings`.
        environ: The environment; the process's own by default.

    Raises:
        SettingsError: As for `load`.
    """
    said = _read_toml(path, str(path)) if path.suffix == ".toml" else _read_lines(path)
    if "postgres_host" in said:
        # Or the database in force would go before the parts that name another.
        said.setdefault("database_url", None)
    return load(environ, **said)


def is_secret(name: str) -> bool:
    """Whether a setting's value must not be shown."""
    field = Settings.model_fields.get(name)
    return field is not None and "SecretStr" in str(field.annotation)


def shown(settings: Settings) -> dict[str, str]:
    """Every setting as text, by its name in the environment, secrets hidden."""
    return {name.upper(): _show(getattr(settings, name)) for name in Settings.model_fields}


def config_path(environ: Mapping[str, str]) -> Path | None:
    """The TOML file in use: the one that `RETROSPEC_CONFIG` names, else `./retrospec.toml` if it is there."""
    if named := environ.get("RETROSPEC_CONFIG"):
        return Path(named)
    return Path("retrospec.toml") if Path("retrospec.toml").is_file() else None


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in _PLAIN_FIELDS:
        name = field.upper()
        # An empty variable is how compose files and CI say "unset".
        given, file = environ.get(name), environ.get(f"{name}_FILE")
        if given and file:
            raise SettingsError(f"{name} and {name}_FILE are both set: set one of them")
        if file:
            values[field] = _read_secret(name, Path(file))
        elif given:
            values[field] = given
    return values


def _read_secret(name: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as cause:
        raise SettingsError(f"{name}_FILE={path}: cannot be read ({type(cause).__name__})") from cause


def _from_toml(environ: Mapping[str, str]) -> dict[str, Any]:
    path = config_path(environ)
    return {} if path is None else _read_toml(path, f"RETROSPEC_CONFIG={path}")


def _read_lines(path: Path) -> dict[str, Any]:
    try:
        words = [shlex.split(line, comments=True) for line in path.read_text(encoding="utf-8").splitlines()]
    except OSError as cause:
        raise SettingsError(f"{path}: cannot be read ({cause.strerror})") from cause
    except ValueError as cause:
        raise SettingsError(f"{path}: not lines of NAME=value: {cause}") from cause
    pairs = [word.partition("=") for line in words for word in line if word != "export"]
    return _from_environment({name: value for name, _, value in pairs})


def _read_toml(path: Path, named: str) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as cause:
        raise SettingsError(f"{named}: cannot be read ({cause.strerror})") from cause
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as cause:
        raise SettingsError(f"{path}: not valid TOML: {cause}") from cause
    values = {name.lower(): value for name, value in table.items()}
    for name in values.keys() - Settings.model_fields.keys():
        raise SettingsError(f"{path}: unknown setting {name!r} (see docs/configuration.md)")
    return {name: value for name, value in values.items() if value != ""}


def _lines(mistakes: ValidationError) -> Iterator[str]:
    """A line for each wrong value. What may have one of several forms is refused once for each of them."""
    reasons: dict[str, list[str]] = {}
    for mistake in mistakes.errors():
        reason = mistake["msg"].removeprefix("Value error, ")
        if not mistake["loc"]:
            yield reason
            continue
        reasons.setdefault(_place(mistake), []).append(reason[0].lower() + reason[1:])
    yield from (f"{place}: {', '.join(said)}" for place, said in reasons.items())


def _place(mistake: ErrorDetails) -> str:
    path = [str(part) for part in mistake["loc"]]
    value = _HIDDEN if is_secret(path[0]) else _show(mistake["input"])
    return f"{'.'.join([path[0].upper(), *path[1:2]])}={value}"


def _show(value: object) -> str:
    match value:
        case SecretStr():
            return _HIDDEN
        case None:
            return ""
        case tuple() | list():
            return ",".join(str(part) for part in value)
        case dict():
            return "{" + ", ".join(f"{name}: …" for name in value) + "}"
        case bool():
            return str(value).lower()
        case _:
            return str(value)
