"""A database that answers too late, or not all at once, is 503 with `Retry-After`: never 500, and never for ever."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from retrospec.core import postgres
from retrospec.core.db import AWAY, Database, Statement, transact, transaction
from retrospec.core.errors import Unavailable
from retrospec.core.migrations import Migrations
from retrospec.schema import MODELS
from tests.client import MakeClient, marker
from tests.faults.test_database_away import ask_all, is_told_to_come_again

COUNT = Statement("""
    INSERT INTO counter_totals (name, labels, value) VALUES ($1, '', 1)
    ON CONFLICT (name, labels) DO UPDATE SET value = counter_totals.value + 1
""")
TABLES = "SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables WHERE schemaname = 'public'"


@pytest.fixture
def dialect() -> str:
    """A server that has other clients."""
    return "postgres"


@asynccontextmanager
async def somebody_else(url: str) -> AsyncIterator[Any]:
    """A client of the same database."""
    connection = await asyncpg.connect(url)  # type: ignore[no-untyped-call]
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def opened(url: str, **options: Any) -> AsyncIterator[Database]:
    database = Database(url, MODELS, **options)
    await database.open()
    try:
        yield database
    finally:
        await database.close()


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        ({"database_lock_timeout_seconds": 0.2}, "canceling statement due to lock timeout"),
        (
            {"database_statement_timeout_seconds": 0.2, "database_lock_timeout_seconds": 0},
            "canceling statement due to statement timeout",
        ),
    ],
)
async def test_what_waits_for_too_long_is_told_to_come_again_and_then_has_its_answer(
    make_client: MakeClient,
    database_url: str,
    limits: dict[str, float],
    says: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    client = await make_client(**limits)
    await client.recorded("s1", marker())
    assert [name for name, answer in await ask_all(client) if not answer.is_success] == []

    async with somebody_else(database_url) as other, other.transaction():
        await other.execute(f"LOCK TABLE {await other.fetchval(TABLES)}")
        refused = await ask_all(client)
    back = await ask_all(client)

    assert [
        (name, answer.status_code, answer.text) for name, answer in refused if not is_told_to_come_again(answer)
    ] == []
    # Who runs the server is told which limit it was.
    assert says in capsys.readouterr().out
    assert [(name, answer.status_code, answer.text) for name, answer in back if not answer.is_success] == []


async def test_a_server_that_became_a_standby_refuses_what_writes_and_reads_on(
    make_client: MakeClient, database_url: str
) -> None:
    client = await make_client()
    await client.recorded("s1", marker())

    async with somebody_else(database_url) as other:
        name = await other.fetchval("SELECT current_database()")
        for setting, works in (("on", False), ("off", True)):
            await other.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {setting}")
            await other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                " AND datname = current_database()"
            )
            answers = await ask_all(client) + await ask_all(client)

            wrong = [
                (what, a.status_code, a.text)
                for what, a in answers
                if not a.is_success and not is_told_to_come_again(a)
            ]
            assert wrong == []
            written = [a.is_success for what, a in answers[len(answers) // 2 :] if what == "POST /v1/ingest/session"]
            assert written == [works]


async def test_nobody_waits_for_ever_for_a_connection(make_client: MakeClient) -> None:
    client = await make_client(database_pool_size=2, database_acquire_timeout_seconds=0.2)

    all_lent, enough = asyncio.Barrier(3), asyncio.Event()

    async def keep_one() -> None:
        async with transaction():
            await all_lent.wait()
            await enough.wait()

    async with asyncio.TaskGroup() as keeping:
        for _ in range(2):
            keeping.create_task(keep_one())
        await all_lent.wait()
        refused = await client.http.get("/v1/issues")
        enough.set()

    assert is_told_to_come_again(refused)
    assert (await client.http.get("/v1/issues")).is_success


async def test_a_transaction_that_stands_still_holds_its_locks_no_longer_than_it_may(database_url: str) -> None:
    async def stand_still() -> None:
        async with transaction() as db:
            await COUNT.run(db, "held")
            async with somebody_else(database_url) as other:
                # Waits for the row that the transaction holds.
                await other.execute("INSERT INTO counter_totals (name, labels, value) VALUES ('held', '', 5)")
            await COUNT.run(db, "held")

    async with opened(database_url, idle_transaction_timeout_seconds=0.1) as database:
        with pytest.raises(AWAY):
            await stand_still()

        assert await counts(database) == {"held": 5}


async def test_a_transaction_that_a_deadlock_ended_is_done_again(database_url: str) -> None:
    attempts = 0
    both_hold = asyncio.Barrier(2)

    async with opened(database_url) as database:

        async def work(db: Any, first: str, second: str) -> None:
            nonlocal attempts
            attempts += 1
            await COUNT.run(db, first)
            if attempts <= 2:
                await both_hold.wait()
            await COUNT.run(db, second)

        await asyncio.gather(transact(lambda db: work(db, "a", "b")), transact(lambda db: work(db, "b", "a")))

        assert (attempts, await counts(database)) == (3, {"a": 2, "b": 2})


async def test_what_cannot_be_put_in_an_order_is_given_up_after_three_times(database_url: str) -> None:
    attempts = 0

    async def work(db: Any) -> None:
        nonlocal attempts
        attempts += 1
        await COUNT.run(db, "a")
        raise asyncpg.SerializationError("could not serialize access")

    async with opened(database_url) as database:
        with pytest.raises(AWAY):
            await transact(work)

        assert (attempts, await counts(database)) == (3, {})


async def test_limits_are_in_force_on_every_connection_and_migrations_may_take_any_time(database_url: str) -> None:
    asked = "SELECT name, setting FROM pg_settings WHERE name LIKE '%\\_timeout' OR name = 'application_name'"

    async def in_force(**options: Any) -> dict[str, str]:
        async with opened(database_url, **options) as database:
            # Given back and lent again in between.
            await database.ping()
            return {row["name"]: row["setting"] for row in await database.connection.execute_query_dict(asked)}

    limited = await in_force(statement_timeout_seconds=7.5, lock_timeout_seconds=2, application_name="shop")
    unhurried = await in_force(statement_timeout_seconds=7.5, lock_timeout_seconds=2, unhurried=True)

    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "application_name")
    assert [limited[name] for name in names] == ["7500", "2000", "60000", "shop"]
    assert [unhurried[name] for name in names] == ["0", "2000", "0", "retrospec"]


async def test_a_server_that_is_too_old_is_refused_by_its_version(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "OLDEST", 99)

    for attempt in (Database(database_url, MODELS).open, Migrations(database_url, MODELS).status):
        with pytest.raises(Unavailable, match=r"PostgreSQL 18 is too old: Retrospec needs 99 or later"):
            await attempt()


async def counts(database: Database) -> dict[str, float]:
    found = await database.connection.execute_query_dict("SELECT name, value FROM counter_totals WHERE labels = ''")
    return {row["name"]: row["value"] for row in found}
