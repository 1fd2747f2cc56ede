"""What the webhook sink does beyond the suite of its family: the wire shape, signatures, pauses and limits."""

import logging
import socket
import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
from pydantic import ValidationError
from standardwebhooks import Webhook, WebhookVerificationError

from retrospec.plugin import NotDelivered, Receipt, RetryAfter, SinkGone
from retrospec.plugin.testing.alerts import make_alert, make_digest
from retrospec.plugin.testing.receiver import Answer, Receiver
from retrospec_plugins.alert_webhook import WebhookSettings, WebhookSink

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NEXT_SECRET = "whsec_bmV4dCBzZWNyZXQ"


def webhook(url: str, **settings: Any) -> WebhookSink:
    return WebhookSink(WebhookSettings.model_validate({"url": url, **settings}))


async def test_the_post_is_the_one_of_the_contract(receiver: Receiver) -> None:
    async with webhook(receiver.url + "/hook?x=1", auth_header="Bearer abc") as sink:
        await sink.send(make_alert(assignee="ada"))

    [post] = receiver.requests
    assert (post.method, post.target) == ("POST", "/hook?x=1")
    assert post.headers["content-type"] == "application/json"
    assert post.headers["authorization"] == "Bearer abc"
    assert post.json() == {
        "event": "issue_cluster_promoted",
        "trigger": "ingest_auto_promote",
        "sentAt": "2026-11-22T10:30:01Z",
        "projectId": "proj_default",
        "cluster": {
            "key": "api_error:0123456789abcdef",
            "symptom": "POST /api/orders answered 500",
            "sessionCount": 3,
            "userCount": 2,
            "confidence": 0.75,
            "lastSeenAt": "2026-11-22T10:30:00.250000Z",
            "representativeSessionId": "sess-7",
            "state": "open",
            "assignee": "ada",
        },
    }


async def test_links_and_what_a_digest_holds_stand_beside_the_fields_of_the_contract(receiver: Receiver) -> None:
    linked = replace(make_alert(), issue_url="https://x.example/i?a=1&b=2", replay_url="https://x.example/r")
    async with webhook(receiver.url) as sink:
        await sink.send(make_alert())
        await sink.send(linked)
        await sink.send(make_digest(held_back=37, symptoms=["first", "second"]))

    plain, with_links, digest = [post.json() for post in receiver.requests]
    assert with_links == {**plain, "issueUrl": "https://x.example/i?a=1&b=2", "replayUrl": "https://x.example/r"}
    assert set(digest) - set(plain) == {"digest"}
    assert (digest["event"], digest["cluster"]) == ("issue_alerts_held_back", digest["digest"]["clusters"][0])
    assert {**digest["digest"], "clusters": [cluster["symptom"] for cluster in digest["digest"]["clusters"]]} == {
        "heldBack": 37,
        "since": "2026-11-22T09:30:01Z",
        "until": "2026-11-22T10:30:01Z",
        "clusters": ["first", "second"],
    }


async def test_times_of_another_zone_are_told_in_utc(receiver: Receiver) -> None:
    seen = datetime(2026, 11, 22, 1, 0, tzinfo=timezone(timedelta(hours=2)))
    async with webhook(receiver.url) as sink:
        await sink.send(make_alert(last_seen_at=seen))

    assert receiver.requests[0].json()["cluster"]["lastSeenAt"] == "2026-11-21T23:00:00Z"


async def test_a_receiver_can_verify_the_signature_with_the_secret_and_only_with_it(receiver: Receiver) -> None:
    async with webhook(receiver.url, secret=SECRET) as sink:
        await sink.send(make_alert("alr_9", symptom="é ✓"))

    [post] = receiver.requests
    assert post.headers["webhook-id"] == "alr_9"
    Webhook(SECRET).verify(post.body, dict(post.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_b3RoZXI=").verify(post.body, dict(post.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(post.body.replace(b"0.75", b"0.99"), dict(post.headers))


async def test_while_a_secret_is_replaced_receivers_with_either_one_can_verify(receiver: Receiver) -> None:
    async with webhook(receiver.url, secret=NEXT_SECRET, previous_secret=SECRET) as sink:
        await sink.send(make_alert())

    [post] = receiver.requests
    assert [len(signature) for signature in post.headers["webhook-signature"].split(" ")] == [47, 47]
    for known in (SECRET, NEXT_SECRET):
        Webhook(known).verify(post.body, dict(post.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_b3RoZXI=").verify(post.body, dict(post.headers))


async def test_without_secret_and_header_there_is_an_id_and_a_time_but_no_signature(receiver: Receiver) -> None:
    async with webhook(receiver.url, auth_header="", secret="") as sink:
        await sink.send(make_alert("alr_9"))

    headers = receiver.requests[0].headers
    assert headers["webhook-id"] == "alr_9"
    assert abs(int(headers["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 60
    assert not {"webhook-signature", "authorization"} & set(headers)


async def test_the_header_goes_before_a_password_in_the_address(receiver: Receiver) -> None:
    with_password = receiver.url.replace("//", "//user:pass@")
    async with webhook(with_password) as basic, webhook(with_password, auth_header="Bearer abc") as bearer:
        await basic.send(make_alert())
        await bearer.send(make_alert())

    assert [post.headers["authorization"] for post in receiver.requests] == ["Basic dXNlcjpwYXNz", "Bearer abc"]


async def test_one_connection_serves_many_alerts_refused_ones_too(receiver: Receiver) -> None:
    receiver.answer(Answer(body=b"thanks"), Answer(500, body=b"no"), Answer())
    async with webhook(receiver.url) as sink:
        await sink.send(make_alert())
        with pytest.raises(NotDelivered):
            await sink.send(make_alert())
        await sink.send(make_alert())

    assert receiver.connections == 1


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [("0", 0), ("30", 30), ("86400", 86_400), ("9999999", 86_400), ("9" * 5000, 86_400)],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_a_pause_asked_for_in_seconds_is_kept_up_to_a_day(
    receiver: Receiver, status: int, retry_after: str, seconds: float
) -> None:
    receiver.otherwise = Answer(status, {"Retry-After": retry_after})
    async with webhook(receiver.url) as sink:
        with pytest.raises(RetryAfter, match=f"answered {status}") as pause:
            await sink.send(make_alert())

    assert pause.value.seconds == seconds


@pytest.mark.parametrize(("minutes", "least", "most"), [(10, 590, 600), (-10, 0, 0), (60 * 24 * 400, 86_400, 86_400)])
async def test_a_pause_asked_for_as_a_date_is_kept_up_to_a_day(
    receiver: Receiver, minutes: int, least: float, most: float
) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(minutes=minutes), usegmt=True)
    receiver.otherwise = Answer(503, {"Retry-After": date})
    async with webhook(receiver.url) as sink:
        with pytest.raises(RetryAfter) as pause:
            await sink.send(make_alert())

    assert least <= pause.value.seconds <= most


@pytest.mark.parametrize("retry_after", ["", "-5", "soon", "1.5", "inf", "١٢", "Wed, 99 Foo 2026 99:99:99 GMT"])
async def test_a_pause_that_cannot_be_read_is_none(receiver: Receiver, retry_after: str) -> None:
    receiver.otherwise = Answer(429, {"Retry-After": retry_after})
    async with webhook(receiver.url) as sink:
        with pytest.raises(NotDelivered, match=r"^the receiver answered 429$"):
            await sink.send(make_alert())


async def test_what_the_receiver_said_is_told_without_what_it_was_sent(receiver: Receiver) -> None:
    receiver.answer(
        Answer(200, echo=True),
        Answer(404, body=b"no hook in-the-path for in%2Dthe-path, see /api/in-the-path?key=in-the-query"),
        Answer(200, body=b"x" * 495 + b"in-the-header"),
        Answer(200, {"Content-Encoding": "gzip"}, body=b"\x1f\x8b in-the-path"),
    )
    url = receiver.url.replace("//", "//in-the-user:in-the-password@") + "/api/in-the-path?key=in-the-query"
    secrets = [
        "in-the-path",
        "in-the-query",
        "in-the-header",
        "in-the-password",
        "aW4tdGhlLXVzZXI6aW4tdGhlLXBhc3N3b3Jk",
    ]
    async with webhook(url) as basic, webhook(url, auth_header="Bearer in-the-header") as bearer:
        echoed = await basic.send(make_alert(symptom="told"))
        with pytest.raises(NotDelivered) as refused:
            await basic.send(make_alert())
        cut = await bearer.send(make_alert())
        compressed = await bearer.send(make_alert())

    assert echoed.answer.startswith("POST *** host: 127.0.0.1")
    assert "authorization: Basic ***" in echoed.answer
    assert refused.value.answer == "no hook *** for in%2Dthe-path, see ***"
    assert cut.answer == "x" * 495 + "***"
    assert compressed == Receipt(200, "")
    told = [echoed.answer, refused.value.answer, cut.answer]
    assert [(secret, text) for secret in secrets for text in told if secret in text] == []


async def test_a_secret_of_which_only_half_was_read_is_not_told(receiver: Receiver) -> None:
    beginning = b"x" * 80 + b"in-the-header "
    receiver.otherwise = Answer(200, body=beginning * 44 + b"in-the-header-and-so-on" * 20)
    async with webhook(receiver.url, auth_header="Bearer in-the-header") as sink:
        receipt = await sink.send(make_alert())

    assert "in-the" not in receipt.answer


async def test_a_receiver_that_is_gone_for_good_is_told_even_if_it_names_a_pause(receiver: Receiver) -> None:
    receiver.otherwise = Answer(410, {"Retry-After": "5"}, body=b"no longer")
    async with webhook(receiver.url) as sink:
        with pytest.raises(SinkGone, match="answered 410") as gone:
            await sink.send(make_alert())

    assert (gone.value.status, gone.value.answer) == (410, "no longer")


async def test_the_certificate_is_checked_against_those_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    async with Receiver(tls=context) as receiver:
        async with webhook(receiver.url) as sink:
            with pytest.raises(NotDelivered, match="certificate is not trusted"):
                await sink.send(make_alert())
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        async with webhook(receiver.url) as sink:
            assert await sink.send(make_alert()) == Receipt(200, "")

    assert len(receiver.requests) == 1


async def test_a_redirect_is_an_error_that_says_so(receiver: Receiver) -> None:
    receiver.otherwise = Answer(302, {"Location": "/elsewhere"})
    async with webhook(receiver.url) as sink:
        with pytest.raises(NotDelivered, match="answered 302, and redirects are not followed"):
            await sink.send(make_alert())

    assert len(receiver.requests) == 1


async def test_a_receiver_that_does_not_answer_is_given_up_after_the_timeout(receiver: Receiver) -> None:
    receiver.otherwise = Answer(delay_seconds=60)
    async with webhook(receiver.url, timeout_seconds=0.2) as sink:
        with pytest.raises(NotDelivered, match=r"no answer within 0\.2 s"):
            await sink.send(make_alert())


async def test_a_receiver_that_drips_its_head_is_given_up_after_the_timeout(receiver: Receiver) -> None:
    receiver.otherwise = Answer(drips=True, pause_seconds=0.05)
    async with webhook(receiver.url, timeout_seconds=0.3) as sink:
        with pytest.raises(NotDelivered):
            await sink.send(make_alert())


async def test_an_answer_whose_body_hangs_is_delivered_all_the_same(receiver: Receiver) -> None:
    receiver.otherwise = Answer(200, {"Content-Length": "100"}, endless=True, body=b"x" * 10, pause_seconds=60)
    async with webhook(receiver.url, timeout_seconds=0.3) as sink:
        await sink.send(make_alert())

    assert len(receiver.requests) == 1


async def test_cookies_of_a_receiver_are_not_kept(receiver: Receiver) -> None:
    receiver.otherwise = Answer(200, {"Set-Cookie": "seen=1"})
    async with webhook(receiver.url) as sink:
        await sink.send(make_alert())
        await sink.send(make_alert())

    assert "cookie" not in receiver.requests[1].headers


async def test_a_receiver_that_is_not_there_is_told_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with webhook(f"http://127.0.0.1:{port}/secret") as sink:
        with pytest.raises(NotDelivered, match=r"^no answer: the receiver refuses connections$"):
            await sink.send(make_alert())


async def test_requests_of_others_are_still_logged_and_ours_once_it_is_closed(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    http_log = logging.getLogger("httpx")
    with caplog.at_level(logging.INFO):
        async with webhook(receiver.url + "/hidden") as sink:
            await sink.send(make_alert())
            http_log.info("POST %s", "https://elsewhere.example")
        http_log.info("POST %s", receiver.url + "/hidden")

    assert [record.getMessage() for record in caplog.records if record.name == "httpx"] == [
        "POST https://elsewhere.example",
        f"POST {receiver.url}/hidden",
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "ftp://host.example/in-the-input"),
        ("url", "in-the-input"),
        ("url", "http:///in-the-input"),
        ("url", "http://host.example:in-the-input"),
        ("url", "https://host.example/\nin-the-input"),
        ("auth_header", "Bearer in-the-input\r\nX: y"),
        ("auth_header", "Bearer in-the-input é"),
        ("secret", "in-the-input"),
        ("secret", "whsec_"),
        ("secret", "whsec_in-the-input!"),
        ("timeout_seconds", 0),
        ("timeout_seconds", 301),
        ("retries", 3),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_and_not_shown(field: str, value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        WebhookSettings.model_validate({"url": "https://host.example", field: value})

    assert field in str(refused.value)
    assert "in-the-input" not in str(refused.value)


def test_settings_do_not_show_their_secrets() -> None:
    settings = WebhookSettings.model_validate(
        {"url": "https://host.example/in-the-path", "auth_header": "in-the-header", "secret": SECRET}
    )

    shown = repr(settings) + str(settings) + settings.model_dump_json()
    assert [text for text in ("in-the-path", "in-the-header", SECRET) if text in shown] == []
