"""A project is moved by a process that is killed three times, while a server takes sessions in."""

import asyncio
import random
import sys
from asyncio.subprocess import PIPE
from datetime import datetime

import pytest

from retrospec.alerts.models import AlertDelivery
from retrospec.core.clock import now
from retrospec.issues.models import IssueCluster
from retrospec.projects.models import Project
from retrospec.sessions.models import Session
from tests.client import Client, MakeClient, marker
from tests.issues.builders import PROJECT, assert_exact, expected
from tests.test_architecture import ROOT

DEFECTS = ("total", "price", "basket", "street", "coupon", "voucher")
# As Chrome, Firefox and Safari say it: three clusters for `fingerprint1`, and one for `fingerprint`.
WORDINGS = (
    "TypeError: Cannot read properties of undefined (reading '{}')",
    'TypeError: can\'t access property "{}", order is undefined',
    "TypeError: undefined is not an object (evaluating 'order.{}')",
)
KILLED_AFTER = (1, 2, 4)


def failure(defect: str, wording: str) -> dict[str, object]:
    return marker(
        f"{defect}-{wording[:20]}",
        kind="js_exception",
        label=wording.format(defect),
        clusterKey="",
        evidence=f"show@https://shop.example/assets/{defect}.js:10:7",
    )


class Visitors:
    """People who go on visiting a site."""

    def __init__(self, server: Client) -> None:
        self.server = server
        self.over = asyncio.Event()
        self.sessions: set[str] = set()

    async def visit(self, number: int) -> None:
        """Visit again and again until it is over; some sessions are sent twice, with more failures."""
        chance, count = random.Random(number), 0
        while not self.over.is_set():
            name = f"v{number}-{count}"
            failures = [failure(chance.choice(DEFECTS), chance.choice(WORDINGS)) for _ in range(2)]
            for some in (failures[:1], failures) if chance.random() < 0.3 else (failures,):
                await self.server.ingest(name, *some, userId=f"u{count % 5}")
            self.sessions.add(name)
            count += 1
            await asyncio.sleep(0.1)


async def move(url: str, words: int) -> bool:
    """Move, kill it after so many words, and say whether it had come to its end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.rekeying.moving", url, cwd=ROOT, stdout=PIPE, stderr=PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    said = ""
    while not said.endswith("done\n") and said.count("\n") < words:
        line = (await process.stdout.readline()).decode()
        if not line:
            raise ChildProcessError((await process.stderr.read()).decode()[-2000:])
        said += line
    done = said.endswith("done\n")
    if not done:
        process.kill()
    await process.communicate()
    return done


async def test_all_is_counted_and_nothing_is_told_as_new(
    make_client: MakeClient, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So that servers hear of the strategy while the move still goes on, and the test is over soon.
    monkeypatch.setattr("retrospec.projects.policies._FRESH_SECONDS", 0.3)
    server = await make_client(alert_sinks="log", embedded_worker=False)
    await Project.filter(id=PROJECT).update(clustering_strategy="fingerprint1")
    await asyncio.sleep(0.4)
    for wording in WORDINGS:
        for number in range(3):
            name = f"before-{number}-{WORDINGS.index(wording)}"
            await server.ingest(name, *(failure(defect, wording) for defect in DEFECTS))
    assert await IssueCluster.filter(state="open").count() == len(DEFECTS) * len(WORDINGS)
    begun: datetime = now()
    visitors = Visitors(server)
    visiting = [asyncio.create_task(visitors.visit(number)) for number in range(3)]

    killed = [await move(database_url, words) for words in KILLED_AFTER]
    assert await move(database_url, 1000)
    visitors.over.set()
    await asyncio.gather(*visiting)

    assert killed == [False, False, False]
    assert await IssueCluster.filter(state="open").count() == await IssueCluster.all().count() == len(DEFECTS)
    assert await Session.all().count() == len(visitors.sessions) + 9
    for key, wanted in (await expected()).items():
        # Any session stands for its issue as well as another where none has a recording.
        representative = {"representative_session_id": wanted["representative_session_id"]}
        await IssueCluster.filter(key=key).update(**representative)
    await assert_exact()
    assert [row.cluster_key for row in await AlertDelivery.filter(created_at__gt=begun)] == []
