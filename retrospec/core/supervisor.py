"""Processes that do the same work side by side: started, replaced when they die, and ended together.

Each is spawned, not forked: the supervisor may have threads and an event loop, which a fork would carry over half.
"""

import asyncio
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context, parent_process, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from time import monotonic
from typing import Any

from retrospec.core.errors import RetrospecError
from retrospec.core.loading import named
from retrospec.core.log import get_logger

log = get_logger(__name__)
# What asks a process to stop.
STOPPING = frozenset({signal.SIGTERM, signal.SIGINT})
_spawn = get_context("spawn")


class NotStarted(RetrospecError):
    """A process could not be started."""

    code = "not_started"


@dataclass(frozen=True, slots=True)
class Seat:
    """What a supervised process is told of itself.

    Attributes:
        name: Its own, for the log; whoever replaces it has the same.
        since: When its supervisor began, by the monotonic clock, which all processes of a machine share.
        replaces: Another process died in its place.
    """

    name: str
    since: float
    replaces: bool
    _report: Connection

    def ready(self) -> None:
        """Say that the work has begun."""
        self._report.send("")

    def failed(self, reason: str) -> None:
        """Say why the work cannot begin."""
        with suppress(OSError):
            self._report.send(reason or "no reason is known")


@dataclass(frozen=True, slots=True)
class Named:
    """Work that only the supervised process loads. A supervisor that loaded the server too took 86 MB, this way 52.

    Attributes:
        module: Where it is.
        function: Takes the arguments, and its seat last.
        arguments: What it is given.
    """

    module: str
    function: str
    arguments: tuple[object, ...]

    def __call__(self, seat: Seat) -> None:
        """Do it."""
        named(self.module, self.function)(*self.arguments, seat)


@dataclass(frozen=True, slots=True)
class Patience:
    """How a supervisor deals with processes that die.

    Attributes:
        first_pause: Before a process is replaced that lived for less than `settled` seconds; doubles each time.
        longest_pause: What it doubles up to, seconds.
        settled: A process that lived this long is replaced at once.
        attempts: So many starts in a row may fail while nobody works; then it gives up.
    """

    first_pause: float = 0.5
    longest_pause: float = 30.0
    settled: float = 60.0
    attempts: int = 5

    def pause(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row."""
        return min(self.first_pause * 2.0 ** (failures - 1), self.longest_pause) if failures else 0.0


class Supervisor:
    """Keeps some processes running."""

    def __init__(
        self,
        work: Callable[[Seat], None],
        names: Sequence[str],
        *,
        ends_within: float,
        patience: Patience | None = None,
    ) -> None:
        """Make one that has started nothing yet.

        Args:
            work: What each process does until SIGTERM: says `ready` when it has begun. Must be importable by name.
            names: Of the processes.
            ends_within: Seconds after SIGTERM in which a process ends by itself; then it is killed.
            patience: How to deal with those that die.
        """
        self._patience = patience or Patience()
        since = monotonic()
        self._processes = [_Process(work, name, since) for name in names]
        self._ends_within = ends_within

    async def run(self, stopped: asyncio.Event, ready: Callable[[], None]) -> bool:
        """Run them until `stopped` is set, and end them. Says whether all ended well then.

        Args:
            stopped: Set from outside.
            ready: Called once all of them work.

        Raises:
            NotStarted: One of them cannot begin, or none is left and none can be replaced. All have been ended.
        """
        try:
            started = asyncio.gather(*(process.start() for process in self._processes))
            if await _before(stopped, started):
                ready()
                await _before(stopped, asyncio.gather(*(self._keep(process) for process in self._processes)))
        finally:
            ended_well = await self._end()
        return ended_well

    async def _keep(self, process: "_Process") -> None:
        """Replace a process each time that it has died."""
        failures = 0
        while True:
            code = await process.death()
            lived = monotonic() - process.began
            # Told to by somebody: that is how one process after the other is renewed.
            failures = 0 if code == 0 or lived >= self._patience.settled else failures + 1
            pause = self._patience.pause(failures)
            log.warning("a process has ended", ended=process.name, how=_how(code), lived=round(lived, 1), pause=pause)
            await asyncio.sleep(pause)
            await self._replace(process, failures)

    async def _replace(self, process: "_Process", failures: int) -> None:
        attempts = 0
        while True:
            try:
                await process.start(replaces=True)
            except NotStarted as cause:
                attempts += 1
                pause = self._patience.pause(failures + attempts)
                log.error("a process cannot be replaced", ended=process.name, error=str(cause), pause=pause)  # noqa: TRY400
                if attempts >= self._patience.attempts and not any(one.works for one in self._processes):
                    raise NotStarted(f"no process is left, and none can be started: {cause}") from cause
                await asyncio.sleep(pause)
            else:
                log.info("a process has been replaced", replaced=process.name, pid=process.pid)
                return

    async def _end(self) -> bool:
        worked = [process.works for process in self._processes]
        codes = await asyncio.gather(*(process.end(self._ends_within) for process in self._processes))
        # One that had died before is no failure of the stop.
        return not any(code for code, did in zip(codes, worked, strict=True) if did)


class _Process:
    """The process in one seat, and those that take its place."""

    def __init__(self, work: Callable[[Seat], None], name: str, since: float) -> None:
        self.name = name
        self.began = since
        self.works = False
        self._since = since
        self._work = work
        self._process: SpawnProcess | None = None
        self._reports: Connection | None = None

    @property
    def pid(self) -> int | None:
        """Its number."""
        return self._process.pid if self._process else None

    async def start(self, *, replaces: bool = False) -> None:
        """Start it, and wait until it works.

        Raises:
            NotStarted: It says that it cannot, or dies before it does.
        """
        reports, report = _spawn.Pipe(duplex=False)
        seat = Seat(self.name, self._since, replaces, report)
        process = _spawn.Process(target=self._work, args=(seat,), name=self.name)
        with _signals_held():
            process.start()
        report.close()
        self._process, self._reports = process, reports
        await _readable(reports)
        try:
            reason: str = reports.recv()
        except EOFError:
            raise NotStarted(f"{self.name} {_how(await self._exit_code())} before it had begun") from None
        if reason:
            await self._exit_code()
            raise NotStarted(reason)
        self.began, self.works = monotonic(), True

    async def death(self) -> int:
        """Wait until it has died, and say with which code."""
        assert self._reports is not None
        # Nothing more is sent: what can be read is the end, because nobody else has the other side of the pipe.
        await _readable(self._reports)
        self.works = False
        return await self._exit_code()

    async def end(self, within: float) -> int:
        """Ask it to end, and see that it does. Gives its exit code."""
        if self._process is None:
            return 0
        self._process.terminate()
        try:
            async with asyncio.timeout(within):
                return await self._exit_code()
        except TimeoutError:
            log.error("a process does not end: it is killed", killed=self.name)  # noqa: TRY400
            self._process.kill()
            return await self._exit_code()

    async def _exit_code(self) -> int:
        assert self._process is not None
        while (code := self._process.exitcode) is None:
            await asyncio.sleep(0.01)
        return code


def orphaned() -> int | None:
    """In a supervised process: a descriptor that can be read once the supervisor is no more. None in others."""
    supervisor = parent_process()
    return None if supervisor is None else int(supervisor.sentinel)


async def _readable(connection: Connection) -> None:
    loop, can_read = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(connection.fileno(), can_read.set)
    try:
        await can_read.wait()
    finally:
        loop.remove_reader(connection.fileno())


async def _before(stopped: asyncio.Event, work: "asyncio.Future[list[None]]") -> bool:
    """Whether some work is done before the signal to stop comes. What it raises comes through."""
    stopping = asyncio.create_task(stopped.wait())
    both: set[asyncio.Future[Any]] = {work, stopping}
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if stopped.is_set():
            return False
        await work
        return True
    finally:
        stopping.cancel()
        work.cancel()
        with suppress(asyncio.CancelledError, NotStarted):
            await work


@contextmanager
def _signals_held() -> Iterator[None]:
    """Keep the signals to stop back from a process that is being started, until it can take them (`stop_signal`).

    Ctrl-C goes to all processes of a terminal: those that are not ready would each print where it met them.
    """
    # Its own start would let them through again.
    resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)


def _how(code: int) -> str:
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
