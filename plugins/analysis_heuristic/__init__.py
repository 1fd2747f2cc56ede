"""Explains failures from the recording itself: console, requests, the page, and what the visitor did."""

import asyncio
import threading

from retrospec.plugin import Analysis, AnalysisRequest, Analyzer, analyzer
from retrospec_plugins.analysis_heuristic.judge import analyse


@analyzer("heuristic", "Reads console, requests, page and clicks around each failure; needs no model")
class Heuristic(Analyzer):
    """Works out cause and fix by rules; the same recording always gets the same report."""

    async def analyze(self, request: AnalysisRequest) -> Analysis:
        """Explain the strongest failure of a session.

        Args:
            request: The session, its failures and its recording, which is read once and only as far as the last
                failure's window.

        Raises:
            Exception: The recording could not be fetched; what is wrong within it never raises.
        """
        given_up = threading.Event()
        try:
            return await asyncio.to_thread(analyse, request, given_up.is_set)
        finally:
            # A thread cannot be cancelled: whoever stops waiting tells it to stop reading.
            given_up.set()
