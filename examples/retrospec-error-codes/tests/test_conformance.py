"""The suite that every clustering strategy must pass."""

import pytest
from retrospec.plugin import ClusteringStrategy
from retrospec.plugin.testing.clustering import ClusteringSuite

from retrospec_error_codes import ErrorCodesSettings, ErrorCodesStrategy


def made() -> ClusteringStrategy:
    return ErrorCodesStrategy(ErrorCodesSettings(components={"checkout": ("/cart*", "/checkout*")}))


class TestErrorCodes(ClusteringSuite):
    @pytest.fixture
    def strategy(self) -> ClusteringStrategy:
        return made()

    @pytest.fixture
    def another(self) -> ClusteringStrategy:
        return made()
