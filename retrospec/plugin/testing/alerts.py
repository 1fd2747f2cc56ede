"""What every alert sink must do."""

import asyncio
import logging
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
import pytest_asyncio

from retrospec.plugin import Alert, AlertCluster, AlertSink
from retrospec.plugin.testing.receiver import Answer, Receiver

Arrivals = Callable[[], list[str]]
# Longer than any delivery in these tests takes; a sink that hangs fails instead of stopping the run.
PATIENCE_SECONDS = 20


def make_alert(id: str = "alr_1", **of_cluster: Any) -> Alert:  # noqa: A002 - the field's name
    """An alert to send.

    Args:
        id: Its id.
        of_cluster: Fields of its cluster that are to differ.
    """
    cluster: dict[str, Any] = {
        "key": "api_error:0123456789abcdef",
        "symptom": "POST /api/orders answered 500",
        "session_count": 3,
        "user_count": 2,
        "confidence": 0.75,
        "last_seen_at": datetime(2026, 11, 22, 10, 30, 0, 250_000, tzinfo=UTC),
        "representative_session_id": "sess-7",
        "state": "open",
        "assignee": "",
    }
    return Alert(
        id=id,
        event="issue_cluster_promoted",
        trigger="ingest_auto_promote",
        sent_at=datetime(2026, 11, 22, 10, 30, 1, tzinfo=UTC),
        project_id="proj_default",
        cluster=AlertCluster(**{**cluster, **of_cluster}),
    )


async def send(sink: AlertSink, alert: Alert) -> None:
    """Deliver an alert, or fail when that takes for ever."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        await sink.send(alert)


@pytest.mark.asyncio
class AlertSinkSuite:
    """Inherit from this and override `sink`, with a sink that is open and sends to `receiver`.

    ```python
    class TestPager(AlertSinkSuite):
        secrets = ["token-of-the-test"]

        @pytest.fixture
        async def sink(self, receiver):
            async with Pager(PagerSettings(url=receiver.url, token="token-of-the-test")) as pager:
                yield pager
    ```

    A sink that speaks something else than HTTP says `speaks_http = False` and overrides `arrivals`.

    Attributes:
        speaks_http: Whether it sends to `receiver`; the tests of what a receiver answers need that.
        carries_id: Whether what arrives holds the alert's id, so that a receiver can tell a repetition.
        secrets: Texts of its settings that must never be in an error or in the log.
    """

    speaks_http: ClassVar[bool] = True
    carries_id: ClassVar[bool] = True
    secrets: ClassVar[Sequence[str]] = ()

    @pytest_asyncio.fixture
    async def receiver(self, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Receiver]:
        """Give a running receiver."""
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.setenv(name, "127.0.0.1")
        async with Receiver() as receiver:
            yield receiver

    @pytest.fixture
    def sink(self, receiver: Receiver) -> AlertSink:
        """Give the sink under test, open, delivering to the receiver."""
        raise NotImplementedError("override the fixture `sink` with an open sink that sends to `receiver`")

    @pytest.fixture
    def arrivals(self, receiver: Receiver) -> Arrivals:
        """Tells everything that has arrived, one text for each alert."""
        return lambda: [request.text for request in receiver.requests]

    async def test_an_alert_arrives_and_says_what_happened(self, sink: AlertSink, arrivals: Arrivals) -> None:
        await send(sink, make_alert(symptom="The pay button does nothing"))

        assert len(arrivals()) == 1
        assert "The pay button does nothing" in arrivals()[0]

    async def test_alerts_sent_at_once_arrive_once_each(self, sink: AlertSink, arrivals: Arrivals) -> None:
        symptoms = [f"symptom {number:02} of many" for number in range(20)]

        await asyncio.gather(
            *(send(sink, make_alert(f"alr_{number}", symptom=symptom)) for number, symptom in enumerate(symptoms))
        )

        found = Counter(symptom for text in arrivals() for symptom in symptoms if symptom in text)
        assert found == dict.fromkeys(symptoms, 1)

    @pytest.mark.parametrize("symptom", ["", 'quotes " and \\ and <b>', "two\nlines\r\n", "é ✓ 👩‍🔧", "x" * 500])
    async def test_any_symptom_is_delivered(self, sink: AlertSink, arrivals: Arrivals, symptom: str) -> None:
        await send(sink, make_alert(symptom=symptom, assignee=symptom))

        assert len(arrivals()) == 1

    async def test_it_goes_on_after_a_cancelled_delivery(
        self, sink: AlertSink, receiver: Receiver, arrivals: Arrivals
    ) -> None:
        receiver.answer(Answer(delay_seconds=60))
        given_up = asyncio.create_task(sink.send(make_alert("alr_1")))
        await receiver.until(1) if self.speaks_http else await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
        before = len(arrivals())

        await send(sink, make_alert("alr_2"))

        assert len(arrivals()) == before + 1

    async def test_it_says_that_it_works(self, sink: AlertSink) -> None:
        assert await sink.check()

    @pytest.mark.parametrize("status", [200, 201, 202, 204])
    async def test_a_receiver_that_takes_it_has_it(self, sink: AlertSink, receiver: Receiver, status: int) -> None:
        self._needs_http()
        receiver.otherwise = Answer(status, body=b"" if status == 204 else b"ok")

        await send(sink, make_alert())

        assert len(receiver.requests) == 1

    @pytest.mark.parametrize("status", [301, 302, 304, 307, 400, 401, 403, 404, 410, 429, 500, 503])
    async def test_a_receiver_that_does_not_take_it_is_an_error(
        self, sink: AlertSink, receiver: Receiver, status: int
    ) -> None:
        self._needs_http()
        receiver.otherwise = Answer(status, body=b"" if status == 304 else b"no")

        with pytest.raises(Exception):  # noqa: B017, PT011 - the family allows any
            await send(sink, make_alert())

    async def test_a_redirect_takes_the_alert_nowhere_else(self, sink: AlertSink, receiver: Receiver) -> None:
        self._needs_http()
        async with Receiver() as elsewhere:
            receiver.otherwise = Answer(307, {"Location": elsewhere.url})

            with pytest.raises(Exception):  # noqa: B017, PT011 - the family allows any
                await send(sink, make_alert())

            assert elsewhere.requests == []

    async def test_a_receiver_that_hangs_up_is_an_error(self, sink: AlertSink, receiver: Receiver) -> None:
        self._needs_http()
        receiver.otherwise = Answer(close_early=True)

        with pytest.raises(Exception):  # noqa: B017, PT011 - the family allows any
            await send(sink, make_alert())

    @pytest.mark.parametrize("body", [b"more ", b"m" * 60_000])
    async def test_an_answer_without_end_holds_nothing_up(
        self, sink: AlertSink, receiver: Receiver, body: bytes
    ) -> None:
        self._needs_http()
        receiver.answer(Answer(200, body=body, endless=True), Answer(500, body=body, endless=True))

        await send(sink, make_alert())
        with pytest.raises(Exception):  # noqa: B017, PT011 - the family allows any
            await send(sink, make_alert())

    async def test_another_attempt_carries_the_same_id(
        self, sink: AlertSink, receiver: Receiver, arrivals: Arrivals
    ) -> None:
        self._needs_http()
        if not self.carries_id:
            pytest.skip("the sink declares carries_id = False")
        receiver.answer(Answer(500))
        with pytest.raises(Exception):  # noqa: B017, PT011 - the family allows any
            await send(sink, make_alert("alr_0f3e"))

        await send(sink, make_alert("alr_0f3e"))

        assert ["alr_0f3e" in text for text in arrivals()] == [True, True]

    @pytest.mark.parametrize(
        "answer",
        [
            Answer(200),
            Answer(200, echo=True),
            Answer(401, echo=True),
            Answer(500, echo=True),
            Answer(302, {"Location": "/elsewhere"}),
            Answer(429, {"Retry-After": "30"}),
            Answer(close_early=True),
        ],
    )
    async def test_no_secret_is_in_an_error_or_in_the_log(
        self, sink: AlertSink, receiver: Receiver, caplog: pytest.LogCaptureFixture, answer: Answer
    ) -> None:
        self._needs_http()
        receiver.otherwise = answer
        told = ""
        with caplog.at_level(logging.DEBUG):
            try:
                await send(sink, make_alert())
            except Exception as error:
                told = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))

        seen = told + caplog.text + repr(sink)
        assert [secret for secret in self.secrets if secret in seen] == []

    def _needs_http(self) -> None:
        if not self.speaks_http:
            pytest.skip("the sink declares speaks_http = False")
