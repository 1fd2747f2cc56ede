"""A project's rules over HTTP: kept in order, checked when they are saved, in force for what arrives next."""

from time import monotonic
from typing import Any

import msgspec
import pytest

from retrospec.clustering import service
from retrospec.clustering.schemas import NewRule
from retrospec.issues.models import ClusteringRule
from tests.client import Client, marker

RULES = "/v1/clustering/rules"
DOWN: dict[str, Any] = {
    "name": "Provider is down",
    "match": {"label": {"glob": "*provider*"}},
    "action": {"fingerprint": "provider is down"},
}

UNUSABLE: list[tuple[dict[str, Any], str, str]] = [
    ({"match": {}}, "match", "at least one of kind, route, label, evidence"),
    ({"match": {"label": {}}}, "match.label", "either glob or regex"),
    ({"match": {"label": {"glob": "a", "regex": "b"}}}, "match.label", "either glob or regex"),
    ({"match": {"label": {"glob": ""}}}, "match.label", "must not be empty"),
    ({"match": {"label": {"regex": "([a-z"}}}, "match.label.regex", "unterminated character set at position 1"),
    ({"match": {"label": {"regex": "(a+)+b"}}}, "match.label.regex", "repeats what is a repetition already"),
    ({"match": {"evidence": {"regex": r"^(\w+_)*!"}}}, "match.evidence.regex", "takes longer than 20 ms"),
    ({"action": {}}, "action", "either fingerprint or extra"),
    ({"action": {"fingerprint": "a", "extra": ["b"]}}, "action", "either fingerprint or extra"),
    ({"action": {"fingerprint": " "}}, "action.fingerprint", "must not be empty"),
    ({"action": {"extra": []}}, "action.extra", "must have texts"),
    ({"action": {"extra": ["{tenant}"]}}, "action.extra", "no regex has a group (?P<tenant>…) (there are: none)"),
    ({"name": "  "}, "name", "must not be empty"),
]


async def add(client: Client, **changes: Any) -> dict[str, Any]:
    rule: dict[str, Any] = (await client.post(RULES, DOWN | changes, 201))["rule"]
    return rule


async def names(client: Client) -> list[str]:
    listed = (await client.get(RULES))["rules"]
    assert [rule["position"] for rule in listed] == list(range(1, len(listed) + 1))
    return [rule["name"] for rule in listed]


async def cluster(client: Client, session: str, **facts: Any) -> str:
    answer = await client.ingest(session, marker(**{"clusterKey": "", "evidence": ""} | facts))
    key: str = answer["session"]["markers"][0]["clusterKey"]
    return key


async def patch(client: Client, rule_id: str, body: dict[str, Any], status: int = 200) -> dict[str, Any]:
    answer = await client.http.patch(f"{RULES}/{rule_id}", json=body)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_rule_comes_back_as_it_was_sent_and_decides_about_what_arrives_next(client: Client) -> None:
    before = await cluster(client, "s1", label="GET https://pay.example/provider/1 -> 500")

    rule = await add(client)

    assert {name: rule[name] for name in DOWN} == DOWN
    assert (rule["position"], rule["enabled"]) == (1, True)
    assert (await client.get(f"{RULES}/{rule['id']}"))["rule"] == rule
    after = await cluster(client, "s2", label="GET https://pay.example/provider/1 -> 500")
    other = await cluster(client, "s3", label="POST https://pay.example/provider/two -> timeout")
    assert before != after == other
    issue = (await client.get(f"/v1/issues/{after}"))["issue"]
    assert (issue["sessionCount"], issue["strategy"]) == (2, "fingerprint")


async def test_a_rule_that_is_changed_disabled_or_deleted_decides_no_more(client: Client) -> None:
    plain = await cluster(client, "s1", label="GET /provider -> 500")
    rule = await add(client)
    ruled = await cluster(client, "s2", label="GET /provider -> 500")

    await patch(client, rule["id"], {"enabled": False})
    assert await cluster(client, "s3", label="GET /provider -> 500") == plain
    await patch(client, rule["id"], {"enabled": True})
    assert await cluster(client, "s4", label="GET /provider -> 500") == ruled
    await patch(client, rule["id"], {"match": {"label": {"glob": "*nothing*"}}})
    assert await cluster(client, "s5", label="GET /provider -> 500") == plain
    await patch(client, rule["id"], {"match": DOWN["match"]})
    assert await client.delete(f"{RULES}/{rule['id']}") == {"deleted": True, "ruleId": rule["id"]}
    assert await cluster(client, "s6", label="GET /provider -> 500") == plain
    await client.get(f"{RULES}/{rule['id']}", 404)


async def test_rules_are_asked_in_the_order_in_which_they_are_put(client: Client) -> None:
    first, second = [await add(client, name=name, action={"fingerprint": name}) for name in ("one", "two")]
    one = await cluster(client, "s1", label="provider")
    third = await add(client, name="three", position=1, action={"fingerprint": "three"})
    assert await names(client) == ["three", "one", "two"]

    moved = await patch(client, third["id"], {"position": 900})

    assert moved["rule"]["position"] == 3
    assert await names(client) == ["one", "two", "three"]
    assert await cluster(client, "s2", label="provider") == one
    await patch(client, second["id"], {"position": 1})
    assert await names(client) == ["two", "one", "three"]
    assert await cluster(client, "s3", label="provider") != one
    await client.delete(f"{RULES}/{first['id']}")
    assert await names(client) == ["two", "three"]


async def test_a_rule_that_cannot_be_used_is_refused_and_the_field_named(client: Client) -> None:
    for body, field, said in UNUSABLE:
        refused = await client.post(RULES, DOWN | body, 400)

        assert said in refused["error"]
        assert refused["detail"] == field
    assert await names(client) == []


async def test_a_change_is_checked_against_what_stays(client: Client) -> None:
    match = {"label": {"regex": "tenant=(?P<tenant>.)"}}
    rule = await add(client, match=match, action={"extra": ["{tenant}"]})

    refused = await patch(client, rule["id"], {"match": DOWN["match"]}, 400)

    assert "(?P<tenant>…)" in refused["error"]
    assert (await client.get(f"{RULES}/{rule['id']}"))["rule"] == rule


async def test_a_pattern_of_more_than_500_characters_and_the_101st_rule_are_refused(client: Client) -> None:
    await client.post(RULES, DOWN | {"match": {"label": {"glob": "a" * 501}}}, 400)
    moment = (await add(client))["createdAt"]
    await ClusteringRule.bulk_create(
        ClusteringRule(
            id=f"rule_{number}",
            project_id="proj_default",
            name=str(number),
            position=number,
            match=DOWN["match"],
            action=DOWN["action"],
            created_at=moment,
            updated_at=moment,
        )
        for number in range(2, 101)
    )

    refused = await client.post(RULES, DOWN, 409)

    assert refused["error"] == "a project has at most 100 clustering rules"


async def test_rules_of_one_project_are_nothing_to_another_nor_to_a_key_that_only_reads_or_uploads(
    client: Client,
) -> None:
    owner, other = await client.project("owner"), await client.project("other")
    rule = await add(owner)

    assert await names(other) == []
    for call in (other.get, other.delete):
        await call(f"{RULES}/{rule['id']}", 404)
    await patch(other, rule["id"], {"name": "mine"}, 404)
    assert await cluster(other, "s1", label="provider a") != await cluster(owner, "s1", label="provider a")
    projects = (await client.admin("GET", "/v1/admin/projects"))["projects"]
    own = next(one["id"] for one in projects if one["name"] == "owner")
    for scope, listing in (("read", 200), ("ingest", 403)):
        made = await client.admin("POST", f"/v1/admin/projects/{own}/keys", json={"scope": scope})
        limited = client.with_key(made["apiKey"])
        await limited.get(RULES, listing)
        await limited.post(RULES, DOWN, 403)


async def test_a_project_that_is_deleted_leaves_no_rules(client: Client) -> None:
    await add(await client.project("gone"))
    (project,) = [
        one["id"] for one in (await client.admin("GET", "/v1/admin/projects"))["projects"] if one["name"] == "gone"
    ]

    await client.admin("DELETE", f"/v1/admin/projects/{project}")

    assert await ClusteringRule.all().count() == 0


async def test_a_rule_that_another_process_made_is_in_force_once_what_is_known_is_five_seconds_old(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await cluster(client, "s1", label="provider")
    await service.create_rule("proj_default", msgspec.convert(DOWN, NewRule))
    assert await cluster(client, "s2", label="provider") == before

    moment = monotonic() + 5
    monkeypatch.setattr(client.listening.server.rules, "_clock", lambda: moment)

    assert await cluster(client, "s3", label="provider") != before


async def test_a_stored_rule_that_this_version_cannot_compile_is_left_out(client: Client) -> None:
    rule = await add(client)
    await ClusteringRule.filter(id=rule["id"]).update(match={"label": {"regex": "(?P<"}})
    await add(client, name="other", match={"label": {"glob": "*other*"}})

    assert await cluster(client, "s1", label="provider a") != await cluster(client, "s2", label="provider b /x")
