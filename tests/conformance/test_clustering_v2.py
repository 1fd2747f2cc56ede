"""Version 2 of the fingerprint passes the suite that is shipped to plugin authors."""

import pytest

from retrospec.plugin.testing.clustering import ClusteringSuite
from retrospec_plugins.cluster_fingerprint_v2 import Fingerprint2


class TestFingerprint2(ClusteringSuite):
    @pytest.fixture
    def strategy(self) -> Fingerprint2:
        return Fingerprint2()
