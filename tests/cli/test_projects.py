"""`retrospec projects` and `retrospec keys`, on SQLite and on PostgreSQL."""

import re
from typing import Any

import pytest

from retrospec.core.clock import now
from retrospec.projects.keys import KeyRing
from retrospec.projects.models import Project
from tests.cli.conftest import Cli, in_database


def opens(url: str, raw: str) -> Any:
    """What a raw key opens."""
    return in_database(url, lambda _: KeyRing().find(raw))


def project(cli: Cli) -> str:
    ident: str = cli.json("projects", "create", "My shop", "shop.example.com")["project"]["id"]
    return ident


def test_a_new_project_is_listed_first_and_its_two_keys_open_it(on_database: Cli, database_url: str) -> None:
    made = on_database.json("projects", "create", "My shop", "shop.example.com", "--label", "backend")
    ident = made["project"]["id"]
    listed = on_database.json("projects", "list")["projects"]
    assert [one["id"] for one in listed] == [ident, "proj_default"]
    assert listed[0] == made["project"]
    for raw, scope in ((made["apiKey"], "full"), (made["ingestKey"], "ingest")):
        found = opens(database_url, raw)
        assert (found.project_id, found.scope) == (ident, scope)
    labels = {key["label"] for key in on_database.json("keys", "list", "--project", ident)["keys"]}
    assert labels == {"backend", "ingest-key"}


def test_a_new_project_is_shown_in_words(cli: Cli) -> None:
    text = cli.prints("projects", "create", "My shop", "shop.example.com")
    assert re.search(r"^project +proj_\w+$", text, re.MULTILINE)
    assert len(re.findall(r"rpk_[0-9a-f]{64}", text)) == 2
    assert "not shown again" in text
    assert re.search(r"proj_\w+ +My shop +shop\.example\.com +\d{4}-", cli.prints("projects", "list"))


def test_names_are_shown_as_they_are_and_not_as_markup(cli: Cli) -> None:
    cli.prints("projects", "create", "[red]shop[/red]", "shop.example.com")
    assert "[red]shop[/red]" in cli.prints("projects", "list")


def test_a_project_without_a_name_is_refused(cli: Cli) -> None:
    assert cli.fails("projects", "create", " ", "shop.example.com") == "error: name must not be empty\n"
    assert "Missing argument 'SITE'" in cli.misused("projects", "create", "name")


def test_deleting_asks_and_says_what_would_go(on_database: Cli) -> None:
    ident = project(on_database)
    asked = on_database.fails("projects", "delete", ident, answer="n\n")
    assert f"Delete {ident} (My shop, 0 sessions)?" in asked
    assert len(on_database.json("projects", "list")["projects"]) == 2


def test_deleting_takes_the_project_and_its_keys(on_database: Cli, database_url: str) -> None:
    made = on_database.json("projects", "create", "My shop", "shop.example.com")
    ident = made["project"]["id"]
    assert on_database.prints("projects", "delete", ident, answer="y\n").endswith(f"deleted {ident}\n")
    assert [one["id"] for one in on_database.json("projects", "list")["projects"]] == ["proj_default"]
    assert opens(database_url, made["apiKey"]) is None


def test_an_interrupted_deletion_is_taken_up_again(on_database: Cli, database_url: str) -> None:
    ident = project(on_database)
    in_database(database_url, lambda _: _begin_deletion(ident))
    assert "project not found" in on_database.fails("keys", "list", "--project", ident)
    assert f"what is left of {ident}" in on_database.fails("projects", "delete", ident, answer="n\n")
    assert on_database.json("projects", "delete", ident, "--yes") == {"deleted": True, "projectId": ident}


async def _begin_deletion(project_id: str) -> None:
    await Project.filter(id=project_id).update(deleting_at=now())


@pytest.mark.parametrize("sure", [(), ("--yes",)])
def test_what_cannot_be_deleted_is_said(cli: Cli, sure: tuple[str, ...]) -> None:
    assert "project not found" in cli.fails("projects", "delete", "proj_none", *sure, answer="y\n")
    said = cli.fails("projects", "delete", "proj_default", *sure, answer="y\n")
    assert "the default project cannot be deleted" in said


def test_a_new_key_opens_its_project_with_its_scope_until_it_expires(on_database: Cli, database_url: str) -> None:
    ident = project(on_database)
    options = ("--project", ident, "--scope", "read", "--label", "board", "--expires-at", "2099-01-31T12:00+01:00")
    made = on_database.json("keys", "create", *options)
    found = opens(database_url, made["apiKey"])
    assert (found.project_id, found.scope) == (ident, "read")
    listed = on_database.json("keys", "list", "--project", ident)["keys"][0]
    assert (listed["id"], listed["label"], listed["status"]) == (made["apiKeyId"], "board", "active")
    assert listed["expiresAt"] == made["expiresAt"] == "2099-01-31T11:00:00Z"


def test_keys_belong_to_the_default_project_unless_another_is_named(cli: Cli) -> None:
    made = cli.json("keys", "create")
    assert (made["projectId"], made["scope"], made["label"]) == ("proj_default", "full", "project-key")
    assert [key["id"] for key in cli.json("keys", "list")["keys"]] == [made["apiKeyId"]]


def test_a_revoked_key_opens_nothing_and_says_so_in_the_list(on_database: Cli, database_url: str) -> None:
    made = on_database.json("keys", "create", "--project", project(on_database))
    revoked = on_database.json("keys", "revoke", made["apiKeyId"])["key"]
    assert (revoked["id"], revoked["status"]) == (made["apiKeyId"], "revoked")
    assert opens(database_url, made["apiKey"]) is None
    assert "revoked" in on_database.prints("keys", "list", "--project", made["projectId"])


def test_the_raw_key_is_shown_once_and_never_in_a_list(cli: Cli) -> None:
    text = cli.prints("keys", "create")
    raw = re.findall(r"rpk_[0-9a-f]{64}", text)
    assert len(raw) == 1
    assert "rpk_" not in cli.prints("keys", "list") + cli.prints("keys", "list", "--json")


def test_key_options_that_make_no_sense_are_mistakes_of_usage(cli: Cli) -> None:
    assert "'tomorrow' is not a time like 2027-01-31" in cli.misused("keys", "create", "--expires-at", "tomorrow")
    assert "'full', 'ingest', 'read'" in cli.misused("keys", "create", "--scope", "all")


def test_keys_that_cannot_be_made_are_failures(cli: Cli) -> None:
    assert "expiresAt must lie in the future" in cli.fails("keys", "create", "--expires-at", "2020-01-31")
    assert "project not found" in cli.fails("keys", "create", "--project", "proj_none")
    assert "project not found" in cli.fails("keys", "list", "--project", "proj_none")
