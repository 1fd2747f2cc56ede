"""Who hears of what: the rules of each sink."""

import json
import tomllib
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from retrospec.alerts.escalation import LEAST, TIMES
from retrospec.alerts.models import AlertDelivery, AlertSinkRow
from retrospec.alerts.news import News
from retrospec.alerts.outgoing import Accepted, AlertBook
from retrospec.alerts.rules import Listener
from retrospec.alerts.sinks import Sink, SinkDirectory, SinkRules, sinks_of
from retrospec.alerts.wire import EVENTS, HELD_BACK, PROMOTED, AlertWire, alert_of
from retrospec.core.clock import now
from retrospec.core.counters import Counters
from retrospec.core.settings import Settings
from retrospec.core.settings_sources import load
from retrospec.issues.lifecycle import Seen
from retrospec.issues.membership import Cluster
from tests.alerts.news import forget_alerts, hit, told
from tests.client import Client, MakeClient, marker
from tests.test_docs import block, quoted, section, table

REGRESSED = "issue_cluster_regressed"
RULES: dict[str, dict[str, Any]] = {
    "back": {"events": [REGRESSED]},
    "exceptions": {"kinds": ["js_exception"]},
    "shop": {"sites": ["shop.*", "*.shop.example"]},
    "sure": {"min_confidence": 1},
    "many": {"min_sessions": 4},
    "often": {"cooldown_minutes": 0},
}


@pytest.fixture
async def client(make_client: MakeClient) -> Client:
    """A client of a server with a sink for each of the rules, and one without any."""
    named = {name: {"type": "log", "rules": rules} for name, rules in RULES.items()}
    return await make_client(alert_sinks=("log", *RULES), alerts=named, alert_min_cluster_confidence=0.5)


async def heard() -> dict[str, int]:
    """How many alerts each sink was told, those that heard any."""
    counts = {name: len(await told(name)) for name in ("log", *RULES)}
    return {name: count for name, count in counts.items() if count}


async def test_each_sink_hears_what_its_rules_say(client: Client) -> None:
    key = await client.issue(sessions=2)
    assert await heard() == {"log": 1, "shop": 1, "often": 1}

    assert await hit(client, 1) == [1]
    # Three of three sessions are sure.
    assert await heard() == {"log": 1, "shop": 1, "often": 2, "sure": 1}

    assert await hit(client, 1, "fourth") == [1]
    assert await heard() == {"log": 1, "shop": 1, "often": 3, "sure": 1, "many": 1}

    await client.post(f"/v1/issues/{key}/state", {"state": "resolved"})
    assert await hit(client, 1, "fifth") == [1]
    assert await heard() == {"log": 2, "shop": 2, "often": 4, "sure": 2, "many": 2, "back": 1}


async def test_one_alert_for_several_sinks_is_one_and_has_one_id(client: Client) -> None:
    await client.issue()

    deliveries = await AlertDelivery.all()

    assert {one.sink for one in deliveries} == {"log", "shop", "often"}
    assert {one.sink_type for one in deliveries} == {"log"}
    assert len({one.alert_id for one in deliveries}) == 1


async def test_kinds_are_asked_for(client: Client) -> None:
    await client.issue(kind="js_exception", label="TypeError: x is undefined")

    assert (await heard())["exceptions"] == 1


async def test_the_site_is_that_of_the_session_that_made_the_news(client: Client) -> None:
    await client.ingest("s1", marker(), site="shop.example")
    await client.ingest("s2", marker(), site="blog.example")
    assert "shop" not in await heard()
    await forget_alerts()

    await client.ingest("s3", marker(), site="EU.shop.example")

    assert (await heard())["shop"] == 1


async def test_where_nobodys_session_promotes_the_site_is_that_of_the_representative_session(
    make_client: MakeClient,
) -> None:
    client = await make_client(
        alert_sinks=("shop", "blog"),
        alerts={name: {"type": "log", "rules": {"sites": [f"{name}.*"]}} for name in ("shop", "blog")},
        alert_min_cluster_confidence=0.5,
        auto_promote_on_ingest=False,
    )
    await client.ingest("s1", marker(), site="shop.example")
    await client.recorded("s2", marker(), site="blog.example")

    assert (await client.post("/v1/issues/promote"))["alertsSent"] == 1
    assert (await told("shop"), await told("blog")) == ([], [PROMOTED])


async def test_a_project_s_own_sinks_hear_of_it_and_of_no_other_unless_they_are_off(client: Client) -> None:
    shop, blog = await client.project("Shop"), await client.project("Blog")
    mine = [one["id"] for one in (await client.admin("GET", "/v1/admin/projects"))["projects"] if one["name"] == "Shop"]
    for name, enabled in (("on", True), ("off", False)):
        await AlertSinkRow.create(
            id=f"snk_{name}",
            project_id=mine[0],
            name=name,
            type="log",
            enabled=enabled,
            created_at=now(),
            updated_at=now(),
        )

    await shop.issue()
    await blog.issue()

    assert (await told("snk_on", project_id=mine[0]), await told("snk_off")) == ([PROMOTED], [])
    assert len(await told("log")) == 2
    assert len(await told("snk_on")) == 1


async def test_a_filter_that_leaves_no_sink_accepts_no_alert(make_client: MakeClient) -> None:
    client = await make_client(
        alert_sinks=("back",),
        alerts={"back": {"type": "log", "rules": RULES["back"]}},
        alert_min_cluster_confidence=0.5,
    )

    assert await hit(client, 3) == [0, 0, 0]
    assert await AlertDelivery.all().count() == 0


async def test_cooldowns_are_counted_for_each_sink(client: Client) -> None:
    await client.issue()
    await AlertDelivery.filter(sink="shop").update(created_at=now() - timedelta(minutes=61))

    await hit(client, 1)

    assert (len(await told("log")), len(await told("shop"))) == (1, 2)


@pytest.mark.parametrize(
    ("pattern", "site", "heard"),
    [
        ("shop.example", "shop.example", True),
        ("shop.example", "shop.example.com", False),
        ("shop.example", "a.shop.example", False),
        ("shop.example", "shopXexample", False),
        ("*.Example", "a.b.EXAMPLE", True),
        ("shop?", "shop1", True),
        ("shop?", "shop", False),
        ("[::1]:*", "[::1]:8080", True),
        ("[ab]", "a", False),
        ("*", "", True),
        ("*a" * 90 + "b", "a" * 255, False),
    ],
)
def test_in_the_name_of_a_site_only_stars_and_question_marks_mean_anything(
    pattern: str, site: str, heard: bool
) -> None:
    listener = Listener(Sink("s", "s", "log", rules=SinkRules(sites=(pattern,))), load({}))

    assert bool(listener.wanted(News(an_issue(), (PROMOTED,)), {site})) is heard


async def test_what_is_no_news_costs_no_statement() -> None:
    settings = load({"ALERT_SINKS": "log"})
    book = AlertBook(settings, SinkDirectory(sinks_of(settings)), Counters())
    audience = {"p": [Listener(sink, settings) for sink in sinks_of(settings)]}
    unsure, muted = an_issue(), an_issue()
    unsure.session_count, muted.state = 2, "muted"
    seen = [Seen(an_issue(), sessions=1), Seen(unsure, promoted=True), Seen(muted, promoted=True)]
    nowhere: Any = None

    accepted = await book.accept(nowhere, seen, audience, trigger="t", now=now(), find_sites=nowhere)
    told = [Seen(an_issue(), promoted=True)]
    unheard = await book.accept(nowhere, told, {}, trigger="t", now=now(), find_sites=nowhere)

    assert (accepted, unheard) == (Accepted(), Accepted())


def test_the_page_shows_every_rule_and_event() -> None:
    shown = tomllib.loads(block("docs/alerts.md", "rules.toml"))
    (_, on_call) = sinks_of(Settings.model_validate(shown))

    assert msgspec.to_builtins(on_call.rules).keys() == {
        field.encode_name for field in msgspec.structs.fields(SinkRules)
    }
    rules = table(section("docs/alerts.md", "## Rules"))
    assert [quoted(row[0])[0] for row in rules] == list(SinkRules.__struct_fields__)
    events = table(section("docs/alerts.md", "## Events"))
    assert [quoted(row[0])[0] for row in events] == [*EVENTS, HELD_BACK]
    assert f"at least {LEAST} sessions" in events[2][1]
    assert f"at least {TIMES} times" in events[2][1]


def test_the_digest_that_the_page_shows_is_one() -> None:
    shown = json.loads(block("docs/alerts.md", "digest.json"))

    alert = alert_of("alert_1", shown)

    assert (alert.event, alert.digest and alert.digest.top[0]) == (HELD_BACK, alert.cluster)
    assert msgspec.to_builtins(msgspec.convert(shown, AlertWire)) == shown


def an_issue() -> Cluster:
    """One that is as sure as can be."""
    moment = now()
    return Cluster(
        project_id="p",
        key="api_error:0",
        kind="api_error",
        symptom="It broke",
        strategy="fingerprint",
        strategy_version=1,
        session_count=9,
        user_count=0,
        marker_count=9,
        representative_session_id="",
        first_seen_at=moment,
        last_seen_at=moment,
        state="open",
        assignee="",
        muted_until=None,
        muted_until_sessions=None,
        regressed=False,
        state_updated_at=None,
        promoted_at=moment,
        promoted_session_count=9,
        created_at=moment,
    )
