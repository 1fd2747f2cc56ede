"""A `retrospec serve` of its own for a measurement, on loopback and in a folder that goes away."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

RETROSPEC = str(Path(sys.executable).with_name("retrospec"))


@dataclass(frozen=True)
class Running:
    """A server that answers: where, and which process."""

    url: str
    port: int
    process: subprocess.Popen[bytes]
    # From the start of the command to the first 200 on /healthz, seconds.
    started_in: float

    def resident(self) -> int:
        """Resident memory of the server and its children, bytes."""
        parent = psutil.Process(self.process.pid)
        return sum(one.memory_info().rss for one in [parent, *parent.children(recursive=True)])


@contextmanager
def folder() -> Iterator[Path]:
    """A folder for the data of a measurement."""
    path = Path(tempfile.mkdtemp(prefix="retrospec-bench-"))
    try:
        yield path
    finally:
        shutil.rmtree(path)


@contextmanager
def serving(data_dir: Path, port: int, **settings: str) -> Iterator[Running]:
    """Run a server until the block ends."""
    environ = {"PATH": os.environ["PATH"], "DATA_DIR": str(data_dir), "ORCHESTRATOR_PORT": str(port)}
    begun = time.perf_counter()
    process = subprocess.Popen([RETROSPEC, "serve"], env=environ | {"LOG_LEVEL": "WARNING"} | settings)
    url = f"http://127.0.0.1:{port}"
    try:
        yield Running(url, port, process, _wait(url, process, begun))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def _wait(url: str, process: subprocess.Popen[bytes], begun: float) -> float:
    while time.perf_counter() - begun < 30:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with status {process.returncode}")
        try:
            if httpx.get(f"{url}/healthz", timeout=2).status_code == 200:
                return time.perf_counter() - begun
        except httpx.TransportError:
            time.sleep(0.01)
    raise TimeoutError("the server did not start within 30 s")
