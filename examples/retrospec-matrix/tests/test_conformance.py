"""The suite that every alert sink must pass, against a real HTTP receiver that refuses, drips and hangs up."""

from collections.abc import AsyncIterator

import pytest
from retrospec.plugin import AlertSink, Network
from retrospec.plugin.testing.alerts import AlertSinkSuite, opened
from retrospec.plugin.testing.receiver import Receiver

from retrospec_matrix import MatrixSettings, MatrixSink


class TestMatrixSink(AlertSinkSuite):
    # What this sink can do beside what all must; the tests of what a sink does not declare are skipped.
    tells_links = tells_digests = gives_receipts = heeds_retry_after = knows_gone = True
    secrets = ("token-of-the-test",)

    @pytest.fixture
    def settings(self, receiver: Receiver) -> MatrixSettings:
        given = {"homeserver": receiver.url, "room": "!ops:example.org", "access_token": self.secrets[0]}
        return MatrixSettings.model_validate(given)

    @pytest.fixture
    async def sink(self, settings: MatrixSettings, network: Network) -> AsyncIterator[AlertSink]:
        async with opened(MatrixSink(settings), network) as sink:
            yield sink
