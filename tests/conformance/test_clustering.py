"""Each clustering strategy that comes with Retrospec passes the suite that is shipped to plugin authors."""

import pytest

from retrospec.plugin.testing.clustering import ClusteringSuite
from retrospec_plugins.cluster_fingerprint import Fingerprint
from retrospec_plugins.cluster_fingerprint1 import Fingerprint1


class TestFingerprint(ClusteringSuite):
    @pytest.fixture
    def strategy(self) -> Fingerprint:
        return Fingerprint()


class TestFingerprint1(ClusteringSuite):
    @pytest.fixture
    def strategy(self) -> Fingerprint1:
        return Fingerprint1()
