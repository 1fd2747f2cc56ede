"""What a delivery keeps of an alert is what its sink is given, with links that lead where they say."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from retrospec.alerts.wire import HELD_BACK, PROMOTED, AlertClusterWire, AlertWire, DigestWire, Links, alert_of
from retrospec.core.settings_sources import load
from retrospec.plugin import Alert, AlertCluster, AlertDigest

MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)
FACTS = ("api_error:0", "It broke", 3, 1, 0.9, MOMENT, "s1", "open", "ann")


def kept(wire: AlertWire) -> dict[str, Any]:
    """As it lies in the database."""
    stored: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(wire))
    return stored


def test_an_alert_without_links_keeps_what_the_contract_names_and_no_more() -> None:
    body = kept(AlertWire(PROMOTED, "ingest_auto_promote", MOMENT, "p", AlertClusterWire(*FACTS)))

    assert list(body) == ["event", "trigger", "sentAt", "projectId", "cluster"]
    assert alert_of("a1", body) == Alert("a1", PROMOTED, "ingest_auto_promote", MOMENT, "p", AlertCluster(*FACTS))


def test_a_digest_comes_to_its_sink_as_it_was_written() -> None:
    digest = DigestWire(40, MOMENT, MOMENT, [AlertClusterWire(*FACTS)])
    wire = AlertWire(HELD_BACK, "storm_digest", MOMENT, "p", AlertClusterWire(*FACTS), "http://i", "http://r", digest)

    alert = alert_of("a1", kept(wire))

    assert kept(wire)["digest"].keys() == {"heldBack", "since", "until", "clusters"}
    assert alert.digest == AlertDigest(40, MOMENT, MOMENT, [AlertCluster(*FACTS)])
    assert (alert.event, alert.issue_url, alert.replay_url) == (HELD_BACK, "http://i", "http://r")


def test_links_lead_below_the_public_address_or_where_the_templates_say() -> None:
    none, public = Links(load({})), Links(load({"PUBLIC_URL": "https://r.example/app/"}))
    own = Links(
        load(
            {
                "PUBLIC_URL": "https://r.example",
                "ALERT_ISSUE_URL": "https://dash.example/{project}/issues?key={key}",
                "ALERT_REPLAY_URL": "https://dash.example/{project}/{session}",
            }
        )
    )

    assert (none.issue("p", "k"), none.replay("p", "s")) == ("", "")
    assert public.issue("p", "api_error:0") == "https://r.example/app/v1/issues/api_error%3A0"
    assert public.replay("p", "s1") == "https://r.example/app/v1/sessions/s1"
    assert own.issue("p", "api_error:0") == "https://dash.example/p/issues?key=api_error%3A0"
    assert (own.replay("p", "s1"), own.replay("p", "")) == ("https://dash.example/p/s1", "")


@given(project=st.text(min_size=1), key=st.text(min_size=1))
def test_no_name_breaks_out_of_its_place_in_a_link(project: str, key: str) -> None:
    links = Links(load({"ALERT_ISSUE_URL": "https://d.example/{key}/{project}"}))
    names = [name.encode(errors="replace").decode() for name in (project, key)]

    *_, in_key, in_project = links.issue(*names).split("/")

    assert [unquote(in_project), unquote(in_key)] == names
