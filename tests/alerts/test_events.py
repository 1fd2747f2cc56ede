"""What is news: that an issue begins or goes on, that it is back, that it gets worse."""

from datetime import timedelta

import pytest

from retrospec.core.clock import now
from retrospec.issues.models import IssueCluster
from tests.alerts.news import forget_alerts, hit, told, usual
from tests.client import Client, MakeClient, marker, wire

PROMOTED, REGRESSED, ESCALATED = "issue_cluster_promoted", "issue_cluster_regressed", "issue_cluster_escalated"


@pytest.fixture
async def client(make_client: MakeClient) -> Client:
    """A client of a server that logs its alerts."""
    return await make_client(alert_sinks=("log",), alert_min_cluster_confidence=0.5)


class TestBack:
    async def test_a_mute_that_its_sessions_end_is_a_regression(self, client: Client) -> None:
        key = await client.issue()
        await client.post(f"/v1/issues/{key}/state", {"state": "muted", "mutedSessions": 2})

        assert await hit(client, 2) == [0, 1]
        assert await told() == [PROMOTED, REGRESSED]

    async def test_a_mute_that_time_has_ended_is_none(self, client: Client) -> None:
        key = await client.issue()
        await forget_alerts()
        until = wire(now() + timedelta(hours=1))
        await client.post(f"/v1/issues/{key}/state", {"state": "muted", "mutedUntil": until, "mutedSessions": 1})
        await IssueCluster.filter(key=key).update(muted_until=now() - timedelta(seconds=1))

        assert await hit(client, 1) == [1]
        assert await told() == [PROMOTED, PROMOTED]

    async def test_of_one_issue_a_sink_hears_the_most_important_news_and_not_the_rest_a_moment_later(
        self, client: Client
    ) -> None:
        key = await client.issue()
        await forget_alerts()
        await client.post(f"/v1/issues/{key}/state", {"state": "resolved"})

        assert await hit(client, 3) == [1, 0, 0]
        assert await told() == [PROMOTED, REGRESSED]


class TestWorse:
    async def test_five_sessions_within_an_hour_where_hardly_any_came_are_an_escalation_once(
        self, client: Client
    ) -> None:
        key = await client.issue()
        await usual(key, sessions=10)

        assert await hit(client, 7) == [0, 0, 0, 0, 1, 0, 0]
        assert await told() == [PROMOTED, ESCALATED]

    async def test_it_takes_four_times_as_many_as_usual(self, client: Client) -> None:
        key = await client.issue()
        # Two an hour, in the 47 hours before the last.
        await usual(key, sessions=94)

        assert await hit(client, 8) == [0] * 7 + [1]
        assert await told() == [PROMOTED, ESCALATED]

    async def test_a_session_that_is_sent_again_does_not_count_again(self, client: Client) -> None:
        key = await client.issue()
        await usual(key, sessions=10)

        for number in range(8):
            await client.ingest("the-same", marker(f"m{number}"))

        assert await told() == [PROMOTED]

    @pytest.mark.parametrize(
        ("hours", "promoted_hours"), [(1.9, 1.5), (48, 0.9)], ids=["too young", "only just an issue"]
    )
    async def test_what_has_only_begun_cannot_get_worse(
        self, client: Client, hours: float, promoted_hours: float
    ) -> None:
        key = await client.issue()
        await usual(key, sessions=0, hours=hours, promoted_hours=promoted_hours)

        assert sum(await hit(client, 6)) == 0

    async def test_a_muted_issue_may_get_as_bad_as_it_likes(self, client: Client) -> None:
        key = await client.issue()
        await usual(key, sessions=0)
        until = wire(now() + timedelta(hours=1))
        await client.post(f"/v1/issues/{key}/state", {"state": "muted", "mutedUntil": until})

        assert sum(await hit(client, 6)) == 0

    async def test_an_acknowledged_issue_is_told_of_when_it_gets_worse(self, client: Client) -> None:
        key = await client.issue()
        await usual(key, sessions=0)
        await client.post(f"/v1/issues/{key}/state", {"state": "acknowledged"})

        assert await hit(client, 5) == [0, 0, 0, 0, 1]

    async def test_it_is_told_as_well_where_nothing_is_promoted_on_the_way_in(self, make_client: MakeClient) -> None:
        client = await make_client(alert_sinks=("log",), alert_min_cluster_confidence=0.5, auto_promote_on_ingest=False)
        key = await client.issue()
        await client.post("/v1/issues/promote")
        await usual(key, sessions=0)

        assert await hit(client, 5) == [0, 0, 0, 0, 1]
        assert await told() == [PROMOTED, ESCALATED]
