import asyncio
import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tortoise.exceptions import OperationalError

from retrospec.core.clock import now
from retrospec.core.db import Database
from retrospec.plugin.testing.clock import VirtualClock
from retrospec.projects import keys as keys_module
from retrospec.projects import service
from retrospec.projects.caches import ProjectOrigins
from retrospec.projects.keys import KeyRing, KeyUse, KnownKey, key_hash, new_raw_key
from retrospec.projects.models import Project, ProjectApiKey


@pytest.fixture
def ring(database: Database, clock: VirtualClock) -> KeyRing:
    return KeyRing(clock=clock)


@pytest.fixture
def queries(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hashes that the database was asked for."""
    asked: list[str] = []
    find = keys_module._find_key

    async def counted(digest: str) -> KnownKey | None:
        asked.append(digest)
        await asyncio.sleep(0)
        return await find(digest)

    monkeypatch.setattr(keys_module, "_find_key", counted)
    return asked


async def a_key(**options: Any) -> tuple[ProjectApiKey, str]:
    return await service.create_key("proj_default", **options)


def test_raw_keys_have_256_random_bits() -> None:
    assert re.fullmatch(r"rpk_[0-9a-f]{64}", new_raw_key())
    assert new_raw_key() != new_raw_key()


async def test_only_the_hash_of_a_key_is_stored(database: Database) -> None:
    _, raw = await a_key()

    stored = await database.connection.execute_query_dict("SELECT * FROM project_api_keys")
    assert raw.removeprefix("rpk_") not in str(stored)
    assert stored[0]["key_hash"] == hashlib.sha256(raw.encode()).hexdigest() == key_hash(raw)


async def test_a_found_key_is_remembered_for_five_seconds(
    ring: KeyRing, clock: VirtualClock, queries: list[str]
) -> None:
    row, raw = await a_key()
    assert await ring.find(raw)
    await service.revoke_key("proj_default", row.id)

    clock.advance(4.9)
    assert await ring.find(raw)
    clock.advance(0.1)
    assert await ring.find(raw) is None
    assert len(queries) == 2


async def test_an_unknown_key_is_remembered_for_one_second(
    ring: KeyRing, clock: VirtualClock, queries: list[str]
) -> None:
    raw = new_raw_key()
    assert await ring.find(raw) is None
    assert await ring.find(raw) is None
    assert len(queries) == 1
    await ProjectApiKey.create(
        id="k", project_id="proj_default", label="l", scope="read", key_hash=key_hash(raw), created_at=now()
    )

    clock.advance(1)
    found = await ring.find(raw)
    assert found == KnownKey("k", "proj_default", "read", None, frozenset())


async def test_requests_that_come_together_share_one_query(ring: KeyRing, queries: list[str]) -> None:
    _, raw = await a_key()

    found = await asyncio.gather(*(ring.find(raw) for _ in range(50)))

    assert all(found)
    assert len(queries) == 1


async def test_a_request_that_goes_away_takes_no_answer_from_others(ring: KeyRing) -> None:
    _, raw = await a_key()
    first, second = asyncio.create_task(ring.find(raw)), asyncio.create_task(ring.find(raw))
    await asyncio.sleep(0)
    first.cancel()

    assert await second


async def test_what_was_read_before_a_revocation_is_not_remembered_after_it(
    ring: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, raw = await a_key()
    read, go_on, find = asyncio.Event(), asyncio.Event(), keys_module._find_key

    async def slow(digest: str) -> KnownKey | None:
        found = await find(digest)
        read.set()
        await go_on.wait()
        return found

    monkeypatch.setattr(keys_module, "_find_key", slow)
    early = asyncio.create_task(ring.find(raw))
    await read.wait()
    await service.revoke_key("proj_default", row.id)
    ring.forget()
    go_on.set()

    late = await ring.find(raw)
    assert (await early) is not None
    assert late is None
    assert await ring.find(raw) is None


@pytest.mark.parametrize("raw", ["", "rpk_", "rpk_" + "g" * 64, "rpk_" + "0" * 63, "x", "rpk_" + "٣" * 64, "\udcff"])
async def test_malformed_keys_never_reach_the_database(ring: KeyRing, queries: list[str], raw: str) -> None:
    assert await ring.find(raw) is None
    assert queries == []


async def test_guesses_take_a_bounded_room_and_push_out_no_good_key(
    ring: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys_module, "_REMEMBERED", 10)
    _, raw = await a_key()
    await ring.find(raw)
    for _ in range(30):
        await ring.find(new_raw_key())

    assert (len(ring._known), len(ring._unknown), len(ring._loading)) == (1, 10, 0)


async def test_a_failed_query_is_not_remembered(ring: KeyRing, monkeypatch: pytest.MonkeyPatch) -> None:
    _, raw = await a_key()

    async def broken(digest: str) -> KnownKey | None:
        raise OperationalError("away")

    with monkeypatch.context() as patch:
        patch.setattr(keys_module, "_find_key", broken)
        with pytest.raises(OperationalError):
            await ring.find(raw)

    assert await ring.find(raw)


async def test_use_is_written_by_the_flush_only(database: Database) -> None:
    (used, _), (unused, _) = await a_key(), await a_key()
    use = KeyUse(database)
    before = now()
    for _ in range(100):
        use.note(used.id)
    await used.refresh_from_db()
    assert used.last_used_at is None

    await use.flush()

    await used.refresh_from_db()
    await unused.refresh_from_db()
    assert used.last_used_at is not None
    assert before <= used.last_used_at <= now()
    assert unused.last_used_at is None


async def test_an_older_use_never_replaces_a_newer_one(database: Database) -> None:
    key, _ = await a_key()
    later = now() + timedelta(hours=1)
    await ProjectApiKey.filter(id=key.id).update(last_used_at=later)
    use = KeyUse(database)
    use.note(key.id)

    await use.flush()

    await key.refresh_from_db()
    assert key.last_used_at == later


async def test_use_that_could_not_be_written_is_written_the_next_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, _ = await a_key()
    use = KeyUse(database)
    use.note(key.id)
    with monkeypatch.context() as patch:
        patch.setattr(keys_module, "sql_time", lambda at: "not a time" if not database.is_sqlite else 1 / 0)
        with pytest.raises((OperationalError, ZeroDivisionError)):
            await use.flush()

    await use.flush()

    await key.refresh_from_db()
    assert key.last_used_at is not None


async def test_a_flush_with_nothing_to_write_asks_nothing(database: Database) -> None:
    await database.close()

    await KeyUse(database).flush()


async def test_origins_of_all_projects_are_read_once_in_five_seconds(database: Database, clock: VirtualClock) -> None:
    origins = ProjectOrigins(database, clock=clock)
    assert await origins.all() == frozenset()
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    for name, gone in (("a", None), ("b", None), ("c", moment)):
        await Project.create(
            id=name, name=name, site=name, created_at=moment, deleting_at=gone, allowed_origins=[f"https://{name}"]
        )

    clock.advance(4.9)
    assert await origins.all() == frozenset()
    clock.advance(0.1)
    assert await origins.all() == {"https://a", "https://b"}


async def test_origins_stay_known_while_the_database_is_away(
    database: Database, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await Project.filter(id="proj_default").update(allowed_origins=["https://a"])
    origins = ProjectOrigins(database, clock=clock)
    assert await origins.all() == {"https://a"}
    monkeypatch.setattr(type(database), "connection", property(lambda self: 1 / 0))

    clock.advance(6)
    assert await origins.all() == {"https://a"}
