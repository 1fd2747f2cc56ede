"""What every alert sink must do."""

import asyncio
import logging
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar, TypeVar

import pytest
import pytest_asyncio
from pydantic import BaseModel

from retrospec.plugin import (
    Alert,
    AlertCluster,
    AlertDigest,
    AlertSink,
    Network,
    NotDelivered,
    Receipt,
    RetryAfter,
    SinkGone,
)
from retrospec.plugin.testing.receiver import Answer, Receiver

Arrivals = Callable[[], list[str]]
Sink = TypeVar("Sink", bound=AlertSink)
ISSUE_URL = "https://retrospec.example/issues/api_error%3A0123456789abcdef"
REPLAY_URL = "https://retrospec.example/sessions/sess-7"
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


def make_digest(id: str = "alr_1", held_back: int = 37, symptoms: Sequence[str] = ("first", "second")) -> Alert:  # noqa: A002
    """A digest to send.

    Args:
        id: Its id.
        held_back: How many alerts it stands for.
        symptoms: Those of its top issues.
    """
    alert = make_alert(id)
    until = alert.sent_at
    top = [replace(alert.cluster, symptom=symptom, session_count=90 - n) for n, symptom in enumerate(symptoms)]
    digest = AlertDigest(held_back, until.replace(hour=9), until, top)
    return replace(alert, event="issue_alerts_held_back", trigger="storm_digest", cluster=digest.top[0], digest=digest)


async def send(sink: AlertSink, alert: Alert) -> Receipt | None:
    """Deliver an alert, or fail when that takes for ever."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await sink.send(alert)


@asynccontextmanager
async def opened(sink: Sink, network: Network) -> AsyncIterator[Sink]:
    """Open a sink as the server does.

    Args:
        sink: Not open yet.
        network: How it may reach others.
    """
    sink.network = network
    async with sink:
        yield sink


@pytest.mark.asyncio
class AlertSinkSuite:
    """Inherit from this and override `sink`, with a sink that is open and sends to `receiver`.

    ```python
    class TestPager(AlertSinkSuite):
        secrets = ["token-of-the-test"]

        @pytest.fixture
        def settings(self, receiver):
            return PagerSettings(url=receiver.url, token="token-of-the-test")

        @pytest.fixture
        async def sink(self, settings, network):
            async with opened(Pager(settings), network) as pager:
                yield pager
    ```

    A sink that speaks something else than HTTP says `speaks_http = False` and overrides `arrivals`. Of a sink that is
    `guarded` the suite wants to see that it does as `network` says.

    Attributes:
        speaks_http: Whether it sends to `receiver`; the tests of what a receiver answers need that.
        carries_id: Whether what arrives holds the alert's id, so that a receiver can tell a repetition.
        tells_links: Whether what arrives holds the addresses of the issue and of the replay.
        tells_digests: Whether what arrives of a digest says how many alerts were held back, and the issues.
        gives_receipts: Whether it tells the status and the beginning of the answer, of refusals too.
        heeds_retry_after: Whether a `Retry-After` becomes `RetryAfter`.
        knows_gone: Whether a 410 becomes `SinkGone`.
        notices_cut_answers: Whether an answer that breaks off in its head is none to it, even after a good status.
        reads_whole_answers: Whether an answer without end holds it up until the server's limit; better not.
        secrets: Texts of its settings that must never be in an error or in the log.
    """

    speaks_http: ClassVar[bool] = True
    carries_id: ClassVar[bool] = True
    tells_links: ClassVar[bool] = False
    tells_digests: ClassVar[bool] = False
    gives_receipts: ClassVar[bool] = False
    heeds_retry_after: ClassVar[bool] = False
    knows_gone: ClassVar[bool] = False
    notices_cut_answers: ClassVar[bool] = True
    reads_whole_answers: ClassVar[bool] = False
    secrets: ClassVar[Sequence[str]] = ()

    @pytest_asyncio.fixture
    async def receiver(self, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Receiver]:
        """Give a running receiver."""
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.setenv(name, "127.0.0.1")
        async with Receiver() as receiver:
            yield receiver

    @pytest.fixture
    def network(self) -> Network:
        """Tells how the sink may reach others."""
        return Network()

    @pytest.fixture
    def settings(self) -> BaseModel | None:
        """Give the settings of the sink, for the test that they keep their secrets; None for none."""
        return None

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

    async def test_what_it_returns_is_a_receipt_or_nothing(self, sink: AlertSink) -> None:
        receipt: object = await send(sink, make_alert())

        assert receipt is None or isinstance(receipt, Receipt)

    async def test_links_arrive_where_there_are_any(self, sink: AlertSink, arrivals: Arrivals) -> None:
        self._needs("tells_links")
        await send(sink, make_alert())
        await send(sink, replace(make_alert(), issue_url=ISSUE_URL, replay_url=REPLAY_URL))

        without, with_links = arrivals()
        assert "retrospec.example" not in without
        assert ISSUE_URL in with_links
        assert REPLAY_URL in with_links

    async def test_a_digest_arrives_once_and_names_the_issues(self, sink: AlertSink, arrivals: Arrivals) -> None:
        symptoms = [f"symptom {number:02} of ten" for number in range(10)]

        await send(sink, make_digest(held_back=4711, symptoms=symptoms))

        [digest] = arrivals()
        self._needs("tells_digests")
        assert "4711" in digest
        assert [symptom for symptom in symptoms if symptom not in digest] == []

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
        receiver.otherwise = Answer(200 if self.notices_cut_answers else 500, close_early=True)

        with pytest.raises(Exception):  # noqa: B017, PT011 - the family allows any
            await send(sink, make_alert())

    @pytest.mark.parametrize("body", [b"more ", b"m" * 60_000])
    async def test_an_answer_without_end_holds_nothing_up(
        self, sink: AlertSink, receiver: Receiver, body: bytes
    ) -> None:
        self._needs_http()
        if self.reads_whole_answers:
            pytest.skip("the sink declares reads_whole_answers = True")
        receiver.answer(Answer(200, body=body, endless=True), Answer(500, body=body, endless=True))

        await send(sink, make_alert())
        with pytest.raises(Exception):  # noqa: B017, PT011 - the family allows any
            await send(sink, make_alert())

    async def test_another_attempt_carries_the_same_id(
        self, sink: AlertSink, receiver: Receiver, arrivals: Arrivals
    ) -> None:
        self._needs_http()
        self._needs("carries_id")
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
                told = repr(await send(sink, make_alert()))
            except Exception as error:
                told = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))

        seen = told + caplog.text + repr(sink)
        assert [secret for secret in self.secrets if secret in seen] == []

    async def test_settings_keep_their_secrets(self, settings: BaseModel | None) -> None:
        if settings is None:
            pytest.skip("the suite is given no settings")
        shown = repr(settings) + str(settings) + settings.model_dump_json()

        assert [secret for secret in self.secrets if secret in shown] == []

    async def test_the_receipt_tells_what_the_receiver_said(self, sink: AlertSink, receiver: Receiver) -> None:
        self._needs("gives_receipts")
        long = b"x" * 1000
        receiver.answer(Answer(202, body=b"queued\x00\r\nas 7 " + long), Answer(500, body=b"no \xff disk " + long))

        receipt = await send(sink, make_alert())
        with pytest.raises(NotDelivered) as refused:
            await send(sink, make_alert())

        assert receipt is not None
        assert receipt.status == 202
        assert receipt.answer.startswith("queued as 7 xxx")
        assert refused.value.status == 500
        assert refused.value.answer.startswith("no \ufffd disk xxx")
        # Without what a database refuses, or a log would take for a line of its own.
        assert (receipt.answer + refused.value.answer).isprintable()
        assert max(len(receipt.answer), len(refused.value.answer)) <= 500

    async def test_a_pause_that_is_asked_for_is_told(self, sink: AlertSink, receiver: Receiver) -> None:
        self._needs("heeds_retry_after")
        receiver.answer(*(Answer(status, {"Retry-After": "30"}) for status in (429, 503)))

        for status in (429, 503):
            with pytest.raises(RetryAfter) as pause:
                await send(sink, make_alert())
            assert (pause.value.seconds, pause.value.status) == (30, status)

    async def test_a_receiver_that_is_gone_for_good_is_told(self, sink: AlertSink, receiver: Receiver) -> None:
        self._needs("knows_gone")
        receiver.otherwise = Answer(410, {"Retry-After": "30"}, body=b"gone")

        with pytest.raises(SinkGone) as gone:
            await send(sink, make_alert())

        assert gone.value.status == 410

    @pytest.mark.parametrize("network", [Network(allow_private=False)], ids=["no private networks"])
    async def test_a_guarded_sink_reaches_nothing_private(
        self, sink: AlertSink, network: Network, receiver: Receiver, arrivals: Arrivals
    ) -> None:
        if not sink.guarded:
            pytest.skip("the sink declares guarded = False")
        assert sink.network == network, "the fixture `sink` must set `sink.network` to the fixture `network`"

        with pytest.raises(Exception):  # noqa: B017, PT011 - the family allows any
            await send(sink, make_alert())

        assert receiver.connections == 0
        assert arrivals() == []

    def _needs(self, capability: str) -> None:
        if not getattr(self, capability):
            pytest.skip(f"the sink declares {capability} = False")

    def _needs_http(self) -> None:
        self._needs("speaks_http")
