"""Each clustering strategy that comes with Retrospec passes the suite that is shipped to plugin authors."""

from hashlib import sha256

import pytest

from retrospec.plugin import ClusteringStrategy
from retrospec.plugin.testing.clustering import ORDINARY, ClusteringSuite
from retrospec_plugins.cluster_fingerprint import Fingerprint
from retrospec_plugins.cluster_fingerprint1 import Fingerprint1
from retrospec_plugins.cluster_template import TemplateStrategy


@pytest.mark.parametrize("made", [Fingerprint, Fingerprint1, TemplateStrategy])
def test_a_strategy_that_comes_with_retrospec_tells_the_text_that_is_hashed(made: type[ClusteringStrategy]) -> None:
    for marker in ORDINARY:
        told = made().explain(marker)
        assert told.key == f"{marker.kind}:{sha256(told.text.encode()).hexdigest()[:16]}"


class TestFingerprint(ClusteringSuite):
    @pytest.fixture
    def strategy(self) -> Fingerprint:
        return Fingerprint()


class TestFingerprint1(ClusteringSuite):
    @pytest.fixture
    def strategy(self) -> Fingerprint1:
        return Fingerprint1()
