"""A server that knew one fingerprint is upgraded to one that knows two: what is there stays where it is."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from retrospec.core.db import Database
from retrospec.core.migrations import Migrations
from retrospec.core.settings_sources import load
from retrospec.issues.models import IssueCluster
from retrospec.plugin import MarkerFacts
from retrospec.projects.models import Project
from retrospec.schema import MODELS
from retrospec.serving import listening
from retrospec_plugins.cluster_fingerprint import Fingerprint
from retrospec_plugins.cluster_fingerprint1 import Fingerprint1
from tests.client import UNLIMITED, Client, marker

RENAMING = 5
FAILURE = marker(label="GET https://api.shop.example/v2/orders/7 -> 503", clusterKey="", evidence="")
FACTS = [MarkerFacts("/checkout", "api_error", "", FAILURE["label"], "")]
(OLD,), (NEW,) = Fingerprint1().keys(FACTS), Fingerprint().keys(FACTS)
Serve = Callable[..., AbstractAsyncContextManager[Client]]


@pytest.fixture
def serve(database_url: str, tmp_path: Path) -> Serve:
    """Runs a server for as long as its client is wanted; the migrations need the database for themselves."""

    @asynccontextmanager
    async def serve(**settings: object) -> AsyncIterator[Client]:
        given = {"orchestrator_port": 0, "database_url": database_url, "data_dir": tmp_path, **UNLIMITED}
        async with listening(load({}, **{**given, **settings})) as server, Client(server) as client:
            yield client

    return serve


async def key_of(client: Client, session: str) -> str:
    """Hit the failure once more, and name its cluster."""
    answer = await client.ingest(session, FAILURE)
    key: str = answer["session"]["markers"][0]["clusterKey"]
    return key


async def test_projects_stay_with_the_strategy_of_their_clusters_and_others_follow_the_default(
    serve: Serve, database_url: str
) -> None:
    migrations, database = Migrations(database_url, MODELS), Database(database_url, MODELS)
    async with serve(clustering_strategy="fingerprint1") as operator:
        used, empty = await operator.project("used"), await operator.project("empty")
        assert await key_of(used, "before") == OLD
    # Back to what the version before left: it called its only strategy `fingerprint`, and no project names one.
    await migrations.downgrade(RENAMING)

    await migrations.upgrade()

    await database.open()
    stored = {row.name: row.clustering_strategy for row in await Project.all()}
    (cluster,) = await IssueCluster.all()
    await database.close()
    assert stored == {"used": "fingerprint1", "empty": None, "Default Project": None}
    assert (cluster.key, cluster.strategy, cluster.strategy_version) == (OLD, "fingerprint1", 1)
    async with serve() as operator:
        assert await key_of(operator.with_key(used.key), "after") == OLD
        assert await key_of(operator.with_key(empty.key), "first") == NEW
        assert await key_of(await operator.project("new"), "first") == NEW


async def test_a_strategy_that_a_project_has_named_is_the_same_under_its_new_name(
    serve: Serve, database_url: str
) -> None:
    migrations = Migrations(database_url, MODELS)
    async with serve() as operator:
        first, second = await operator.project("first"), await operator.project("second")
        for name, strategy in (("first", "fingerprint1"), ("second", "fingerprint")):
            project = await Project.get(name=name)
            await operator.admin("PATCH", f"/v1/admin/projects/{project.id}", json={"clusteringStrategy": strategy})
    await migrations.downgrade(RENAMING)

    await migrations.upgrade()

    async with serve(clustering_strategy="fingerprint1") as operator:
        assert await key_of(operator.with_key(first.key), "one") == OLD
        assert await key_of(operator.with_key(second.key), "two") == NEW
