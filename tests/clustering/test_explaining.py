"""How a failure gets its key, told step by step, and why the failures of an issue belong together."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from retrospec.issues.models import ClusterAlias, IssueCluster
from retrospec.projects.models import Project
from retrospec.sessions.models import ErrorMarker
from tests.client import Client, Json, MakeClient, marker

LABEL = "GET https://api.shop.example/v2/orders/7?x=1 -> 503"
FAILURE: Json = {"kind": "api_error", "label": LABEL, "evidence": "", "clusterKey": ""}
PARTS = [
    {"name": "service", "value": "api.shop.example"},
    {"name": "method", "value": "GET"},
    {"name": "endpoint", "value": "/v2/orders/*"},
    {"name": "outcome", "value": "5xx"},
]


async def explain(client: Client, **facts: Any) -> Json:
    told: Json = (await client.post("/v1/clustering/explain", FAILURE | {"route": "/checkout"} | facts))["explanation"]
    return told


async def why(client: Client, key: str) -> Json:
    told: Json = (await client.get(f"/v1/issues/{key}"))["issue"]["explanation"]
    return told


async def ingested(client: Client, *sessions: str, **facts: Any) -> str:
    """The key that sessions with the failure get."""
    for session in sessions or ("s1", "s2"):
        answer = await client.ingest(session, marker(**FAILURE | facts))
    key: str = answer["session"]["markers"][0]["clusterKey"]
    return key


def codes(told: Json) -> list[str]:
    return [note["code"] for note in told.get("notes", [])]


async def rule(client: Client, **changes: Any) -> Json:
    body: Json = {
        "name": "Orders",
        "match": {"label": {"regex": r"/(?P<what>orders|carts)/"}},
        "action": {"fingerprint": "orders"},
    }
    made: Json = (await client.post("/v1/clustering/rules", body | changes, 201))["rule"]
    return made


async def test_an_explanation_ends_in_the_key_that_ingest_gives_and_leads_to_its_issue(client: Client) -> None:
    before = await explain(client)
    key = await ingested(client)

    after = await explain(client)

    assert before["leadsTo"] == {"clusterKey": key, "merged": False, "state": "unknown"}
    assert after["leadsTo"] == {
        "clusterKey": key, "merged": False, "state": "open", "symptom": LABEL, "sessionCount": 2,
    }  # fmt: skip
    assert (after["strategy"], after["strategyVersion"], after["parts"]) == ("fingerprint", 2, PARTS)
    assert after["key"] == key == f"api_error:{sha256(after['text'].encode()).hexdigest()[:16]}"
    assert (after["redacted"], after["rules"]) == (False, [])
    assert after["marker"] == {"kind": "api_error", "label": LABEL, "evidence": "", "hint": "", "route": "/checkout"}


async def test_what_ingest_takes_out_or_cuts_is_not_there_for_the_strategy_either(client: Client) -> None:
    label = "Login of ann@mail.example failed: password=hunter2 " + "x" * 600
    told = await explain(client, kind="js_exception", label=label)

    assert told["redacted"] is True
    assert "hunter2" not in str(told)
    assert told["key"] == await ingested(client, kind="js_exception", label=label)
    (stored, _) = await ErrorMarker.all()
    assert told["marker"]["label"] == stored.label


async def test_an_unknown_kind_and_a_hint_by_either_name_are_read_as_in_ingest(client: Client) -> None:
    for name in ("hint", "clusterKey"):
        told = await explain(client, kind="strange", label="", **{name: "ui:save"})
        assert (told["marker"]["kind"], told["marker"]["hint"]) == ("ui_no_effect", "ui:save")
    assert told["key"] == await ingested(client, kind="strange", label="", clusterKey="ui:save")


async def test_another_strategy_can_be_tried_without_changing_anything(client: Client) -> None:
    key = await ingested(client)

    told = await explain(client, strategy="fingerprint1")

    assert (told["strategy"], told["strategyVersion"]) == ("fingerprint1", 1)
    assert told["key"] != key
    assert told["leadsTo"]["state"] == "unknown"
    refused = await client.post("/v1/clustering/explain", FAILURE | {"strategy": "magic"}, 400)
    assert refused["error"].startswith("strategy 'magic' is not installed (installed: fingerprint, fingerprint1")
    assert "kind and label" in (await client.post("/v1/clustering/explain", {}, 400))["error"]


async def test_rules_are_told_up_to_the_one_that_decides(client: Client) -> None:
    no = await rule(client, name="No", match={"kind": {"glob": "api_*"}, "route": {"glob": "/elsewhere"}})
    yes, _ = await rule(client, name="Yes"), await rule(client, name="Later")

    told = await explain(client)

    assert told["rules"] == [
        {"id": no["id"], "name": "No", "matched": False, "failed": "route"},
        {"id": yes["id"], "name": "Yes", "matched": True},
    ]
    assert told["rule"] == {"id": yes["id"], "name": "Yes", "fingerprint": "orders"}
    assert told["parts"] == [{"name": "fingerprint", "value": "orders"}]
    assert told["key"] == await ingested(client) == f"api_error:{sha256(told['text'].encode()).hexdigest()[:16]}"


async def test_what_a_rule_adds_stands_beside_the_parts_of_the_strategy(client: Client) -> None:
    await rule(client, action={"extra": ["about {what}"]})

    told = await explain(client)

    assert told["rule"]["extra"] == ["about orders"]
    assert told["parts"] == [*PARTS, {"name": "rule", "value": "about orders"}]
    assert told["key"] == await ingested(client) == f"api_error:{sha256(told['text'].encode()).hexdigest()[:16]}"
    assert (await why(client, told["key"]))["parts"] == told["parts"]


async def test_an_issue_tells_why_its_failures_belong_together(client: Client) -> None:
    key = await ingested(client)

    told = await why(client, key)

    assert (told["strategy"], told["strategyVersion"], told["parts"], told["key"]) == ("fingerprint", 2, PARTS, key)
    assert (told["agrees"], codes(told)) == (True, [])
    assert told["marker"]["label"] == LABEL
    assert told["sessionId"] in {"s1", "s2"}


async def test_an_issue_of_another_strategy_than_the_projects_is_explained_by_its_own(client: Client) -> None:
    await Project.filter(id="proj_default").update(clustering_strategy="fingerprint1")
    key = await ingested(client)
    path = "/v1/admin/projects/proj_default"
    await client.admin("PATCH", path, json={"clusteringStrategy": "fingerprint"})

    told = await why(client, key)

    assert (told["strategy"], told["strategyVersion"], told["key"]) == ("fingerprint1", 1, key)
    assert (told["agrees"], codes(told)) == (True, ["leads_elsewhere"])
    now = (await explain(client))["key"]
    assert told["notes"][0]["text"] == f"A failure like this one that arrives now gets the key {now}."


async def test_a_merged_issue_says_which_keys_it_has_taken_in(client: Client) -> None:
    target = await ingested(client)
    source = await ingested(client, "s3", "s4", "s5", label="GET https://api.shop.example/v2/carts/7 -> 503")
    await client.post("/v1/issues/merge", {"targetClusterKey": target, "sourceClusterKeys": [source]}, 202)
    await IssueCluster.filter(key=target).update(representative_session_id="s3")

    told = await why(client, target)

    assert codes(told) == ["merged", "key_differs"]
    assert source in told["notes"][0]["text"]
    assert told["notes"][1]["text"] == f"This failure's own key is {source}, which leads here: the two were merged."
    assert (told["agrees"], told["key"]) == (False, source)
    leads = (await explain(client, label=told["marker"]["label"]))["leadsTo"]
    assert (leads["clusterKey"], leads["merged"], leads["state"]) == (target, True, "open")


async def test_an_issue_whose_project_has_moved_says_which_keys_it_had_and_these_lead_there_for_an_hour(
    client: Client,
) -> None:
    key = await ingested(client)
    former = (await explain(client, strategy="fingerprint1"))["key"]
    moment = datetime.now(UTC)
    alias = await ClusterAlias.create(
        project_id="proj_default", source_key=former, target_key=key, kind="old", created_at=moment
    )

    told, leads = await why(client, key), (await explain(client, strategy="fingerprint1"))["leadsTo"]

    assert (told["agrees"], codes(told)) == (True, ["moved"])
    assert told["notes"][0]["text"] == f"Another clustering strategy called it, or what it took in: {former}."
    assert (leads["clusterKey"], leads["merged"]) == (key, True)
    alias.created_at = moment - timedelta(hours=2)
    await alias.save()
    assert (await explain(client, strategy="fingerprint1"))["leadsTo"]["clusterKey"] == former


async def test_an_issue_that_was_split_off_says_where_failures_like_its_own_go(client: Client) -> None:
    key = await ingested(client, "s1", "s2", "s3")
    answer = await client.post(f"/v1/issues/{key}/split", {"sessionIds": ["s2"]}, 202)

    told = await why(client, answer["result"]["newClusterKey"])

    assert (told["agrees"], told["key"], told["sessionId"]) == (False, key, "s2")
    assert codes(told) == ["split", "leads_elsewhere"]


async def test_a_rule_that_has_changed_since_is_no_secret(client: Client) -> None:
    made = await rule(client)
    key = await ingested(client)
    assert (await why(client, key))["rule"]["id"] == made["id"]

    await client.delete(f"/v1/clustering/rules/{made['id']}")

    told = await why(client, key)
    assert "rule" not in told
    assert codes(told) == ["key_differs", "leads_elsewhere"]


async def test_a_strategy_that_is_gone_or_of_another_version_and_the_plain_hash_are_told_as_such(
    client: Client,
) -> None:
    key = await ingested(client)
    for changes, expected in (
        ({"strategy": "gone"}, ["strategy_missing"]),
        ({"strategy": "fingerprint", "strategy_version": 3}, ["other_version"]),
        ({"strategy": "plain", "strategy_version": 1}, ["plain", "key_differs"]),
        ({"strategy": "withheld", "strategy_version": 1}, ["withheld"]),
    ):
        await IssueCluster.filter(key=key).update(**changes)
        assert codes(await why(client, key)) == expected


async def test_an_issue_none_of_whose_failures_is_left_says_so(client: Client) -> None:
    key = await ingested(client)
    await ErrorMarker.all().delete()

    told = await why(client, key)

    assert (codes(told), told["agrees"], told.get("marker")) == (["no_marker"], False, None)


async def test_the_latest_session_stands_in_for_a_representative_that_is_gone(client: Client) -> None:
    key = await ingested(client)
    await IssueCluster.filter(key=key).update(representative_session_id="gone")

    assert (await why(client, key))["agrees"] is True


MOODY = """
from retrospec.plugin import ClusteringStrategy, Explanation, clustering_strategy


@clustering_strategy("moody", "Explains nothing, and sometimes has no keys")
class Moody(ClusteringStrategy):
    version = 1

    def keys(self, markers):
        if any("fails" in marker.label for marker in markers):
            raise RuntimeError("no keys today")
        return [f"{marker.kind}:{'0' * 16}" for marker in markers]

    def explain(self, marker):
        if marker.label == "chatty":
            return Explanation(self.keys([marker])[0], (("half", "\\ud800"),))
        if marker.label == "odd":
            return {"key": "none"}
        raise RuntimeError("no words today")
"""


async def test_a_strategy_that_fails_to_explain_or_to_cluster_is_told_as_ingest_deals_with_it(
    make_client: MakeClient, tmp_path: Path
) -> None:
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "moody.py").write_text(MOODY)
    client = await make_client(plugins_dir=folder, clustering_strategy="moody")

    failing = await explain(client, label="fails")

    for label in ("silent", "odd", "chatty"):
        told = await explain(client, label=label)
        assert (told["strategy"], told["key"]) == ("moody", "api_error:" + "0" * 16)
        assert "parts" not in told
    assert (failing["strategy"], failing["key"]) == ("plain", await ingested(client, label="fails"))
    assert failing["parts"] == [{"name": "hint", "value": ""}, {"name": "label", "value": "fails"}]
    assert codes(await why(client, failing["key"])) == ["plain"]


async def test_texts_of_any_length_are_explained_as_they_would_be_stored(client: Client) -> None:
    told = await explain(client, label="l" * 9000, evidence="e" * 9000, route="/r" * 9000, hint="h" * 9000)

    assert {name: len(text) for name, text in told["marker"].items() if name != "kind"} == {
        "label": 500, "evidence": 4000, "hint": 1000, "route": 2000,
    }  # fmt: skip
