"""The surface of plugins only grows: what stands in `surface.txt` is what plugins of others rely on."""

import dataclasses
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

from retrospec import plugin
from retrospec.plugin import hookspecs

_MODULE = re.compile(r"\b(?:[a-z_]+\.)+(?=[A-Z])")
SURFACE = Path(__file__).with_name("surface.txt")
HEAD = """\
# What `retrospec.plugin` offers to plugins, name by name. A test holds it against the code: whoever adds something adds
# its line (`python -m tests.plugin.test_surface` writes them) and counts API_REVISION up, once for a release; whoever
# changes or takes away a line breaks plugins of others, and needs another API_VERSION.
"""


def surface() -> Iterator[str]:
    """A line for each public name, each method and each field."""
    yield f"API {plugin.API_VERSION}.{plugin.API_REVISION}"
    for name in sorted(plugin.__all__):
        yield from _described(name, getattr(plugin, name))
    for name, hook in sorted(vars(hookspecs).items()):
        if name.startswith("retrospec_"):
            yield f"hook {name}{_signature(hook)}"


def _described(name: str, offered: object) -> Iterator[str]:
    if not inspect.isclass(offered):
        # How a hook is marked is pluggy's.
        yield f"{name}{_signature(offered)}" if inspect.isfunction(offered) else name
        return
    bases = ", ".join(base.__name__ for base in offered.__bases__ if base.__module__.startswith("retrospec"))
    yield f"class {name}({bases})"
    if dataclasses.is_dataclass(offered):
        yield from (f"  {name}.{_field(field)}" for field in dataclasses.fields(offered))
    else:
        annotated = inspect.get_annotations(offered)
        yield from (f"  {name}.{member}" for member in sorted(annotated) if not member.startswith("_"))
    for member, value in sorted(vars(offered).items()):
        is_made = member == "__init__" and not dataclasses.is_dataclass(offered)
        if is_made or not member.startswith("_"):
            yield from (f"  {told}" for told in _method(f"{name}.{member}", value))


def _field(field: "dataclasses.Field[object]") -> str:
    missing = dataclasses.MISSING
    default = " = …" if field.default is not missing or field.default_factory is not missing else ""
    return f"{field.name}: {_plain(inspect.formatannotation(field.type))}{default}"


def _method(place: str, value: object) -> Iterator[str]:
    function = getattr(value, "__func__", value)
    if inspect.isfunction(function):
        kind = "abstract " * getattr(function, "__isabstractmethod__", False)
        kind += "async " * inspect.iscoroutinefunction(function)
        yield f"{kind}{place}{_signature(function)}"


def _signature(offered: object) -> str:
    return _plain(str(inspect.signature(offered)))  # type: ignore[arg-type]


def _plain(text: str) -> str:
    """Types by their names alone: which module they stand in is nobody's business."""
    return _MODULE.sub("", text)


def test_the_surface_is_what_was_reviewed() -> None:
    reviewed = SURFACE.read_text(encoding="utf-8").removeprefix(HEAD).splitlines()
    gone, new = [line for line in reviewed if line not in [*surface()]], [*surface()]
    assert gone == [], "plugins of others rely on these"
    assert new == reviewed, "if the new lines are meant to stay: python -m tests.plugin.test_surface"


if __name__ == "__main__":
    SURFACE.write_text(HEAD + "".join(f"{line}\n" for line in surface()), encoding="utf-8")
