"""Each analyzer that comes with Retrospec passes the suite that is shipped to plugin authors."""

import pytest

from retrospec.plugin.testing.analysis import AnalyzerSuite
from retrospec_plugins.analysis_heuristic import Heuristic


class TestHeuristic(AnalyzerSuite):
    @pytest.fixture
    def analyzer(self) -> Heuristic:
        return Heuristic()
