"""How mails are handed over: over TLS or not at all, once to each, whatever the server does."""

import asyncio
import base64
import logging
import socket
import ssl
import traceback
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme

from retrospec.plugin import NotDelivered, Receipt, resolving
from retrospec.plugin.testing.alerts import make_alert
from retrospec_plugins.alert_email import EmailSettings, EmailSink
from tests.mailserver import MailServer

ADA, BO, CY = "ada@example.com", "bo@example.com", "cy@example.com"
NAME = "mail.example"


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A certificate for `mail.example`, of an authority that the environment trusts."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(NAME).configure_cert(context)
    return context


@pytest.fixture
def _names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every name leads to loopback, as the operator's own resolver may have it."""
    real = socket.getaddrinfo
    monkeypatch.setattr(resolving, "getaddrinfo", lambda _host, port, **how: real("127.0.0.1", port, **how))


def server_settings(port: int, **others: Any) -> EmailSettings:
    return MailServer(port=port).settings(**others)


@pytest.mark.parametrize("implicit", [False, True])
@pytest.mark.usefixtures("_names")
async def test_a_mail_goes_over_tls_after_a_log_in_and_the_certificate_is_of_the_name(
    certificate: ssl.SSLContext, implicit: bool
) -> None:
    security = "tls" if implicit else "starttls"
    login = {"username": "ada", "password": "password-of-the-test"}
    async with MailServer(tls=certificate, implicit=implicit, login=("ada", "password-of-the-test")) as server:
        settings = server.settings(host=f"{NAME}.", security=security, **login)
        async with EmailSink(settings) as sink:
            assert await sink.check() == f"writes by {NAME}.:{server.port}"
            assert await sink.send(make_alert()) == Receipt(250, "queued as 7")

    assert len(server.mails) == 1
    assert server.secured == [not implicit]  # Of TLS from the start aiosmtpd itself knows nothing.


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.usefixtures("_names")
async def test_a_certificate_of_another_name_or_authority_gets_no_mail(
    certificate: ssl.SSLContext, security: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with MailServer(tls=certificate, implicit=security == "tls") as server:
        async with EmailSink(server.settings(host="other.example", security=security)) as sink:
            with pytest.raises(NotDelivered, match="certificate is not trusted"):
                await sink.send(make_alert())
        monkeypatch.delenv("SSL_CERT_FILE")
        async with EmailSink(server.settings(host=NAME, security=security)) as sink:
            with pytest.raises(NotDelivered, match="certificate is not trusted"):
                await sink.send(make_alert())

    assert server.mails == []


async def test_a_server_without_starttls_gets_no_mail() -> None:
    async with MailServer() as server, EmailSink(server.settings(security="starttls")) as sink:
        with pytest.raises(NotDelivered, match="the server does not offer STARTTLS"):
            await sink.send(make_alert())

    assert server.mails == []


@pytest.mark.usefixtures("_names")
async def test_a_log_in_that_is_refused_is_told_without_the_password(
    certificate: ssl.SSLContext, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "password-of-the-test"
    async with MailServer(tls=certificate, login=("ada", "another")) as server:
        settings = server.settings(host=NAME, security="starttls", username="ada", password=secret)
        with caplog.at_level(logging.DEBUG):
            async with EmailSink(settings) as sink:
                with pytest.raises(NotDelivered, match="refused the log-in with 535") as refused:
                    await sink.send(make_alert())

    assert refused.value.status == 535
    shown = "".join(traceback.format_exception(refused.value)) + repr(sink) + repr(vars(refused.value))
    forms = [secret, base64.b64encode(secret.encode()).decode(), base64.b64encode(f"\0ada\0{secret}".encode()).decode()]
    assert [form for form in forms if form in shown + caplog.text.replace("DEBUG    mail", "")] == []


@pytest.mark.usefixtures("_names")
async def test_without_a_way_to_log_in_that_both_know_no_mail_is_sent(certificate: ssl.SSLContext) -> None:
    async with MailServer(tls=certificate, ways_off=("LOGIN", "PLAIN")) as server:
        settings = server.settings(host=NAME, security="starttls", username="ada", password="password-of-the-test")
        async with EmailSink(settings) as sink:
            with pytest.raises(NotDelivered, match=r"(?i)auth") as refused:
                await sink.send(make_alert())

    assert server.mails == []
    assert "password" not in str(refused.value)


async def test_the_envelope_has_bare_addresses_and_the_greeting_no_name_of_ours() -> None:
    async with MailServer() as server:
        settings = server.settings(to=[f"Ada Lovelace <{ADA}>", BO])
        async with EmailSink(settings) as sink:
            await sink.send(make_alert())

    [mail] = server.mails
    assert (mail.sender, mail.recipients) == ("alerts@example.com", [ADA, BO])
    assert server.greetings == ["[127.0.0.1]"]
    assert socket.gethostname() not in mail.text


@pytest.mark.parametrize("answer", ["451 try again later", "452 full", "552 too large", "554 spam"])
async def test_a_mail_that_is_refused_is_tried_again(answer: str) -> None:
    async with MailServer(data_answer=answer) as server, EmailSink(server.settings()) as sink:
        with pytest.raises(NotDelivered, match=f"the server answered {answer[:3]}") as refused:
            await sink.send(make_alert())
        assert (refused.value.status, refused.value.answer) == (int(answer[:3]), answer[4:])

        server.data_answer = ""
        await sink.send(make_alert())

    assert len(server.mails) == 1


@pytest.mark.parametrize("answer", ["550 unknown", "451 greylisted"])
async def test_an_alert_that_nobody_got_is_not_delivered(answer: str) -> None:
    refusals = {ADA: answer, BO: answer}
    async with MailServer(refusals=refusals) as server, EmailSink(server.settings(to=[ADA, BO])) as sink:
        with pytest.raises(NotDelivered, match="the server refused 2 of 2 recipients") as refused:
            await sink.send(make_alert())

    assert refused.value.status == int(answer[:3])
    assert refused.value.answer == f"{ADA}: {answer}; {BO}: {answer}"


async def test_who_was_refused_for_a_while_gets_it_with_the_next_attempt_and_nobody_twice() -> None:
    refusals = {BO: "451 greylisted", CY: "550 unknown"}
    async with MailServer(refusals=refusals) as server, EmailSink(server.settings(to=[ADA, BO, CY])) as sink:
        with pytest.raises(NotDelivered, match="refused 2 of 3 recipients"):
            await sink.send(make_alert("alr_1"))
        del server.refusals[BO]
        receipt = await sink.send(make_alert("alr_1"))
        other = await sink.send(make_alert("alr_2"))
        await sink.send(make_alert("alr_1"))

    assert receipt == Receipt(250, f"queued as 7; {CY}: 550 unknown")
    assert other == receipt
    # The last one is sent again by hand: then it goes to all.
    assert [mail.recipients for mail in server.mails] == [[ADA], [BO], [ADA, BO], [ADA, BO]]


@asynccontextmanager
async def scripted(*script: bytes | None) -> AsyncIterator[int]:
    """A server on loopback that answers each line with the next of a script, then hangs; None hangs up."""
    hold = asyncio.Event()

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await play(script, reader, writer, hold)
        except OSError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(visit, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        hold.set()
        server.close()
        await server.wait_closed()


async def play(
    script: Sequence[bytes | None], reader: asyncio.StreamReader, writer: asyncio.StreamWriter, hold: asyncio.Event
) -> None:
    for place, line in enumerate(script):
        if line is None:
            return
        if place:
            ends_with = b"\r\n.\r\n" if script[place - 1] == b"354 go on\r\n" else b"\n"
            await reader.readuntil(ends_with)
        writer.write(line)
        await writer.drain()
    await hold.wait()


UP_TO_DATA = (b"220 hello\r\n", b"250 mail.example\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go on\r\n")


@pytest.mark.parametrize(
    "script",
    [(), UP_TO_DATA[:1], UP_TO_DATA[:2], UP_TO_DATA, (b"220-and\r\n" * 50,), (b"220",)],
    ids=["at once", "greeted", "sender", "data", "endless greeting", "half a line"],
)
async def test_a_server_that_hangs_is_given_up_after_the_timeout(script: Sequence[bytes]) -> None:
    async with scripted(*script) as port, EmailSink(server_settings(port, timeout_seconds=0.2)) as sink:
        with pytest.raises(NotDelivered, match=r"no answer within 0\.2 s"):
            await sink.send(make_alert())


async def test_a_server_that_greets_without_end_is_given_up() -> None:
    async with scripted(b"2" * 5_000_000) as port, EmailSink(server_settings(port, timeout_seconds=1)) as sink:
        with pytest.raises(NotDelivered):
            await sink.send(make_alert())


@pytest.mark.parametrize("good_bye", [(), (None,), (b"500 what?\r\n",), (b"nonsense\r\n",)])
async def test_a_mail_that_was_taken_is_delivered_however_the_server_says_good_bye(
    good_bye: Sequence[bytes | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retrospec_plugins.alert_email.sink.FAREWELL_SECONDS", 0.1)
    script = (*UP_TO_DATA, b"250 queued\r\n", *good_bye)
    async with scripted(*script) as port, EmailSink(server_settings(port)) as sink:
        assert await sink.send(make_alert()) == Receipt(250, "queued")


@pytest.mark.parametrize("script", [(None,), (b"220 hello\r\n", None), (*UP_TO_DATA, None)])
async def test_a_server_that_hangs_up_is_told(script: Sequence[bytes | None]) -> None:
    async with scripted(*script) as port, EmailSink(server_settings(port)) as sink:
        with pytest.raises(NotDelivered, match=r"the server hung up|no connection"):
            await sink.send(make_alert())


async def test_what_speaks_something_else_is_told() -> None:
    async with scripted(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port, EmailSink(server_settings(port)) as sink:
        with pytest.raises(NotDelivered):
            await sink.send(make_alert())


async def test_a_server_that_is_not_there_is_told_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with EmailSink(server_settings(port)) as sink:
        with pytest.raises(NotDelivered, match=r"^no connection: the receiver refuses connections$"):
            await sink.send(make_alert())


@pytest.mark.parametrize(("security", "port"), [("none", 25), ("starttls", 587), ("tls", 465)])
async def test_without_a_port_it_is_the_usual_one(security: str, port: int) -> None:
    sink = EmailSink(server_settings(0, security=security, host=NAME))

    assert await sink.check() == f"writes by {NAME}:{port}"


async def test_links_of_an_alert_are_whole_in_both_parts() -> None:
    long = "https://retrospec.example/issues/" + "x" * 300
    async with MailServer() as server, EmailSink(server.settings()) as sink:
        await sink.send(replace(make_alert(), issue_url=long))

    [mail] = server.mails
    assert [long in mail.part(kind) for kind in ("plain", "html")] == [True, True]
