"""`retrospec clustering dry-run` and `rekey`, on failures that the two versions of `fingerprint` see differently."""

import json

from retrospec.core.db import Database
from retrospec.projects.models import Project
from retrospec.sessions.models import ErrorMarker
from tests.cli.conftest import Cli, in_database
from tests.issues.builders import PROJECT, A, B, C, ago, assert_exact, session, settle

# What Chrome, Firefox and Safari say about one defect.
WORDINGS = {
    A: "TypeError: Cannot read properties of undefined (reading 'total')",
    B: 'TypeError: can\'t access property "total", order is undefined',
    C: "TypeError: undefined is not an object (evaluating 'order.total')",
}
STACK = "    at showTotal (https://shop.example/assets/cart.js:{line}:7)"


async def fill(database: Database) -> None:
    """Three issues of one defect, of two sessions each."""
    for number, (key, said) in enumerate(WORDINGS.items()):
        for visit in range(2):
            await session(f"s{number}{visit}", {key: [ago(hours=visit + 1, minutes=number)]})
        evidence = "showTotal@https://shop.example/assets/cart.js:10:7"
        await ErrorMarker.filter(cluster_key=key).update(kind="js_exception", label=said, evidence=evidence)
    await settle(strategy="fingerprint1", kind="js_exception")
    await Project.filter(id=PROJECT).update(clustering_strategy="fingerprint1")


def test_a_dry_run_tells_what_would_merge_and_writes_nothing(on_database: Cli, database_url: str) -> None:
    in_database(database_url, fill)

    told = on_database.json("clustering", "dry-run", "--strategy", "fingerprint")

    assert (told["clustersBefore"], told["clustersAfter"]) == (3, 1)
    assert (told["issuesBefore"], told["issuesAfter"], told["markersMoved"]) == (3, 1, 6)
    (merge,) = told["merges"]
    assert {(one["key"], one["shared"], one["symptom"]) for one in merge["clusters"]} == {
        (key, 2, f"symptom of {key}") for key in WORDINGS
    }
    said = on_database.prints("clustering", "dry-run", "--strategy", "fingerprint")
    assert "1 cluster would be made of several, the largest first:" in said
    assert f"{merge['into']}  6 sessions, of 3 clusters" in said
    in_database(database_url, is_untouched)


async def is_untouched(database: Database) -> None:
    assert {marker.cluster_key for marker in await ErrorMarker.all()} == set(WORDINGS)
    assert (await Project.get(id=PROJECT)).clustering_strategy == "fingerprint1"


def test_rules_can_be_tried_out(on_database: Cli, database_url: str) -> None:
    in_database(database_url, fill)
    rule = {"name": "Firefox apart", "match": {"label": {"glob": "*can't access*"}}, "action": {"extra": ["firefox"]}}
    (on_database.folder / "rules.json").write_text(json.dumps({"rules": [rule]}))

    told = on_database.json("clustering", "dry-run", "--strategy", "fingerprint", "--rules", "rules.json")

    assert told["clustersAfter"] == 2
    (on_database.folder / "rules.json").write_text(json.dumps({"rules": [rule | {"match": {}}]}))
    said = on_database.fails("clustering", "dry-run", "--rules", "rules.json")
    assert "rule 1 (Firefox apart): match must name at least one of" in said


def test_a_project_is_moved_after_a_question(on_database: Cli, database_url: str) -> None:
    in_database(database_url, fill)
    to = ("clustering", "rekey", "--strategy", "fingerprint")

    refused = on_database(*to, answer="n\n")
    # Nobody serves: what the command waits for at its end has passed long ago.
    in_database(database_url, switched)
    done = on_database.json(*to, "--yes")

    assert refused.exit_code == 1
    assert "Move proj_default (Default Project) from fingerprint1 to fingerprint, version 2?" in refused.stderr
    assert (done["clustersMoved"], done["markersMoved"], done["strategyVersion"]) == (3, 6, 2)
    assert "0 clusters moved with 0 failures" in on_database.prints(*to, "--yes")
    in_database(database_url, is_exact)


async def switched(database: Database) -> None:
    assert {marker.cluster_key for marker in await ErrorMarker.all()} == set(WORDINGS)
    await Project.filter(id=PROJECT).update(clustering_strategy="fingerprint")


async def is_exact(database: Database) -> None:
    await assert_exact()


def test_a_strategy_that_is_not_installed_is_refused(on_database: Cli) -> None:
    said = on_database.fails("clustering", "rekey", "--strategy", "astrology", "--yes")

    assert "the strategy 'astrology' is not installed (installed: fingerprint, fingerprint1" in said
