"""A real SMTP server on loopback that keeps what it is sent and answers as told."""

import asyncio
import ssl
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from types import TracebackType
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from retrospec_plugins.alert_email import EmailSettings


@dataclass
class Mail:
    """A mail as it arrived."""

    sender: str
    recipients: list[str]
    message: EmailMessage
    raw: bytes

    def part(self, kind: str) -> str:
        """The content of its `plain` or `html` part, decoded."""
        part = self.message.get_body((kind,))
        return part.get_content() if part else ""

    @property
    def text(self) -> str:
        """All of it as one text."""
        headers = "\n".join(f"{name}: {value}" for name, value in self.message.items())
        return f"{headers}\n\n{self.part('plain')}\n{self.part('html')}"


@dataclass
class MailServer:
    """Takes mails on a free port of loopback. Used as `async with MailServer() as server:`.

    Attributes:
        tls: Certificate for TLS, from the start if `implicit`, and by STARTTLS otherwise; None for none.
        login: Whoever sends must log in so.
        ways_off: Ways to log in that it does not offer.
        refusals: What it answers to recipients instead of taking them.
        data_answer: What it answers to a mail, instead of 250.
    """

    tls: ssl.SSLContext | None = None
    implicit: bool = False
    login: tuple[str, str] | None = None
    ways_off: tuple[str, ...] = ()
    refusals: dict[str, str] = field(default_factory=dict)
    data_answer: str = ""
    port: int = 0
    mails: list[Mail] = field(default_factory=list)
    greetings: list[str] = field(default_factory=list)
    secured: list[bool] = field(default_factory=list)

    def settings(self, **others: Any) -> EmailSettings:
        """Settings for writing to it."""
        known: Mapping[str, Any] = {
            "host": "127.0.0.1",
            "port": self.port,
            "security": "none",
            "from": "Retrospec <alerts@example.com>",
            "to": ["ada@example.com"],
        }
        return EmailSettings.model_validate({**known, **others})

    async def __aenter__(self) -> Self:
        tls = self.tls if self.implicit else None
        self._server = await asyncio.get_running_loop().create_server(self._protocol, "127.0.0.1", 0, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        await self._server.wait_closed()

    def _protocol(self) -> SMTP:
        by_greeting = self.tls if not self.implicit else None
        with warnings.catch_warnings():
            # Of TLS from the start it knows nothing, and warns of passwords in the clear.
            warnings.filterwarnings("ignore", "Requiring AUTH while not requiring TLS")
            return self._speaker(by_greeting)

    def _speaker(self, by_greeting: ssl.SSLContext | None) -> SMTP:
        return SMTP(
            self,
            hostname="mail.example",
            tls_context=by_greeting,
            require_starttls=by_greeting is not None,
            authenticator=self._authenticate if self.login else None,
            auth_required=self.login is not None,
            auth_require_tls=not self.implicit,
            auth_exclude_mechanism=self.ways_off,
            loop=asyncio.get_running_loop(),
        )

    def _authenticate(self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        success = (data.login.decode(), data.password.decode()) == self.login
        # Not handled: aiosmtpd is to answer, 535 where it failed.
        return AuthResult(success=success, handled=success)

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.greetings.append(hostname)
        return responses

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.data_answer:
            return self.data_answer
        raw = envelope.original_content or b""
        message = message_from_bytes(raw, _class=EmailMessage, policy=SMTP_POLICY)
        self.mails.append(Mail(str(envelope.mail_from), list(envelope.rcpt_tos), message, raw))
        self.secured.append(session.ssl is not None)
        return "250 queued as 7"
