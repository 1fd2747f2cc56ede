"""S3 answers 500, never answers, or hangs up: clients are told to come again, and nothing is half-written."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]
import pytest

from tests.client import RECORDING, Json
from tests.faults.load import SITE, Load
from tests.faults.processes import serving, working
from tests.faults.promises import check_there, jobs_done
from tests.faulty_proxy import Fault, FaultyProxy
from tests.s3server import S3Bucket, S3Server
from tests.stacks import Stack

UPLOAD = "/v1/artifacts/session-events"
MB = 1_000_000
SMALL: Json = {"sessionId": "small", "site": SITE, "events": RECORDING}
HASTY = {"S3_READ_TIMEOUT_SECONDS": "0.8", "S3_TIMEOUT_SECONDS": "6", "S3_MAX_ATTEMPTS": "2"}


def recording(session: str, size: int) -> Json:
    """An upload of about that size."""
    event = {"type": 5, "data": {"text": "x" * 10_000}}
    return {"sessionId": session, "site": SITE, "events": [event] * (size // 10_000)}


@pytest.fixture
async def proxy(s3_server: S3Server) -> AsyncIterator[FaultyProxy]:
    async with FaultyProxy(s3_server.endpoint) as proxy:
        yield proxy


@pytest.fixture
def settings(production_stack: Stack, proxy: FaultyProxy) -> dict[str, str]:
    """Of a server that reaches S3 through what breaks."""
    return production_stack.environ | HASTY | {"S3_ENDPOINT": proxy.endpoint, "REDACT_EVENTS": "false"}


async def test_whatever_s3_does_clients_are_told_to_come_again_and_nothing_is_half_written(
    tmp_path: Path, production_stack: Stack, s3_bucket: S3Bucket, proxy: FaultyProxy, settings: dict[str, str]
) -> None:
    troubles = {
        "answers 500": Fault("", "answer", status=500),
        "never answers": Fault("", "hang"),
        "does not even read": Fault("", "deaf"),
        "does it, and hangs up": Fault("", "cut"),
        "answers 500 in the middle of a large one": Fault("partNumber=2", "answer", status=500),
    }
    async with (
        serving(tmp_path, **settings) as server,
        httpx.AsyncClient(base_url=server.url, timeout=30) as http,
    ):
        load = Load(server.url, "s", visitors=2)
        await load.send(4)
        before = {*s3_bucket.keys()}
        for number, (trouble, fault) in enumerate(troubles.items()):
            body = SMALL if fault.which == "" else recording("large", 18 * MB)
            proxy.break_with(fault)
            refused = [await http.post(UPLOAD, json=body)]
            if fault.which == "":
                refused.append(await http.get(f"/v1/sessions/{load.acknowledged[0]}/events"))
                taken = await http.post("/v1/ingest/session", json={"session": {"id": f"t{number}", "site": SITE}})
                assert (taken.status_code, taken.json()["queueError"]) == (202, ""), trouble
                health = [(await http.get(path)).status_code for path in ("/healthz", "/readyz")]
                assert health == [200, 503], trouble
            proxy.heal()

            assert [answer.status_code for answer in refused] == [503] * len(refused), trouble
            assert all(int(answer.headers["Retry-After"]) > 0 for answer in refused), trouble
            assert not any(s3_bucket.name in answer.text for answer in refused), trouble
            # What S3 did before it hung up is whole.
            left = {*s3_bucket.keys()} - before
            assert not left or (fault.kind == "cut" and s3_bucket.ask("GET", f"/{left.pop()}").json() == RECORDING)
            assert s3_bucket.uploads() == [], trouble

        assert [line for line in proxy.lines if "partNumber=2" in line] != []
        assert (await http.post(UPLOAD, json=SMALL)).status_code == 201
        await check_there(production_stack, server.url, load.acknowledged)


async def test_jobs_and_cleanup_try_again_until_s3_is_back_and_lose_track_of_nothing(
    tmp_path: Path, production_stack: Stack, s3_bucket: S3Bucket, proxy: FaultyProxy, settings: dict[str, str]
) -> None:
    settings |= {"JOB_MAX_ATTEMPTS": "50"}
    async with (
        serving(tmp_path, **settings) as server,
        httpx.AsyncClient(base_url=server.url, timeout=30) as http,
    ):
        load = Load(server.url, "s", visitors=2)
        async with working(tmp_path, **settings) as worker:
            # What jobs read, and what they write.
            proxy.break_with(Fault("GET|PUT .*replay-artifacts", "answer", status=500))
            await load.send(4)
            await worker.until("a job failed and is tried again")
            proxy.heal()
            await jobs_done(production_stack)
        # Its session never comes.
        assert (await http.post(UPLOAD, json=SMALL | {"sessionId": "alone"})).status_code == 201
        objects = len(s3_bucket.keys())
        assert objects == 2 * len(load.acknowledged) + 1

        for table in ("sessions", "stored_objects"):
            await production_stack.query(f"UPDATE {table} SET created_at = now() - interval '30 days'")
        cleaned = []
        for fault in (Fault(r"\?delete", "answer", status=500), Fault(r"\?delete", "hang"), None):
            if fault is not None:
                proxy.break_with(fault)
            cleaned.append((await http.post("/v1/maintenance/cleanup")).json())
            proxy.heal()

    failed = [one["failedEventObjectDelete"] + one["failedArtifactObjectDelete"] for one in cleaned]
    deleted = [one["deletedEventObjects"] + one["deletedArtifactObjects"] for one in cleaned]
    print(f"{objects} objects; could not be deleted {failed}, deleted {deleted}, left {len(s3_bucket.keys())}")
    assert (failed, deleted) == ([objects, objects, 0], [0, 0, objects])
    assert s3_bucket.keys() == []
    assert await production_stack.count("stored_objects") == 0


async def test_uploads_that_wait_for_an_s3_that_hangs_take_bounded_memory(
    tmp_path: Path, proxy: FaultyProxy, settings: dict[str, str]
) -> None:
    count, size = 32, 6 * MB
    settings |= {"S3_READ_TIMEOUT_SECONDS": "4", "S3_TIMEOUT_SECONDS": "4"}
    async with (
        serving(tmp_path, **settings) as server,
        httpx.AsyncClient(base_url=server.url, timeout=60) as http,
    ):
        process = psutil.Process(server.pid)

        def held() -> int:
            """What is in memory and in no file."""
            memory = process.memory_info()
            return int(memory.rss - memory.shared)

        before = highest = held()
        proxy.break_with(Fault("", "deaf"))
        uploads = [asyncio.create_task(http.post(UPLOAD, json=recording(f"s{n}", size))) for n in range(count)]
        while not all(upload.done() for upload in uploads):
            highest = max(highest, held())
            await asyncio.sleep(0.02)
        print(f"{count} uploads of {size / MB:.0f} MB at once: +{(highest - before) / MB:.0f} MB")
        proxy.heal()
        statuses = [upload.result().status_code for upload in uploads]
        again = await http.post(UPLOAD, json=SMALL)

    assert statuses == [503] * count
    assert again.status_code == 201
    # All of them held would be 192 MB.
    assert highest - before < 150 * MB
