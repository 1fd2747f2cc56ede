"""CPU of the server for an ingest: with the plugins that come with it, and with those of others in their threads."""

import argparse
import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import psutil

from bench.load import pour
from bench.server import folder, serving
from bench.sessions import requests

_PORT = 18_091
_CONNECTIONS = 16
_OBSERVER = """
from retrospec.plugin import hookimpl


@hookimpl
def retrospec_session_ingested(event):
    pass
"""
_STRATEGY = """
from retrospec.plugin import clustering_strategy
from retrospec_plugins.cluster_fingerprint import Fingerprint


@clustering_strategy("theirs", "As fingerprint")
class Theirs(Fingerprint):
    pass
"""
_REDACTOR = """
from retrospec.plugin import redactor
from retrospec_plugins.redact_default import DefaultRedactor


@redactor("theirs", "As default")
class Theirs(DefaultRedactor):
    pass
"""
_CASES: dict[str, tuple[str, dict[str, str]]] = {
    "built-in": ("", {}),
    "a hook for sessions": (_OBSERVER, {}),
    "a strategy of others": (_STRATEGY, {"CLUSTERING_STRATEGY": "theirs"}),
    "a redactor of others": (_REDACTOR, {"REDACTOR": "theirs"}),
}


def cpu_of(settings: dict[str, str], count: int) -> float:
    """CPU seconds of the server for each session, from start-up on without it."""
    quiet = {"RATE_LIMIT_REQUESTS_PER_SEC": "0", "EMBEDDED_WORKER": "false"}
    with folder() as data, serving(data, _PORT, **quiet, **settings) as server:
        flow = requests()
        asyncio.run(pour(_PORT, flow, connections=_CONNECTIONS, count=200))
        process = psutil.Process(server.process.pid)
        before = process.cpu_times()
        load = asyncio.run(pour(_PORT, flow, connections=_CONNECTIONS, count=count))
        after = process.cpu_times()
    if load.statuses != {202: count}:
        raise RuntimeError(f"not all were taken: {load.statuses}")
    return (after.user + after.system - before.user - before.system) / count


def _cases(elsewhere: list[str]) -> Iterator[tuple[str, dict[str, str], str]]:
    """Name, settings and plugin of each case; with checkouts, the built-in plugins of each of them."""
    for path in elsewhere:
        yield path, {"PYTHONPATH": path}, ""
    if not elsewhere:
        yield from ((name, settings, plugin) for name, (plugin, settings) in _CASES.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=3_000, help="sessions of a measurement")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each case, one after the other")
    parser.add_argument("checkouts", nargs="*", help="compare these instead, each a path for PYTHONPATH")
    options = parser.parse_args()
    cases = list(_cases(options.checkouts))
    found: dict[str, list[float]] = {name: [] for name, _, _ in cases}
    with folder() as plugins:
        for _ in range(options.rounds):
            for place, (name, settings, plugin) in enumerate(cases):
                its = Path(plugins, str(place))
                its.mkdir(exist_ok=True)
                (its / "theirs.py").write_text(plugin)
                found[name].append(cpu_of(settings | {"PLUGINS_DIR": os.fspath(its)}, options.count))
    base = median(found[cases[0][0]])
    for name, figures in found.items():
        spread = f"{min(figures) * 1e3:.3f} to {max(figures) * 1e3:.3f}"
        print(f"{name:30} {median(figures) * 1e3:6.3f} ms ({spread})  {median(figures) / base:5.2f} of the first")


if __name__ == "__main__":
    main()
