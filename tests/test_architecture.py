"""The house rules that a machine can check."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# A slice may import what stands left of it; those on one line know nothing of each other.
ORDER = (
    ("core", "version"),
    ("plugin",),
    ("jobs",),
    ("projects",),
    ("sessions",),
    ("artifacts",),
    ("reports",),
    ("issues",),
    ("clustering",),
    ("alerts",),
    ("ingest",),
    ("maintenance", "metrics", "apidocs", "schema", "batteries"),
    ("rekeying",),
    ("runtime", "archive"),
    ("workers", "extensions"),
    ("app",),
    ("serving",),
    ("seated", "supervising"),
    ("demo",),
    ("cli",),
    ("__main__",),
)
RANK = {name: rank for rank, names in enumerate(ORDER) for name in names}
MODULES = sorted((ROOT / "retrospec").rglob("*.py"))
PLUGINS = sorted((ROOT / "plugins").rglob("*.py"))


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def slice_of(path: Path) -> str:
    first = path.relative_to(ROOT / "retrospec").parts[0]
    return first.removesuffix(".py")


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_slice_imports_only_what_stands_left_of_it(path: Path) -> None:
    own = slice_of(path)
    if own == "__init__":
        return
    assert own in RANK, f"{own} has no place in the order"
    for module in imports(ast.parse(path.read_text())):
        parts = module.split(".")
        if parts[0] == "retrospec" and len(parts) > 1 and parts[1] != own:
            assert RANK[parts[1]] < RANK[own], f"{own} must not import {module}"


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_slices_never_import_each_others_routes(path: Path) -> None:
    if slice_of(path) == "app":
        return
    own = slice_of(path)
    foreign = [m for m in imports(ast.parse(path.read_text())) if m.endswith(".routes") and m.split(".")[1] != own]
    assert foreign == []


# A battery that builds on others, as a third party's may.
BUILT_ON = {
    "analysis_http": ("retrospec_plugins.analysis_heuristic", "retrospec_plugins.redact_default"),
    # What all sinks share: `alert_posting`, `alert_recipients`, `alert_words`.
    "alert_email": ("retrospec_plugins.alert_",),
}


@pytest.mark.parametrize("path", PLUGINS, ids=named)
def test_a_battery_imports_nothing_of_ours_but_the_plugin_surface(path: Path) -> None:
    package = f"retrospec_plugins.{path.parent.name}" if path.parent.name != "plugins" else "retrospec_plugins"
    for module in imports(ast.parse(path.read_text())):
        if module.split(".")[0] == "retrospec":
            assert module == "retrospec.plugin", f"{named(path)} imports {module}"
        if module.startswith("retrospec_plugins"):
            known = (package, *BUILT_ON.get(path.parent.name, ()))
            assert module.startswith(known), f"{named(path)} imports another battery"


@pytest.mark.parametrize("path", MODULES + PLUGINS, ids=named)
def test_modules_and_functions_stay_small(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 60, f"{node.name} is too long"


def test_nine_functions_in_ten_stay_under_thirty_lines() -> None:
    sizes = [
        (node.end_lineno or 0) - node.lineno + 1
        for path in MODULES + PLUGINS
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert sum(size < 30 for size in sizes) / len(sizes) >= 0.9


@pytest.mark.parametrize("path", MODULES + PLUGINS, ids=named)
def test_own_modules_are_imported_at_the_top(path: Path) -> None:
    for function in ast.walk(ast.parse(path.read_text())):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            deferred = [m for m in imports(function) if m.split(".")[0] in {"retrospec", "retrospec_plugins"}]
            assert deferred == [], f"{function.name} imports {deferred}"


@pytest.mark.parametrize("path", sorted((ROOT / "retrospec" / "plugin").rglob("*.py")), ids=named)
def test_everything_public_in_the_plugin_surface_is_documented(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree), "the module has no docstring"
    for node in ast.walk(tree):
        # The name of a test is the sentence that it proves.
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if not node.name.startswith(("_", "test_")):
            assert ast.get_docstring(node) or is_nested(tree, node), f"{node.name} has no docstring"


def is_nested(tree: ast.AST, node: ast.AST) -> bool:
    """Whether a definition stands inside of a function, where nobody outside can see it."""
    return any(
        node in ast.walk(outer)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef) and outer is not node
    )
