"""What every storage backend must do."""

import asyncio
import os
from collections.abc import AsyncIterator

import pytest

from retrospec.plugin import ObjectMissing, StorageBackend

MIB = 1 << 20
KEY = "session-events/proj_default/2026/11/22/shop.example/s1.json"
BAD_KEYS = ["", "/etc/passwd", "../up", "a/../../b", "a/..", "a/./b", "a//b", "a/", "a\0b", "a\\..\\b", "k" * 1025]


async def in_pieces(content: bytes, size: int = MIB) -> AsyncIterator[bytes]:
    """Hand out bytes as an upload does.

    Args:
        content: What to hand out.
        size: How many at a time.
    """
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def broken_off(content: bytes) -> AsyncIterator[bytes]:
    """Hand out bytes and then fail, as a client that hangs up does.

    Args:
        content: What comes before the failure.
    """
    yield content
    raise ConnectionResetError("the client is gone")


async def put(storage: StorageBackend, key: str, content: bytes, content_type: str = "application/json") -> int:
    """Store bytes under a key."""
    return await storage.put(key, in_pieces(content), content_type=content_type)


async def read(storage: StorageBackend, key: str, start: int = 0, end: int | None = None) -> bytes:
    """Read an object, or a part of it, to its end."""
    content = await storage.get(key, start, end)
    return b"".join([piece async for piece in content.chunks])


@pytest.mark.asyncio
class StorageSuite:
    """Inherit from this and override `storage`, with a backend that is open and empty.

    ```python
    class TestShelf(StorageSuite):
        @pytest.fixture
        async def storage(self):
            async with Shelf() as shelf:
                yield shelf
    ```
    """

    @pytest.fixture
    def storage(self) -> StorageBackend:
        """Give the storage under test, open and empty."""
        raise NotImplementedError("override the fixture `storage` with an open backend")

    async def test_what_is_put_is_what_is_read(self, storage: StorageBackend) -> None:
        assert await put(storage, KEY, b'[{"type":4}]') == 12

        content = await storage.get(KEY)

        assert b"".join([piece async for piece in content.chunks]) == b'[{"type":4}]'
        assert (content.info.size, content.info.content_type) == (12, "application/json")

    async def test_an_object_may_be_empty(self, storage: StorageBackend) -> None:
        assert await put(storage, KEY, b"") == 0

        assert await read(storage, KEY) == b""
        assert (await storage.stat(KEY)).size == 0

    async def test_eight_mebibytes_in_odd_pieces_come_back_whole_in_pieces_of_at_most_one(
        self, storage: StorageBackend
    ) -> None:
        content = os.urandom(8 * MIB)

        assert await storage.put(KEY, in_pieces(content, 77_777), content_type="application/json") == len(content)

        pieces = [piece async for piece in (await storage.get(KEY)).chunks]
        assert b"".join(pieces) == content
        assert max(map(len, pieces)) <= MIB

    async def test_one_large_piece_among_empty_ones_comes_back_whole(self, storage: StorageBackend) -> None:
        large = os.urandom(3 * MIB)

        async def uneven() -> AsyncIterator[bytes]:
            for piece in (b"", b"a", b"", large, b"", b"z"):
                yield piece

        assert await storage.put(KEY, uneven(), content_type="video/mp4") == 3 * MIB + 2
        assert await read(storage, KEY) == b"a" + large + b"z"

    @pytest.mark.parametrize(
        ("key", "content_type"),
        [
            ("a/recording.json", "application/json"),
            ("a/video.mp4", "video/mp4"),
            ("a/video.json", "video/webm"),
            ("a/no-ending", "text/plain; charset=utf-8"),
            ("a/unknown.xyz", "application/octet-stream"),
        ],
    )
    async def test_the_content_type_stays_as_it_was_given(
        self, storage: StorageBackend, key: str, content_type: str
    ) -> None:
        await put(storage, key, b"1", content_type)

        assert (await storage.stat(key)).content_type == content_type
        assert (await storage.get(key)).info.content_type == content_type

    async def test_a_second_put_replaces_bytes_size_and_type(self, storage: StorageBackend) -> None:
        await put(storage, KEY, b"a longer first one", "text/plain")
        await put(storage, KEY, b"second", "application/json")

        info = await storage.stat(KEY)
        assert await read(storage, KEY) == b"second"
        assert (info.size, info.content_type) == (6, "application/json")

    async def test_readers_see_the_former_or_the_new_object_and_never_a_part(self, storage: StorageBackend) -> None:
        versions = [bytes([letter]) * (MIB + letter) for letter in b"abcd"]
        await put(storage, KEY, versions[0])
        done = asyncio.Event()

        async def overwrite() -> None:
            for version in versions * 2:
                await storage.put(KEY, in_pieces(version, 200_000), content_type="application/json")
            done.set()

        async def watch() -> None:
            while not done.is_set():
                assert await read(storage, KEY) in versions

        await asyncio.gather(overwrite(), watch(), watch())
        assert await read(storage, KEY) == versions[-1]

    async def test_an_upload_that_breaks_off_leaves_the_former_object(self, storage: StorageBackend) -> None:
        await put(storage, KEY, b"former")

        with pytest.raises(ConnectionResetError):
            await storage.put(KEY, broken_off(b"n" * 3 * MIB), content_type="application/json")

        assert await read(storage, KEY) == b"former"

    async def test_an_upload_that_breaks_off_leaves_nothing_where_nothing_was(self, storage: StorageBackend) -> None:
        with pytest.raises(ConnectionResetError):
            await storage.put(KEY, broken_off(b"new"), content_type="application/json")

        with pytest.raises(ObjectMissing):
            await storage.stat(KEY)

    async def test_a_cancelled_upload_leaves_the_former_object(self, storage: StorageBackend) -> None:
        await put(storage, KEY, b"former")
        started = asyncio.Event()

        async def hanging() -> AsyncIterator[bytes]:
            yield b"n" * 3 * MIB
            started.set()
            await asyncio.Event().wait()

        upload = asyncio.create_task(storage.put(KEY, hanging(), content_type="application/json"))
        await started.wait()
        upload.cancel()
        with pytest.raises(asyncio.CancelledError):
            await upload

        assert await read(storage, KEY) == b"former"

    @pytest.mark.parametrize(
        ("start", "end", "expected"),
        [
            (0, None, b"0123456789"),
            (0, 1, b"0"),
            (3, 7, b"3456"),
            (7, None, b"789"),
            (9, 10, b"9"),
            (4, 1000, b"456789"),
            (0, 10, b"0123456789"),
        ],
    )
    async def test_a_range_is_read_as_asked_and_the_whole_size_told(
        self, storage: StorageBackend, start: int, end: int | None, expected: bytes
    ) -> None:
        await put(storage, KEY, b"0123456789")

        assert await read(storage, KEY, start, end) == expected
        assert (await storage.get(KEY, start, end)).info.size == 10

    async def test_a_range_across_many_pieces_is_exact(self, storage: StorageBackend) -> None:
        content = os.urandom(3 * MIB)
        await put(storage, KEY, content)

        assert await read(storage, KEY, 999_999, 2_500_001) == content[999_999:2_500_001]

    async def test_what_is_not_there_is_missing(self, storage: StorageBackend) -> None:
        await put(storage, "a/b.json", b"1")

        for key in ("a/c.json", "a", "a/b.json/c", "other/b.json"):
            with pytest.raises(ObjectMissing):
                await storage.stat(key)
            with pytest.raises(ObjectMissing):
                await storage.get(key)

    async def test_deleting_takes_all_that_are_there_and_counts_the_others_as_deleted(
        self, storage: StorageBackend
    ) -> None:
        keys = [f"session-events/proj_a/2026/11/{day:02}/shop/s{day}.json" for day in range(1, 31)]
        for key in keys[::2]:
            await put(storage, key, b"1", "text/plain")
        await put(storage, "session-events/proj_a/2026/11/02/shop/kept.json", b"kept")

        assert await storage.delete(keys) == {}

        for key in keys:
            with pytest.raises(ObjectMissing):
                await storage.stat(key)
        assert await read(storage, "session-events/proj_a/2026/11/02/shop/kept.json") == b"kept"

    async def test_deleting_nothing_is_nothing(self, storage: StorageBackend) -> None:
        assert await storage.delete([]) == {}

    async def test_what_was_deleted_can_be_put_again_with_another_type(self, storage: StorageBackend) -> None:
        await put(storage, "a/thing", b"first", "text/plain")
        await storage.delete(["a/thing"])
        await put(storage, "a/thing", b"again", "application/octet-stream")

        assert await read(storage, "a/thing") == b"again"
        assert (await storage.stat("a/thing")).content_type == "application/octet-stream"

    async def test_equal_names_in_two_projects_are_two_objects(self, storage: StorageBackend) -> None:
        ours, theirs = (f"session-events/{project}/2026/11/22/shop/s1.json" for project in ("proj_a", "proj_b"))
        await put(storage, ours, b"ours")
        await put(storage, theirs, b"theirs")

        await storage.delete([theirs])

        assert await read(storage, ours) == b"ours"
        with pytest.raises(ObjectMissing):
            await storage.stat(theirs)

    @pytest.mark.parametrize("name", ["S:1@x~y.Z_-", "s" * 128, "été-✓", "%2e%2e", "a b?c#d"])
    async def test_unusual_names_are_only_names(self, storage: StorageBackend, name: str) -> None:
        await put(storage, f"session-events/p/{name}.json", name.encode())

        assert await read(storage, f"session-events/p/{name}.json") == name.encode()

    async def test_a_key_may_have_1024_bytes(self, storage: StorageBackend) -> None:
        key = "/".join(["p" * 127] * 8)
        assert len(key) == 1023
        await put(storage, key + "q", b"1")

        assert await read(storage, key + "q") == b"1"

    async def test_of_puts_at_the_same_time_one_wins_whole(self, storage: StorageBackend) -> None:
        versions = [bytes([65 + number]) * (500_000 + number) for number in range(8)]

        sizes = await asyncio.gather(*(put(storage, KEY, version) for version in versions))

        assert sizes == [len(version) for version in versions]
        assert await read(storage, KEY) in versions

    async def test_many_at_once_do_not_disturb_each_other(self, storage: StorageBackend) -> None:
        objects = {f"session-events/p/2026/11/{n % 5}/s{n}.json": f"content {n}".encode() * n for n in range(40)}

        await asyncio.gather(*(put(storage, key, content) for key, content in objects.items()))

        assert await asyncio.gather(*(read(storage, key) for key in objects)) == list(objects.values())

    async def test_puts_and_deletes_of_neighbours_at_the_same_time_all_hold(self, storage: StorageBackend) -> None:
        async def come_and_go(number: int) -> None:
            key = f"session-events/p/2026/11/22/shop/{number}.json"
            for _ in range(10):
                await put(storage, key, key.encode())
                assert await read(storage, key) == key.encode()
                assert await storage.delete([key]) == {}

        await asyncio.gather(*(come_and_go(number) for number in range(4)))

    @pytest.mark.parametrize("key", BAD_KEYS)
    async def test_a_key_that_is_none_is_refused_everywhere(self, storage: StorageBackend, key: str) -> None:
        with pytest.raises(ValueError, match="object key"):
            await put(storage, key, b"1")
        with pytest.raises(ValueError, match="object key"):
            await storage.get(key)
        with pytest.raises(ValueError, match="object key"):
            await storage.stat(key)

    async def test_a_key_that_is_none_does_not_keep_others_from_being_deleted(self, storage: StorageBackend) -> None:
        await put(storage, "a/b.json", b"1")

        failed = await storage.delete(["../up", "a/b.json"])

        assert list(failed) == ["../up"]
        with pytest.raises(ObjectMissing):
            await storage.stat("a/b.json")

    async def test_it_names_some_of_what_is_there_or_says_that_it_cannot(self, storage: StorageBackend) -> None:
        nothing = await storage.sample(2)
        keys = {f"session-events/p/2026/11/{n}.json" for n in range(3)}
        for key in keys:
            await put(storage, key, b"1", "text/plain")

        some = await storage.sample(2)

        if nothing is None:
            assert some is None
        else:
            assert (list(nothing), len(some or ()), set(some or ()) <= keys) == ([], 2, True)

    async def test_it_says_that_it_works(self, storage: StorageBackend) -> None:
        assert await storage.check()
