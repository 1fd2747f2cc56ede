"""Writes the beginning of a plugin: a whole package whose tests pass, from the templates beside this module."""

import importlib.util
import keyword
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import requires
from importlib.resources import files
from pathlib import Path
from string import Template

import retrospec.plugin as surface
from retrospec.batteries import BATTERIES
from retrospec.core.clock import now
from retrospec.core.errors import RetrospecError
from retrospec.plugin.manager import FAMILIES, PluginHost

# PEP 508; what PEP 503 makes of it names the folder and the package.
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,60}[A-Za-z0-9])?")
_PREFIX = "retrospec-"
_LICENSE_LINES = 'license = "{}"\nlicense-files = ["LICENSE"]\n'


@dataclass(frozen=True, slots=True)
class Kind:
    """What the packages of a family differ in, beside their templates.

    Attributes:
        noun: The last word of the class's name.
        summary: One line about what the code does as it is written.
        needs: Libraries that it imports.
    """

    noun: str
    summary: str
    needs: tuple[str, ...] = ("pydantic>=2.11",)


KINDS: Mapping[str, Kind] = {
    "alerts": Kind("Sink", "Posts alerts as JSON to an address", ("httpx>=0.28", "pydantic>=2.11")),
    "storage": Kind("Storage", "Keeps recordings as files in a folder"),
    "queue": Kind("Queue", "Keeps jobs in the memory of one process"),
    "clustering": Kind("Strategy", "Groups failures by kind, page and label"),
    "analysis": Kind("Analyzer", "Counts the clicks before a failure"),
    "redaction": Kind("Redactor", "Takes patterns of your own out of recordings"),
}


class NameRefused(RetrospecError):
    """A plugin cannot be called that."""

    code = "name_refused"


class TargetTaken(RetrospecError):
    """There is something where the package is to go."""

    code = "target_taken"


@dataclass(frozen=True, slots=True)
class Naming:
    """What everything in a package is called.

    Attributes:
        distribution: What pip and the folder call it, e.g. `retrospec-pager`.
        module: What Python calls it, e.g. `retrospec_pager`.
        plugin: What settings call it, e.g. `pager`.
        cls: The class, e.g. `PagerSink`.
    """

    distribution: str
    module: str
    plugin: str
    cls: str

    @classmethod
    def of(cls, name: str, family: str) -> "Naming":
        """Derive all names from one.

        Raises:
            NameRefused: One of them is no name, or is taken; the text says which and why.
        """
        if not _NAME.fullmatch(name):
            raise NameRefused(
                f"{name!r} is no name of a package: at most 62 letters, digits, `-`, `_` and `.`, with a letter or "
                "digit at either end"
            )
        distribution = re.sub(r"[-_.]+", "-", name).lower()
        module, plugin = distribution.replace("-", "_"), distribution.removeprefix(_PREFIX)
        _check_module(name, module)
        if plugin in PluginHost(BATTERIES).names(next(kind for kind, one in FAMILIES.items() if one == family)):
            raise NameRefused(f"{name}: the {family} plugin {plugin!r} is installed already; settings could not tell")
        words = "".join(part.title() for part in plugin.split("-"))
        noun = KINDS[family].noun
        made = words if words.endswith(noun) else words + noun
        made = f"My{made}" if made in surface.__all__ or not made[0].isalpha() else made
        return cls(distribution, module, plugin, made)


def _check_module(name: str, module: str) -> None:
    if not module.isidentifier() or keyword.iskeyword(module):
        raise NameRefused(f"{name}: Python cannot import a module {module!r}; begin it with a letter")
    if keyword.issoftkeyword(module) or module in sys.stdlib_module_names:
        raise NameRefused(f"{name}: {module!r} is a word of Python itself; choose another, e.g. {_PREFIX}{name}")
    if importlib.util.find_spec(module) is not None:
        raise NameRefused(f"{name}: a module {module!r} is installed already; choose another name")


def write_package(naming: Naming, family: str, parent: Path, *, license_id: str, author: str) -> list[Path]:
    """Write a package into a folder of its own, which must not be there yet.

    Args:
        naming: What everything is called.
        family: A name of `FAMILIES`.
        parent: Where the folder goes.
        license_id: `MIT`, `Apache-2.0`, or `none`.
        author: Who holds the rights; empty for a placeholder.

    Returns:
        The files, beneath `parent`.

    Raises:
        TargetTaken: It is there.
    """
    folder = parent / naming.distribution
    if folder.exists() or folder.is_symlink():
        raise TargetTaken(f"{folder} is there already: nothing was written")
    values = _values(naming, family, license_id, author)
    texts = {place: _render(template, values) for place, template in _layout(naming, family, license_id).items()}
    for place, text in {**texts, f"src/{naming.module}/py.typed": ""}.items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return sorted(folder / place for place in texts)


def _layout(naming: Naming, family: str, license_id: str) -> dict[str, str]:
    """Where each file of a package comes from."""
    layout = {
        "pyproject.toml": "package/pyproject.toml",
        "README.md": "package/README.md",
        ".gitignore": "package/gitignore",
        f"src/{naming.module}/__init__.py": f"{family}/plugin.py",
        "tests/conftest.py": "package/conftest.py",
        "tests/test_conformance.py": f"{family}/test_conformance.py",
        "tests/test_on_a_server.py": f"{family}/test_on_a_server.py",
    }
    return layout if license_id == "none" else {**layout, "LICENSE": f"license/{license_id}"}


def _values(naming: Naming, family: str, license_id: str, author: str) -> dict[str, str]:
    kind = KINDS[family]
    names = {
        "distribution": naming.distribution,
        "module": naming.module,
        "plugin": naming.plugin,
        "cls": naming.cls,
        "family": family,
        "summary": kind.summary,
        "year": str(now().year),
        # Into a string of TOML.
        "author": re.sub(r'[\x00-\x1f\x7f"\\]', "", author) or f"The authors of {naming.distribution}",
        "dependencies": ", ".join(f'"{one}"' for one in kind.needs),
        "testing": ", ".join(f'"{one}"' for one in _testing()),
        "license_lines": "" if license_id == "none" else _LICENSE_LINES.format(license_id),
    }
    told = {name: _render(f"{family}/{name}.{end}", names) for name, end in (("config", "toml"), ("settings", "md"))}
    return {**names, **{name: text.strip() for name, text in told.items()}}


def _testing() -> list[str]:
    """What the kit for tests needs beside the server."""
    named = (one.partition(";") for one in requires("retrospec") or ())
    return sorted(name.strip() for name, _, marker in named if marker.strip() == 'extra == "testing"')


def _render(template: str, values: Mapping[str, str]) -> str:
    source = files("retrospec.cli").joinpath("templates", f"{template}.template").read_text(encoding="utf-8")
    return Template(source).substitute(values)
