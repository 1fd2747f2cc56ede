"""Where sessions are read, and analyses reported."""

from retrospec.core.counters import Counters
from retrospec.core.routing import Access, Routes
from retrospec.core.settings import Settings
from retrospec.jobs.relayed import result_came
from retrospec.plugin import QueueBackend
from retrospec.projects.auth import Caller
from retrospec.reports.cards import checked_report, record_card
from retrospec.reports.schemas import AnalysisReport, ReportAnswer, SessionAnswer
from retrospec.reports.views import full_session

reports = Routes("reports", tag="Sessions")


@reports.get("/v1/sessions/<session_id:str>")
async def read_session(caller: Caller, session_id: str) -> SessionAnswer:
    """Read a session.

    With its failures by offset, what workers made of it, newest first, and its report card.
    """
    return SessionAnswer(await full_session(caller.project_id, session_id))


@reports.post("/v1/internal/analysis-reports", access=Access.INTERNAL, status=202)
async def report_analysis(
    body: AnalysisReport, counters: Counters, queue: QueueBackend, settings: Settings
) -> ReportAnswer:
    """Report what an analysis worker found out about a session.

    One card is kept for a session. A later report replaces it; one that was generated earlier than what is there
    changes nothing, and the answer is what stands. Answers 404 for an unknown session.
    """
    card = checked_report(body)
    recorded = await record_card(card)
    counters.add("retrospec_analysis_reports_total", recorded.written)
    if card.status != "pending":
        await result_came(queue, settings.analysis_queue_name, card.project_id, card.session_id)
    return ReportAnswer(recorded.card)
