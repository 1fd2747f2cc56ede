"""Every alert sink that comes with Retrospec, through the suite that all must pass."""

from collections.abc import AsyncIterator

import pytest

from retrospec.plugin import AlertSink, Network
from retrospec.plugin.testing.alerts import AlertSinkSuite, Arrivals, opened
from retrospec.plugin.testing.receiver import Receiver
from retrospec_plugins.alert_apprise import AppriseSettings, AppriseSink
from retrospec_plugins.alert_email import EmailSettings, EmailSink
from retrospec_plugins.alert_log import LogSink
from retrospec_plugins.alert_slack import SlackSettings, SlackSink
from retrospec_plugins.alert_webhook import WebhookSettings, WebhookSink
from tests.mailserver import MailServer


class TestWebhookSink(AlertSinkSuite):
    tells_links = True
    tells_digests = True
    gives_receipts = True
    heeds_retry_after = True
    knows_gone = True
    secrets = (
        "/services/T0/B0/in-the-path",
        "in-the-path",
        "Bearer in-the-header",
        "in-the-header",
        "c2lnbmluZyBzZWNyZXQgb2YgdGhlIHRlc3Q",
        "dGhlIG9uZSBiZWZvcmUgaXQ",
    )

    @pytest.fixture
    def settings(self, receiver: Receiver) -> WebhookSettings:
        path, _, header, _, key, previous = self.secrets
        settings = {"url": receiver.url + path, "auth_header": header, "secret": f"whsec_{key}="}
        return WebhookSettings.model_validate({**settings, "previous_secret": f"whsec_{previous}"})

    @pytest.fixture
    async def sink(self, settings: WebhookSettings, network: Network) -> AsyncIterator[AlertSink]:
        async with opened(WebhookSink(settings), network) as sink:
            yield sink


class TestSlackSink(AlertSinkSuite):
    tells_links = True
    tells_digests = True
    carries_id = False
    gives_receipts = True
    heeds_retry_after = True
    knows_gone = True
    secrets = ("/services/T012/B012/in-the-path", "in-the-path")

    @pytest.fixture
    def settings(self, receiver: Receiver) -> SlackSettings:
        return SlackSettings.model_validate({"url": receiver.url + self.secrets[0]})

    @pytest.fixture
    async def sink(self, settings: SlackSettings, network: Network) -> AsyncIterator[AlertSink]:
        async with opened(SlackSink(settings), network) as sink:
            yield sink


class TestEmailSink(AlertSinkSuite):
    tells_links = True
    tells_digests = True
    speaks_http = False
    secrets = ("password-of-the-test",)

    @pytest.fixture
    async def server(self) -> AsyncIterator[MailServer]:
        async with MailServer() as server:
            yield server

    @pytest.fixture
    def settings(self, server: MailServer) -> EmailSettings:
        return server.settings()

    @pytest.fixture
    async def sink(self, settings: EmailSettings, network: Network) -> AsyncIterator[AlertSink]:
        async with opened(EmailSink(settings), network) as sink:
            yield sink

    @pytest.fixture
    def arrivals(self, server: MailServer) -> Arrivals:
        return lambda: [mail.text for mail in server.mails]


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
class TestAppriseSink(AlertSinkSuite):
    tells_links = True
    tells_digests = True
    carries_id = False
    notices_cut_answers = False
    reads_whole_answers = True
    secrets = ("password-of-the-test", "token-in-the-path")

    @pytest.fixture
    def settings(self, receiver: Receiver) -> AppriseSettings:
        password, token = self.secrets
        return AppriseSettings.model_validate({"urls": [f"json://ada:{password}@127.0.0.1:{receiver.port}/{token}"]})

    @pytest.fixture
    async def sink(self, settings: AppriseSettings, network: Network) -> AsyncIterator[AlertSink]:
        async with opened(AppriseSink(settings), network) as sink:
            yield sink


class TestLogSink(AlertSinkSuite):
    tells_links = True
    tells_digests = True
    speaks_http = False

    @pytest.fixture
    async def sink(self) -> AsyncIterator[AlertSink]:
        async with LogSink() as sink:
            yield sink

    @pytest.fixture
    def arrivals(self, caplog: pytest.LogCaptureFixture) -> Arrivals:
        return lambda: [record.getMessage() for record in caplog.records if record.name == "retrospec.alerts"]
