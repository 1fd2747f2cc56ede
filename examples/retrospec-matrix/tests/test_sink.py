"""How the sink speaks with a homeserver."""

import json
from collections.abc import AsyncIterator

import pytest
from pydantic import ValidationError
from retrospec.plugin import NotDelivered, Receipt, RetryAfter, SinkGone
from retrospec.plugin.testing.alerts import make_alert
from retrospec.plugin.testing.receiver import Answer, Receiver

from retrospec_matrix import MatrixSettings, MatrixSink

TOKEN = "syt_of_the_test"


def settings(receiver: Receiver, **more: object) -> MatrixSettings:
    given = {"homeserver": receiver.url, "room": "!ops/1:example.org", "access_token": TOKEN}
    return MatrixSettings.model_validate(given | more)


@pytest.fixture
async def sink(receiver: Receiver) -> AsyncIterator[MatrixSink]:
    async with MatrixSink(settings(receiver)) as sink:
        yield sink


def said(status: int, headers: dict[str, str] | None = None, **body: object) -> Answer:
    return Answer(status, headers or {}, json.dumps(body).encode())


async def test_the_alerts_id_is_the_transactions_so_that_a_homeserver_shows_it_once(
    sink: MatrixSink, receiver: Receiver
) -> None:
    receiver.answer(said(502), said(200, event_id="$abc"))
    with pytest.raises(NotDelivered, match="answered 502"):
        await sink.send(make_alert("alr_1"))

    receipt = await sink.send(make_alert("alr_1"))

    assert receipt == Receipt(200, '{"event_id": "$abc"}')
    path = "/_matrix/client/v3/rooms/%21ops%2F1%3Aexample.org/send/m.room.message/alr_1"
    assert [(one.method, one.target) for one in receiver.requests] == [("PUT", path)] * 2
    assert receiver.requests[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert receiver.requests[0].json()["msgtype"] == "m.text"


@pytest.mark.parametrize(
    ("answer", "pause"),
    [
        (said(429, errcode="M_LIMIT_EXCEEDED", retry_after_ms=2500), 2.5),
        (said(429, {"Retry-After": "7"}, errcode="M_LIMIT_EXCEEDED", retry_after_ms=2500), 7),
        (said(503, {"Retry-After": "120"}), 120),
    ],
)
async def test_a_homeserver_that_asks_for_patience_is_given_it(
    sink: MatrixSink, receiver: Receiver, answer: Answer, pause: float
) -> None:
    receiver.answer(answer)

    with pytest.raises(RetryAfter) as asked:
        await sink.send(make_alert())

    assert asked.value.seconds == pause


@pytest.mark.parametrize("wait", [None, "soon", -1, True, [], {}])
async def test_patience_that_is_no_time_is_none(sink: MatrixSink, receiver: Receiver, wait: object) -> None:
    receiver.answer(said(429, errcode="M_LIMIT_EXCEEDED", retry_after_ms=wait))

    with pytest.raises(NotDelivered, match="429 M_LIMIT_EXCEEDED") as refused:
        await sink.send(make_alert())

    assert not isinstance(refused.value, RetryAfter)


async def test_the_log_of_deliveries_hears_the_code_of_the_error_and_never_the_token(
    sink: MatrixSink, receiver: Receiver
) -> None:
    receiver.answer(said(403, errcode="M_FORBIDDEN", error=f"{TOKEN} is not in the room"))

    with pytest.raises(NotDelivered, match="the homeserver answered 403 M_FORBIDDEN") as refused:
        await sink.send(make_alert())

    assert refused.value.status == 403
    assert "[hidden] is not in the room" in refused.value.answer


async def test_an_account_that_is_gone_switches_the_sink_off(sink: MatrixSink, receiver: Receiver) -> None:
    receiver.answer(said(403, errcode="M_USER_DEACTIVATED"))

    with pytest.raises(SinkGone):
        await sink.send(make_alert())


async def test_users_are_called_once_it_has_happened_often_enough(receiver: Receiver) -> None:
    often = settings(receiver, mention=["@ada:example.org"], mention_from_sessions=10)
    async with MatrixSink(often) as sink:
        for sessions in (9, 10):
            await sink.send(make_alert(session_count=sessions))

    called = [one.json()["m.mentions"] for one in receiver.requests]
    assert called == [{}, {"user_ids": ["@ada:example.org"]}]


async def test_the_check_names_the_account_and_sends_nothing(sink: MatrixSink, receiver: Receiver) -> None:
    receiver.answer(said(200, user_id="@retrospec:example.org"), said(401, errcode="M_UNKNOWN_TOKEN"))

    assert await sink.check() == "speaks as @retrospec:example.org at 127.0.0.1"
    with pytest.raises(NotDelivered, match="M_UNKNOWN_TOKEN"):
        await sink.check()

    assert {one.method for one in receiver.requests} == {"GET"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("homeserver", "matrix.example.org"),
        ("room", "#ops:example.org"),
        ("room", "!"),
        ("access_token", ""),
        ("access_token", "two\nlines"),
        ("mention", ["ada"]),
        ("mention_from_sessions", 0),
        ("message_type", "m.image"),
        ("colour", "red"),
    ],
)
def test_settings_that_do_not_fit_name_the_field_and_no_value(receiver: Receiver, field: str, value: object) -> None:
    with pytest.raises(ValidationError) as mistake:
        settings(receiver, **{field: value})

    assert mistake.value.errors()[0]["loc"][0] == field
    assert TOKEN not in str(mistake.value)
