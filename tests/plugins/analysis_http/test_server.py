"""A server that asks a model: from a session that failed to its report card."""

from typing import Any

from retrospec.plugin.testing.receiver import Answer, Receiver
from retrospec.reports.models import DailyUse
from tests.client import MakeClient, eventually, marker
from tests.plugins.analysis_http import FINDINGS, REPORT


async def test_a_models_report_is_on_the_card_until_the_projects_day_is_used_up(make_client: MakeClient) -> None:
    async with Receiver() as model:
        model.otherwise = Answer(body=REPORT)
        section = {"url": model.url, "daily_requests_per_project": 2, "fallback": "none"}
        client = await make_client(analyzer="http", analysis={"http": section}, embedded_worker=True)
        for number in range(3):
            await client.recorded(f"s-{number}", marker(label="POST /api/orders -> 500"))

        async def cards() -> list[dict[str, Any]] | None:
            sessions = [(await client.get(f"/v1/sessions/s-{number}"))["session"] for number in range(3)]
            found = [session["reportCard"] for session in sessions]
            return None if any(card["status"] == "pending" for card in found) else found

        told = sorted((card["symptom"], card["status"]) for card in await eventually(cards))

    assert told[1:] == [(FINDINGS["symptom"], "ready")] * 2
    assert told[0][0].startswith("Not analysed")
    assert told[0][1] == "discarded"
    assert len(model.requests) == 2
    assert (await DailyUse.get(project_id="proj_default", name="analysis.http")).used == 2
