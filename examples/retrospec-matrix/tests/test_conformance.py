"""The suite that every alert sink must pass, against a real HTTP receiver that refuses, drips and hangs up."""

from collections.abc import AsyncIterator

import pytest
from retrospec.plugin import AlertSink
from retrospec.plugin.testing.alerts import AlertSinkSuite
from retrospec.plugin.testing.receiver import Receiver

from retrospec_matrix import MatrixSettings, MatrixSink


class TestMatrixSink(AlertSinkSuite):
    secrets = ("token-of-the-test",)

    @pytest.fixture
    async def sink(self, receiver: Receiver) -> AsyncIterator[AlertSink]:
        settings = {"homeserver": receiver.url, "room": "!ops:example.org", "access_token": self.secrets[0]}
        async with MatrixSink(MatrixSettings.model_validate(settings)) as sink:
            yield sink
