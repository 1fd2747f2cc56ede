"""What learning strategies have learnt: kept in the database, and brought to every process."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import TypeVar

from retrospec.core.clock import now
from retrospec.core.db import AWAY, Database, Statement
from retrospec.core.log import get_logger
from retrospec.plugin import ClusteringStrategy
from retrospec.plugin.guard import Guard

log = get_logger(__name__)
_LONGEST = 16 * 2**20
_ATTEMPTS = 3
Result = TypeVar("Result")

_REVISION = Statement("SELECT revision FROM strategy_states WHERE strategy = $1")
_READ = Statement("SELECT state, revision FROM strategy_states WHERE strategy = $1")
_FIRST = Statement("""
    INSERT INTO strategy_states (strategy, state, revision, updated_at) VALUES ($1, $2, 1, $3)
    ON CONFLICT (strategy) DO NOTHING
""")
_WRITE = Statement("""
    UPDATE strategy_states SET state = $2, revision = revision + 1, updated_at = $3
    WHERE strategy = $1 AND revision = $4
""")


class StrategyStates:
    """The states of the strategies of one process that learn."""

    def __init__(
        self,
        database: Database,
        strategies: Mapping[str, ClusteringStrategy],
        guards: Mapping[str, Guard] = MappingProxyType({}),
    ) -> None:
        """Look after some strategies; those that do not learn are left alone.

        Args:
            database: Where their states are kept.
            strategies: By name.
            guards: Of those that did not come with the server.
        """
        self._guards = guards
        self._database = database
        self._strategies = {name: strategy for name, strategy in strategies.items() if strategy.learns}
        self._revisions = dict.fromkeys(self._strategies, 0)
        # Learnt, and not written because somebody else wrote first or the database was away.
        self._unsaved: dict[str, str] = {}

    @property
    def is_needed(self) -> bool:
        """Whether any strategy learns."""
        return bool(self._strategies)

    async def load(self) -> None:
        """Bring every strategy to where others are. Call it before the first marker."""
        for name in self._strategies:
            await self._adopt(name)

    async def sync(self) -> None:
        """Take in what others have learnt, and write down what is new here."""
        for name, strategy in self._strategies.items():
            try:
                await self._sync(name, strategy)
            except AWAY:
                raise
            except Exception as mistake:
                log.warning("a strategy's state cannot be kept", strategy=name, error=str(mistake))

    async def _sync(self, name: str, strategy: ClusteringStrategy) -> None:
        for _ in range(_ATTEMPTS):
            found = await _REVISION.fetch(self._database.connection, name)
            if found and found[0]["revision"] != self._revisions[name]:
                await self._adopt(name)
                # It knows more than this now; what it knows beyond that, it tells again.
                self._unsaved.pop(name, None)
            if (state := await self._ask(name, strategy.state, "state")) is not None:
                self._unsaved[name] = _checked(state)
            if name not in self._unsaved or await self._write(name, self._unsaved[name]):
                self._unsaved.pop(name, None)
                return
        log.info("a strategy's state is written later, others write at the same time", strategy=name)

    async def _adopt(self, name: str) -> None:
        found = await _READ.fetch(self._database.connection, name)
        if not found:
            return
        self._revisions[name] = found[0]["revision"]
        try:
            await self._ask(name, partial(self._strategies[name].adopt, found[0]["state"]), "adopt")
        except Exception as mistake:
            log.warning("a strategy cannot read its state and begins anew", strategy=name, error=str(mistake))

    async def _ask(self, name: str, work: Callable[[], Result], doing: str) -> Result:
        """Ask a strategy where its `keys` is asked."""
        guard = self._guards.get(name)
        return work() if guard is None else await guard.run(work, doing=doing, expected=(ValueError,))

    async def _write(self, name: str, state: str) -> bool:
        revision = self._revisions[name]
        if revision:
            written = await _WRITE.run(self._database.connection, name, state, now(), revision)
        else:
            written = await _FIRST.run(self._database.connection, name, state, now())
        if written:
            self._revisions[name] = revision + 1
        return bool(written)


def _checked(state: str) -> str:
    if not isinstance(state, str) or len(state) > _LONGEST or "\0" in state:
        raise ValueError("it is no text of at most 16 MiB without U+0000")
    return state
