"""`retrospec clustering`: keys explained and rules kept, without a server."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli

MARKER = {"kind": "api_error", "label": "GET https://api.shop.example/v2/orders/7?x=1 -> 503", "route": "/checkout"}
ADD = ("clustering", "rules", "add", "Provider down", "-m", "label=*provider*", "--fingerprint", "down")


def test_a_failure_from_standard_input_is_explained_step_by_step(on_database: Cli) -> None:
    said = on_database.prints("clustering", "explain", answer=json.dumps(MARKER))

    assert said.splitlines() == [
        "strategy  fingerprint, version 2",
        "read      label  GET https://api.shop.example/v2/orders/7?x=1 -> 503",
        "          route  /checkout",
        "rule      there are none",
        "parts     service   api.shop.example",
        "          method    GET",
        "          endpoint  /v2/orders/*",
        "          outcome   5xx",
        (
            "text      fingerprint 2 | api_error | service=api.shop.example | method=GET | "
            "endpoint=/v2/orders/* | outcome=5xx"
        ),
        "key       api_error:42669ade41fbec31",
        "leads to  no failure of this key has been ingested yet",
    ]


def test_a_failure_from_a_file_is_explained_as_the_api_would_and_by_another_strategy(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "failure.json").write_text(json.dumps(MARKER))

    told = cli.json("clustering", "explain", "--file", "failure.json", "--strategy", "fingerprint1")["explanation"]

    assert (told["strategy"], told["strategyVersion"]) == ("fingerprint1", 1)
    assert told["leadsTo"]["state"] == "unknown"


def test_what_cannot_be_explained_is_a_failure_in_plain_words(cli: Cli) -> None:
    for said, answer, more in (
        ("invalid payload", "nothing", ()),
        ("kind and label are missing", "{}", ()),
        ("project not found", json.dumps(MARKER), ("--project", "proj_none")),
        ("strategy 'magic' is not installed", json.dumps(MARKER), ("--strategy", "magic")),
    ):
        assert said in cli.fails("clustering", "explain", *more, answer=answer)


def test_rules_are_added_listed_changed_moved_and_removed(on_database: Cli) -> None:
    cli = on_database
    added = cli.prints(*ADD)
    assert added.startswith("added rule_")
    assert added.endswith("at position 1: label=*provider* → fingerprint down\n")
    second = cli.json(
        *("clustering", "rules", "add", "By tenant", "-m", "kind=api_*", "--position", "1"),
        *("-r", "evidence=tenant=(?P<tenant>[a-z]+)", "--extra", "tenant {tenant}"),
    )["rule"]

    changed = cli.json("clustering", "rules", "change", second["id"], "--position", "2", "--disable")["rule"]

    assert changed == second | {"position": 2, "enabled": False, "updatedAt": changed["updatedAt"]}
    listed = cli.json("clustering", "rules", "list")["rules"]
    assert [rule["name"] for rule in listed] == ["Provider down", "By tenant"]
    shown = cli.prints("clustering", "rules", "list")
    assert "evidence=/tenant=(?P<tenant>[a-z]+)/" in shown
    assert "extra ['tenant {tenant}']" in shown
    assert cli.prints("clustering", "rules", "remove", second["id"]) == f"removed {second['id']}\n"
    assert len(cli.json("clustering", "rules", "list")["rules"]) == 1


def test_a_rule_decides_in_an_explanation(cli: Cli) -> None:
    rule = cli.json(*ADD)["rule"]

    said = cli.prints("clustering", "explain", answer=json.dumps(MARKER | {"label": "provider is away"}))
    other = cli.prints("clustering", "explain", answer=json.dumps(MARKER))

    assert f"rule      Provider down ({rule['id']}) matches and decides" in said
    assert f"rule      Provider down ({rule['id']}) fails at label" in other


def test_a_rule_that_cannot_be_used_is_refused(cli: Cli) -> None:
    add = ("clustering", "rules", "add", "x", "--fingerprint", "y")
    assert "does not begin with one of kind=, route=, label=, evidence=" in cli.misused(*add, "-m", "provider")
    assert "two conditions for label" in cli.misused(*add, "-m", "label=a", "-r", "label=b")
    assert "repeats what is a repetition already" in cli.fails(*add, "-r", "label=(a+)+b")
    assert "match must name at least one" in cli.fails(*add)
    assert "clustering rule not found" in cli.fails("clustering", "rules", "remove", "rule_none")
    assert "project not found" in cli.fails("clustering", "rules", "list", "-p", "proj_none")


@pytest.mark.parametrize("name", ["list", "add", "change", "remove"])
def test_each_command_about_rules_has_help(cli: Cli, name: str) -> None:
    assert f"Usage: retrospec clustering rules {name} " in cli.prints("clustering", "rules", name, "--help")
