"""Each analyzer that comes with Retrospec passes the suite that is shipped to plugin authors."""

from collections.abc import AsyncIterator

import pytest

from retrospec.plugin.testing.analysis import AnalyzerSuite
from retrospec.plugin.testing.receiver import Answer, Receiver
from retrospec_plugins.analysis_heuristic import Heuristic
from retrospec_plugins.analysis_http import HttpAnalyzer
from retrospec_plugins.analysis_http.settings import HttpSettings
from tests.plugins.analysis_http import REPORT, chat


class TestHeuristic(AnalyzerSuite):
    @pytest.fixture
    def analyzer(self) -> Heuristic:
        return Heuristic()


class TestHttp(AnalyzerSuite):
    @pytest.fixture
    async def analyzer(self) -> AsyncIterator[HttpAnalyzer]:
        async with Receiver() as model:
            model.otherwise = Answer(body=REPORT)
            async with HttpAnalyzer(HttpSettings(url=model.url, fallback="none")) as analyzer:
                yield analyzer


class TestHttpOverAChatApi(AnalyzerSuite):
    @pytest.fixture
    async def analyzer(self) -> AsyncIterator[HttpAnalyzer]:
        async with Receiver() as model:
            model.otherwise = Answer(body=chat(REPORT.decode()))
            settings = HttpSettings(url=model.url, protocol="openai", model="small", fallback="none")
            async with HttpAnalyzer(settings) as analyzer:
                yield analyzer
