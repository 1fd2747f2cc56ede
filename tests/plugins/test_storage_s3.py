"""What the S3 storage does beyond the suite of its family, on a real server that is whole and in trouble."""

import asyncio
import os
import subprocess
import sys
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import nullcontext
from typing import Any

import pytest
from pydantic import ValidationError

from retrospec.core.errors import SettingsError
from retrospec.core.settings_sources import load
from retrospec.plugin import ObjectMissing, StorageBackend, StorageUnavailable
from retrospec.plugin.testing.receiver import Answer, Receiver
from retrospec.plugin.testing.storage import broken_off, in_pieces, put, read
from retrospec_plugins.storage_s3 import S3Settings, S3Storage
from retrospec_plugins.storage_s3.upload import LARGE_AT_ONCE
from tests.faulty_proxy import Fault, FaultyProxy, Trouble
from tests.s3server import KEYS, S3Bucket, S3Server

KEY = "session-events/proj_default/2026/11/22/shop.example/s1.json"
MIB = 1 << 20
# Short, so that a test of what hangs does not.
HASTY: dict[str, Any] = {
    "connect_timeout_seconds": 0.5,
    "read_timeout_seconds": 0.4,
    "timeout_seconds": 3,
    "max_attempts": 2,
}
AWS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE")


@pytest.fixture
async def storage(s3_bucket: S3Bucket) -> AsyncIterator[S3Storage]:
    async with S3Storage(s3_bucket.settings()) as storage:
        yield storage


@pytest.fixture
async def proxy(s3_server: S3Server) -> AsyncIterator[FaultyProxy]:
    async with FaultyProxy(s3_server.endpoint) as proxy:
        yield proxy


@pytest.fixture
async def shaky(s3_bucket: S3Bucket, proxy: FaultyProxy) -> AsyncIterator[S3Storage]:
    """A storage whose way to its server breaks as the proxy is told."""
    async with S3Storage(s3_bucket.settings(endpoint=proxy.endpoint, **HASTY)) as storage:
        yield storage


@pytest.fixture
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in AWS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)


def of(bucket: S3Bucket) -> str:
    return f"/{bucket.name}/"


async def opened_and_closed(settings: S3Settings) -> None:
    async with S3Storage(settings):
        pass


async def test_it_offers_itself_as_s3() -> None:
    assert S3Storage.registration.name == "s3"  # type: ignore[attr-defined]
    assert S3Storage.registration.family is StorageBackend  # type: ignore[attr-defined]


def test_a_server_on_another_storage_does_not_load_the_sdk() -> None:
    script = "import sys, retrospec_plugins.storage_s3; print({'boto3', 'botocore', 'aiobotocore'} & {*sys.modules})"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        ({"secret_key": None}, "belong together"),
        ({"access_key": None}, "belong together"),
        ({"access_key": None, "secret_key": None, "session_token": "t"}, "S3_SESSION_TOKEN"),
        ({"kms_key_id": "k"}, "S3_SERVER_SIDE_ENCRYPTION"),
        ({"kms_key_id": "k", "server_side_encryption": "AES256"}, "S3_SERVER_SIDE_ENCRYPTION"),
        ({"server_side_encryption": "rot13"}, "AES256"),
        ({"endpoint": "minio:9000"}, "S3_ENDPOINT"),
        ({"endpoint": "http://user:password@minio:9000"}, "without user"),
        ({"bucket": ""}, "S3_BUCKET"),
        ({"bucket": "a/b/c"}, "S3_BUCKET"),
        ({"buckets": "b"}, "buckets"),
    ],
)
def test_settings_that_cannot_be_used_are_named(mistake: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        S3Settings(**{"bucket": "recordings", **KEYS, **mistake})


def test_every_setting_of_the_environment_reaches_the_storage() -> None:
    environment = {
        "S3_BUCKET": "recordings",
        "S3_ENDPOINT": "http://minio:9000",
        "S3_REGION": "eu-central-1",
        "S3_ACCESS_KEY": "a",
        "S3_SECRET_KEY": "s",
        "S3_SESSION_TOKEN": "t",
        "S3_CREATE_BUCKET": "true",
        "S3_LIFECYCLE_ENABLED": "true",
        "S3_LIFECYCLE_EXPIRE_DAYS": "90",
        "S3_SERVER_SIDE_ENCRYPTION": "aws:kms",
        "S3_KMS_KEY_ID": "k",
        "S3_CONNECT_TIMEOUT_SECONDS": "1",
        "S3_READ_TIMEOUT_SECONDS": "2",
        "S3_TIMEOUT_SECONDS": "4",
        "S3_MAX_ATTEMPTS": "5",
    }

    settings = load(environment)
    section = S3Settings.model_validate(dict(settings.plugin_section("storage", "s3")))

    assert settings.storage_name == "s3"
    assert section.model_fields_set == S3Settings.model_fields.keys() - {"max_connections"}
    assert (section.place, section.timeout_seconds, section.max_attempts) == ("http://minio:9000", 4, 5)
    assert section.encryption == {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "k"}


@pytest.mark.parametrize(
    ("expire", "retention", "usable"), [(7, 7, False), (8, 7, True), (0, 7, True), (30, 90, False)]
)
def test_the_bucket_may_not_drop_what_sessions_still_need(expire: int, retention: int, usable: bool) -> None:
    environment = {"S3_LIFECYCLE_EXPIRE_DAYS": str(expire), "SESSION_RETENTION_DAYS": str(retention)}

    with nullcontext() if usable else pytest.raises(SettingsError, match="S3_LIFECYCLE_EXPIRE_DAYS"):
        load(environment)


async def test_a_bucket_that_is_not_there_stops_the_start_and_says_what_to_do(s3_bucket: S3Bucket) -> None:
    with pytest.raises(StorageUnavailable, match=r"no such bucket .*S3_CREATE_BUCKET=true"):
        await opened_and_closed(s3_bucket.settings(bucket="not-there"))


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
async def test_a_bucket_is_made_when_that_is_wanted_even_by_two_at_once(s3_bucket: S3Bucket, region: str) -> None:
    settings = s3_bucket.settings(bucket=f"made-in-{region}", create_bucket=True, region=region)

    await asyncio.gather(opened_and_closed(settings), opened_and_closed(settings))
    async with S3Storage(settings) as storage:
        assert await put(storage, KEY, b"1") == 1


async def test_keys_that_are_refused_stop_the_start_with_what_to_check_and_no_secret() -> None:
    async with Receiver() as receiver:
        receiver.otherwise = Answer(status=403)
        with pytest.raises(StorageUnavailable, match=r"recordings at http://.* denies us access .*s3:ListBucket") as no:
            await opened_and_closed(S3Settings(bucket="recordings", endpoint=receiver.url, **KEYS))

    assert "test-secret-key" not in repr(no.value)
    assert "test-access-key" not in repr(no.value)


async def test_a_server_that_is_not_there_stops_the_start_and_is_named(unused_tcp_port: int) -> None:
    endpoint = f"http://127.0.0.1:{unused_tcp_port}"
    with pytest.raises(StorageUnavailable, match=f"recordings at {endpoint}: the storage does not answer"):
        await opened_and_closed(S3Settings(bucket="recordings", endpoint=endpoint, **KEYS, **HASTY))


async def test_without_any_credentials_it_says_which_to_set(s3_bucket: S3Bucket, no_credentials: None) -> None:
    with pytest.raises(StorageUnavailable, match="S3_ACCESS_KEY and S3_SECRET_KEY"):
        await opened_and_closed(s3_bucket.settings(access_key=None, secret_key=None))


async def test_without_keys_of_ours_the_ordinary_chain_finds_those_of_the_environment(
    s3_bucket: S3Bucket, proxy: FaultyProxy, no_credentials: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "from-the-environment")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")

    await opened_and_closed(s3_bucket.settings(endpoint=proxy.endpoint, access_key=None, secret_key=None))

    assert "Credential=from-the-environment/" in proxy.heads[0]


async def test_token_encryption_type_and_path_style_are_what_the_server_sees(
    s3_bucket: S3Bucket, proxy: FaultyProxy
) -> None:
    told = {"session_token": "temporary", "server_side_encryption": "aws:kms", "kms_key_id": "our-key"}
    async with S3Storage(s3_bucket.settings(endpoint=proxy.endpoint, **told)) as storage:
        await put(storage, KEY, b"1", "video/mp4")
        await put(storage, "a/large", b"1" * (16 * MIB + 1), "video/mp4")
        assert (await storage.stat("a/large")).content_type == "video/mp4"

    head, single, creating, *_ = (head.lower() for head in proxy.heads)
    assert head.startswith(f"head /{s3_bucket.name} ")
    assert single.startswith(f"put /{s3_bucket.name}/session-events/")
    assert "post" in creating
    for uploading in (single, creating):
        assert "x-amz-security-token: temporary" in uploading
        assert "x-amz-server-side-encryption: aws:kms" in uploading
        assert "x-amz-server-side-encryption-aws-kms-key-id: our-key" in uploading
        assert "content-type: video/mp4" in uploading


@pytest.mark.parametrize(
    ("size", "calls"),
    [
        (0, ["PUT"]),
        (16 * MIB, ["PUT"]),
        (16 * MIB + 1, ["POST", "PUT", "PUT", "POST"]),
        (33 * MIB, ["POST", "PUT", "PUT", "PUT", "POST"]),
    ],
)
async def test_what_fits_into_one_part_goes_in_one_call_and_more_goes_in_parts(
    shaky: S3Storage, proxy: FaultyProxy, s3_bucket: S3Bucket, size: int, calls: list[str]
) -> None:
    content = os.urandom(size)

    assert await shaky.put(KEY, in_pieces(content, 700_001), content_type="application/json") == size

    # A call that a busy machine answers too late is made again, to the letter.
    made = dict.fromkeys(proxy.lines[1:])
    assert [line.split()[0] for line in made] == calls
    assert await read(shaky, KEY) == content
    assert s3_bucket.uploads() == []


async def test_an_upload_holds_one_part_in_memory_and_a_download_one_piece(storage: S3Storage) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield os.urandom(MIB)

    tracemalloc.start()
    try:
        await storage.put(KEY, endless(), content_type="video/mp4")
        writing = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        resting = tracemalloc.get_traced_memory()[0]
        async for _ in (await storage.get(KEY)).chunks:
            pass
        reading = tracemalloc.get_traced_memory()[1] - resting
    finally:
        tracemalloc.stop()

    assert writing < 30 * MIB
    assert reading < 4 * MIB


async def test_more_large_ones_than_have_room_at_once_wait_for_each_other_and_all_arrive(
    shaky: S3Storage, proxy: FaultyProxy, s3_bucket: S3Bucket
) -> None:
    keys = [f"{KEY}-{number}" for number in range(2 * LARGE_AT_ONCE + 1)]
    proxy.break_with(Fault("PUT", "slow", seconds=0.1))

    await asyncio.gather(*(put(shaky, key, b"n" * 2 * MIB) for key in keys))

    assert s3_bucket.keys() == sorted(keys)


async def test_large_ones_without_room_are_given_up_in_time_while_small_ones_are_tried(
    s3_bucket: S3Bucket, proxy: FaultyProxy
) -> None:
    async with S3Storage(s3_bucket.settings(endpoint=proxy.endpoint, timeout_seconds=1)) as storage:
        proxy.break_with(Fault("PUT /[^ ]*large", "hang"))
        large = [asyncio.create_task(put(storage, f"large-{n}", b"n" * 2 * MIB)) for n in range(LARGE_AT_ONCE + 1)]
        await put(storage, "small", b"n")
        with pytest.raises(StorageUnavailable):
            await large[-1]
        await asyncio.gather(*large, return_exceptions=True)
        proxy.heal()
        await put(storage, "large", b"n" * 2 * MIB)

    assert s3_bucket.keys() == ["large", "small"]


@pytest.mark.parametrize("status", [500, 503])
async def test_a_moment_of_trouble_is_ridden_out(shaky: S3Storage, proxy: FaultyProxy, status: int) -> None:
    proxy.break_with(Fault("PUT", "answer", times=1, status=status))
    content = os.urandom(3 * MIB)

    assert await put(shaky, KEY, content) == len(content)
    proxy.break_with(Fault("GET", "answer", times=1, status=status))
    assert await read(shaky, KEY) == content


@pytest.mark.parametrize("trouble", ["answer", "hang", "cut", "deaf"])
async def test_lasting_trouble_is_unavailable_in_time_and_over_when_it_is_over(
    shaky: S3Storage, proxy: FaultyProxy, s3_bucket: S3Bucket, trouble: Trouble
) -> None:
    former = b"former" * MIB
    await put(shaky, KEY, former)
    proxy.break_with(Fault(r"/session-events/|\?delete", trouble))

    for attempt in (shaky.get(KEY), shaky.stat(KEY), shaky.delete([KEY]), put(shaky, KEY, b"new" * 4 * MIB)):
        async with asyncio.timeout(20):
            with pytest.raises(StorageUnavailable) as down:
                await attempt
        assert down.value.retry_after
        assert s3_bucket.endpoint not in str(down.value)
        assert s3_bucket.name not in str(down.value)

    proxy.heal()
    if trouble == "cut":  # It was deleted, and nobody heard of it.
        await put(shaky, KEY, former)
    assert await read(shaky, KEY) == former


async def test_a_reading_that_is_cut_off_goes_on_where_it_was(shaky: S3Storage, proxy: FaultyProxy) -> None:
    content = os.urandom(5 * MIB)
    await put(shaky, KEY, content)
    proxy.heads.clear()
    proxy.break_with(Fault("GET", "cut", times=1, after=2 * MIB))

    assert await read(shaky, KEY) == content
    assert len(proxy.heads) == 2

    proxy.break_with(Fault("GET", "cut", times=1, after=2 * MIB))
    assert await read(shaky, KEY, 1000, 4 * MIB) == content[1000 : 4 * MIB]


async def test_a_reading_that_is_always_cut_off_is_unavailable(shaky: S3Storage, proxy: FaultyProxy) -> None:
    await put(shaky, KEY, b"n" * 5 * MIB)
    proxy.break_with(Fault("GET", "cut", after=MIB))

    with pytest.raises(StorageUnavailable):
        await read(shaky, KEY)


async def test_a_reading_never_mixes_an_object_with_the_one_that_replaced_it(
    shaky: S3Storage, storage: S3Storage, proxy: FaultyProxy
) -> None:
    await put(shaky, KEY, b"a" * 5 * MIB)
    proxy.break_with(Fault("GET", "cut", times=1, after=2 * MIB))
    content = await shaky.get(KEY)

    await put(storage, KEY, b"b" * 5 * MIB)

    with pytest.raises(StorageUnavailable, match="PreconditionFailed"):
        [piece async for piece in content.chunks]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(r"POST .*\?uploads", "answer"),
        Fault("partNumber=2", "answer"),
        Fault("partNumber=2", "hang"),
        Fault("partNumber=1", "deaf"),
        Fault(r"POST .*\?uploadId", "answer"),
    ],
    ids=["creating", "second part", "second part hangs", "first part is not read", "completing"],
)
async def test_an_upload_in_parts_that_fails_leaves_nothing_but_the_former_object(
    shaky: S3Storage, proxy: FaultyProxy, s3_bucket: S3Bucket, fault: Fault
) -> None:
    await put(shaky, KEY, b"former")
    proxy.break_with(Fault(fault.which, fault.kind))

    with pytest.raises(StorageUnavailable):
        await put(shaky, KEY, b"n" * 20 * MIB)

    assert s3_bucket.uploads() == []
    assert await read(shaky, KEY) == b"former"


async def test_an_upload_in_parts_that_breaks_off_leaves_nothing(storage: S3Storage, s3_bucket: S3Bucket) -> None:
    with pytest.raises(ConnectionResetError):
        await storage.put(KEY, broken_off(b"n" * 40 * MIB), content_type="video/mp4")

    assert (s3_bucket.keys(), s3_bucket.uploads()) == ([], [])


@pytest.mark.parametrize("at", [r"POST .*\?uploads", "partNumber=1", "partNumber=2", r"POST .*\?uploadId"])
async def test_wherever_an_upload_in_parts_is_cancelled_it_leaves_no_parts(
    shaky: S3Storage, proxy: FaultyProxy, s3_bucket: S3Bucket, at: str
) -> None:
    proxy.break_with(Fault(at, "slow", seconds=0.2))
    upload = asyncio.create_task(put(shaky, KEY, b"n" * 20 * MIB))
    await proxy.until(at)

    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload

    assert (s3_bucket.keys(), s3_bucket.uploads()) == ([], [])


async def test_an_upload_cancelled_twice_leaves_no_parts_once_the_storage_is_closed(
    s3_bucket: S3Bucket, proxy: FaultyProxy
) -> None:
    async with S3Storage(s3_bucket.settings(endpoint=proxy.endpoint)) as storage:
        proxy.break_with(Fault("DELETE", "slow", seconds=0.5))
        upload = asyncio.create_task(put(storage, KEY, b"n" * 40 * MIB))
        await proxy.until("partNumber=2")
        upload.cancel()
        await proxy.until("DELETE")
        upload.cancel()
        with pytest.raises(asyncio.CancelledError):
            await upload

    assert (s3_bucket.keys(), s3_bucket.uploads()) == ([], [])


async def test_many_are_deleted_by_the_thousand_with_the_checksum_that_old_servers_want(
    shaky: S3Storage, proxy: FaultyProxy, s3_bucket: S3Bucket
) -> None:
    keys = [f"session-events/p/{number}.json" for number in range(2500)]
    for key in (keys[0], keys[999], keys[1000], keys[2499]):
        await put(shaky, key, b"1")
    proxy.heads.clear()

    assert await shaky.delete(keys) == {}

    assert s3_bucket.keys() == []
    assert len(proxy.heads) == 3
    assert all("content-md5: " in head.lower() for head in proxy.heads)


async def test_a_key_that_xml_cannot_say_does_not_keep_others_from_being_deleted(
    storage: S3Storage, s3_bucket: S3Bucket
) -> None:
    odd = ["a/bell\x07", "a/return\r", "a/\ufffe"]
    for key in (*odd, "a/even"):
        await put(storage, key, b"1")

    assert await storage.delete([*odd, "a/even"]) == {}

    assert s3_bucket.keys() == []


async def test_what_could_not_be_deleted_is_told_key_by_key(s3_bucket: S3Bucket) -> None:
    errors = "".join(
        f"<Error><Key>{key}</Key><Code>{code}</Code><Message>arn:aws:iam::123:user/x</Message></Error>"
        for key, code in (("a/kept", "AccessDenied"), ("a/later", "InternalError"), ("a/gone", "NoSuchKey"))
    )
    async with Receiver() as receiver, S3Storage(s3_bucket.settings(endpoint=receiver.url)) as storage:
        receiver.answer(Answer(body=f"<DeleteResult>{errors}</DeleteResult>".encode()))

        failed = await storage.delete(["a/kept", "a/later", "a/gone", "a/done"])

    assert failed == {
        "a/kept": "the storage denies us access (AccessDenied)",
        "a/later": "the storage answered with an error (InternalError)",
    }


async def test_a_range_of_nothing_is_empty_and_tells_the_size(storage: S3Storage) -> None:
    await put(storage, KEY, b"0123456789")
    await put(storage, "a/empty", b"")

    for key, start, end, size in ((KEY, 10, None, 10), (KEY, 50, 60, 10), (KEY, 4, 4, 10), ("a/empty", 0, 5, 0)):
        content = await storage.get(key, start, end)
        assert [piece async for piece in content.chunks] == []
        assert content.info.size == size


async def test_without_its_bucket_no_object_counts_as_missing_or_deleted(
    storage: S3Storage, s3_bucket: S3Bucket
) -> None:
    s3_bucket.ask("DELETE", "")

    for attempt in (storage.get(KEY), storage.stat(KEY), storage.delete([KEY]), put(storage, KEY, b"1")):
        with pytest.raises(StorageUnavailable):
            await attempt


async def test_a_reading_that_is_given_up_or_not_begun_gives_its_connection_back(s3_bucket: S3Bucket) -> None:
    async with S3Storage(s3_bucket.settings(max_connections=1, timeout_seconds=10)) as storage:
        await put(storage, KEY, b"n" * 5 * MIB)
        await put(storage, "a/small", b"1")

        await storage.get("a/small")
        large = await storage.get(KEY)
        await anext(large.chunks)
        await large.chunks.aclose()  # type: ignore[attr-defined]

        assert await read(storage, "a/small") == b"1"


async def test_the_rule_that_ends_unfinished_uploads_stands_beside_those_of_others(s3_bucket: S3Bucket) -> None:
    await opened_and_closed(s3_bucket.settings(lifecycle_enabled=True, lifecycle_expire_days=30))
    rules = s3_bucket.ask("GET", "?lifecycle").text
    assert "<DaysAfterInitiation>1</DaysAfterInitiation>" in rules
    assert rules.count("<Days>30</Days>") == 2
    assert "<Prefix>session-events/</Prefix>" in rules

    foreign = rules.replace("retrospec-unfinished-uploads", "somebody-else")
    s3_bucket.ask("PUT", "?lifecycle", content=foreign)
    await opened_and_closed(s3_bucket.settings(lifecycle_enabled=True))

    rules = s3_bucket.ask("GET", "?lifecycle").text
    assert "somebody-else" in rules
    assert "retrospec-unfinished-uploads" in rules
    assert "<Days>30</Days>" not in rules


async def test_rules_that_stand_already_are_not_written_again(s3_bucket: S3Bucket, proxy: FaultyProxy) -> None:
    settings = s3_bucket.settings(endpoint=proxy.endpoint, lifecycle_enabled=True, lifecycle_expire_days=30)
    for _ in range(2):
        await opened_and_closed(settings)

    assert [line.split()[0] for line in proxy.lines] == ["HEAD", "GET", "PUT", "HEAD", "GET"]
    assert "content-md5: " in proxy.heads[2].lower()


async def test_without_the_setting_the_buckets_rules_are_its_owners(s3_bucket: S3Bucket, proxy: FaultyProxy) -> None:
    await opened_and_closed(s3_bucket.settings(endpoint=proxy.endpoint))

    assert proxy.lines == [f"HEAD /{s3_bucket.name}"]


async def test_a_server_that_knows_no_rules_stops_the_start_and_the_setting_is_named(
    s3_bucket: S3Bucket, proxy: FaultyProxy
) -> None:
    proxy.break_with(Fault("lifecycle", "answer", status=501))

    with pytest.raises(StorageUnavailable, match="S3_LIFECYCLE_ENABLED"):
        await opened_and_closed(s3_bucket.settings(endpoint=proxy.endpoint, lifecycle_enabled=True))


async def test_it_says_where_it_is_and_when_it_is_not(
    shaky: S3Storage, proxy: FaultyProxy, s3_bucket: S3Bucket
) -> None:
    assert await shaky.check() == f"bucket {s3_bucket.name} at {proxy.endpoint}"

    proxy.break_with(Fault("HEAD", "answer"))
    with pytest.raises(StorageUnavailable, match=f"bucket {s3_bucket.name} at {proxy.endpoint}"):
        await shaky.check()


async def test_a_missing_object_is_missing_while_others_are_read(storage: S3Storage) -> None:
    await put(storage, KEY, b"1")

    found = await asyncio.gather(storage.stat("a/none"), read(storage, KEY), return_exceptions=True)

    assert isinstance(found[0], ObjectMissing)
    assert found[1] == b"1"
