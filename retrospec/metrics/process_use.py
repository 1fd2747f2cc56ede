"""Memory, CPU and files of the server: of all its processes together, where it has several."""

import os
from collections.abc import Iterable, Sequence
from functools import partial
from multiprocessing import parent_process
from pathlib import Path

from prometheus_client import ProcessCollector
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

# Of several processes, the figure of the first; all others are added up.
_OF_THE_FIRST = frozenset({"process_start_time_seconds", "process_max_fds"})


class ProcessUse(Collector):
    """The `process_…` metrics. Whichever process answers a scrape, it says the same of all of them.

    One that dies takes its share of the CPU seconds along: to Prometheus a counter that was set back.
    """

    def collect(self) -> Iterable[Family]:
        """Ask the system."""
        families: dict[str, Family] = {}
        for pid in server_processes():
            for family in ProcessCollector(registry=None, pid=partial(int, pid)).collect():
                known = families.setdefault(family.name, family)
                if known is not family and family.name not in _OF_THE_FIRST:
                    known.samples = [_sum(*pair) for pair in zip(known.samples, family.samples, strict=True)]
        return families.values()


def server_processes() -> Sequence[int]:
    """The processes of this server, the supervisor first; only this one, where it is alone."""
    supervisor = parent_process()
    if supervisor is None or supervisor.pid is None:
        return [os.getpid()]
    threads = Path(f"/proc/{supervisor.pid}/task")
    children = {int(pid) for listed in threads.glob("*/children") for pid in _read(listed).split()}
    return [supervisor.pid, *sorted(children | {os.getpid()})]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError:
        # A thread that has ended meanwhile, or a system that does not say.
        return ""


def _sum(one: Sample, other: Sample) -> Sample:
    return one._replace(value=one.value + other.value)
