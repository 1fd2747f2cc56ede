"""Liveness, readiness, and the words in which they say what is wrong."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from retrospec.core.db import Database
from retrospec.metrics.health import Check, Readiness, is_alive
from retrospec.plugin import QueueUnavailable
from retrospec.schema import MODELS
from retrospec_plugins.queue_memory import MemoryQueue
from retrospec_plugins.storage_local import LocalSettings, LocalStorage
from tests.client import Client
from tests.servers import PostgresServer


class RefusingQueue(MemoryQueue):
    async def check(self) -> str:
        raise QueueUnavailable("Redis refuses the password; check REDIS_URL")


class TalkingQueue(MemoryQueue):
    async def check(self) -> str:
        raise ConnectionError("cannot reach redis://user:hunter2@queue.example:6379\nat all")


class SilentQueue(MemoryQueue):
    async def check(self) -> str:
        await asyncio.Event().wait()
        return "never"


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[LocalStorage]:
    async with LocalStorage(LocalSettings(root=tmp_path / "objects")) as storage:
        yield storage


async def checks(database: Database, queue: MemoryQueue, storage: LocalStorage) -> dict[str, Check]:
    found = await Readiness(database, queue, storage, timeout=0.5).check()
    assert [check.name for check in found] == ["database", "migrations", "queue", "storage"]
    return {check.name: check for check in found}


def failing(found: dict[str, Check]) -> set[str]:
    return {name for name, check in found.items() if not check.ok}


async def test_all_is_well_when_everything_works(database: Database, storage: LocalStorage) -> None:
    found = await checks(database, MemoryQueue(), storage)

    assert failing(found) == set()
    assert found["migrations"].detail == "the schema is up to date"


async def test_a_missing_migration_is_named_with_the_command_to_run(database: Database, storage: LocalStorage) -> None:
    await database.connection.execute_script("DELETE FROM aerich")

    found = await checks(database, MemoryQueue(), storage)

    assert failing(found) == {"migrations"}
    assert "_first.py" in found["migrations"].detail
    assert "retrospec db upgrade" in found["migrations"].detail


async def test_without_a_database_no_migration_is_called_missing(
    database: Database, storage: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away() -> None:
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(database, "ping", away)

    found = await checks(database, MemoryQueue(), storage)

    assert failing(found) == {"database", "migrations"}
    assert "Connection refused; check DATABASE_URL" in found["database"].detail
    assert "db upgrade" not in found["migrations"].detail
    assert await is_alive(database) is False


async def test_a_queue_says_itself_what_to_do(database: Database, storage: LocalStorage) -> None:
    found = await checks(database, RefusingQueue(), storage)

    assert failing(found) == {"queue"}
    assert found["queue"].detail == "Redis refuses the password; check REDIS_URL"


async def test_a_dependency_that_hangs_is_called_silent_and_holds_up_no_other(
    database: Database, storage: LocalStorage
) -> None:
    found = await checks(database, SilentQueue(), storage)

    assert failing(found) == {"queue"}
    assert found["queue"].detail.startswith("does not answer within 0.5 s; check")


async def test_credentials_in_a_drivers_error_are_not_shown(database: Database, storage: LocalStorage) -> None:
    detail = (await checks(database, TalkingQueue(), storage))["queue"].detail

    assert "hunter2" not in detail
    assert "queue.example" in detail
    assert "\n" not in detail


async def test_a_storage_whose_folder_is_gone_is_not_ready(
    database: Database, storage: LocalStorage, tmp_path: Path
) -> None:
    (tmp_path / "objects").rename(tmp_path / "gone")
    (tmp_path / "objects").touch()

    assert failing(await checks(database, MemoryQueue(), storage)) == {"storage"}


async def test_a_database_that_answers_is_alive(database: Database) -> None:
    assert await is_alive(database) is True


async def test_a_database_that_is_gone_is_neither_alive_nor_ready(
    postgres_server: PostgresServer, storage: LocalStorage
) -> None:
    name = f"t_{secrets.token_hex(8)}"
    await postgres_server.create(name)
    database = Database(postgres_server.url(name), MODELS, pool_size=2)
    await database.open()
    await postgres_server.drop(name)

    assert await is_alive(database) is False
    assert failing(await checks(database, MemoryQueue(), storage)) == {"database", "migrations"}
    await database.close()


async def test_a_database_that_hangs_is_not_alive(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never() -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(database, "ping", never)

    assert await is_alive(database, timeout=0.05) is False


async def test_a_server_that_works_says_so_in_one_line_for_each_dependency(client: Client) -> None:
    answer = await client.http.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["status"] == "ready"
    lines = [line.strip().rstrip(",") for line in answer.text.splitlines() if '"name"' in line]
    assert [json.loads(line) for line in lines] == answer.json()["checks"]
    assert [json.loads(line)["name"] for line in lines] == ["database", "migrations", "queue", "storage"]
    assert (await client.get("/healthz", 200)) == {"status": "ok"}


async def test_a_server_without_its_database_is_down(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away() -> None:
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(client.listening.server.runtime.database, "ping", away)

    assert (await client.get("/healthz", 503)) == {"status": "down"}
    answer = await client.http.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["status"] == "not ready"
