"""Each clustering strategy that comes with Retrospec passes the suite that is shipped to plugin authors."""

import pytest

from retrospec.plugin.testing.clustering import ClusteringSuite
from retrospec_plugins.cluster_fingerprint import Fingerprint


class TestFingerprint(ClusteringSuite):
    @pytest.fixture
    def strategy(self) -> Fingerprint:
        return Fingerprint()
