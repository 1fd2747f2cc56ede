"""Every alert sink that comes with Retrospec, through the suite that all must pass."""

from collections.abc import AsyncIterator

import pytest

from retrospec.plugin import AlertSink
from retrospec.plugin.testing.alerts import AlertSinkSuite, Arrivals
from retrospec.plugin.testing.receiver import Receiver
from retrospec_plugins.alert_log import LogSink
from retrospec_plugins.alert_webhook import WebhookSettings, WebhookSink


class TestWebhookSink(AlertSinkSuite):
    secrets = ("/services/T0/B0/in-the-path", "Bearer in-the-header", "c2lnbmluZyBzZWNyZXQgb2YgdGhlIHRlc3Q")

    @pytest.fixture
    async def sink(self, receiver: Receiver) -> AsyncIterator[AlertSink]:
        path, header, key = self.secrets
        settings = {"url": receiver.url + path, "auth_header": header, "secret": f"whsec_{key}="}
        async with WebhookSink(WebhookSettings.model_validate(settings)) as sink:
            yield sink


class TestLogSink(AlertSinkSuite):
    speaks_http = False

    @pytest.fixture
    async def sink(self) -> AsyncIterator[AlertSink]:
        async with LogSink() as sink:
            yield sink

    @pytest.fixture
    def arrivals(self, caplog: pytest.LogCaptureFixture) -> Arrivals:
        return lambda: [record.getMessage() for record in caplog.records if record.name == "retrospec.alerts"]
