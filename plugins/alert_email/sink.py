"""Hands mails to a server, and tells what became of them."""

import asyncio
import base64
import socket
from collections.abc import Iterable, Mapping
from contextlib import suppress

import aiosmtplib
from aiosmtplib import SMTPResponse

from retrospec.plugin import Alert, AlertSink, NotDelivered, Receipt, alert_sink
from retrospec_plugins.alert_email.message import compose
from retrospec_plugins.alert_email.settings import PORTS, EmailSettings, parsed
from retrospec_plugins.alert_posting import Secrets, what_broke
from retrospec_plugins.alert_recipients import Told

# A server that has taken a mail gets so long to say good-bye.
FAREWELL_SECONDS = 1.0
TAKEN = 250
FOR_GOOD = 500


@alert_sink("email", "Sends mails through an SMTP server", settings=EmailSettings)
class EmailSink(AlertSink):
    """One mail an alert, to all recipients; who was refused for a while gets it with the next attempt."""

    guarded = True

    def __init__(self, settings: EmailSettings) -> None:
        self._settings = settings
        self._port = settings.port or PORTS[settings.security]
        # No certificate has brackets, or a dot at the end.
        self._name = settings.host.strip("[]").removesuffix(".")
        self._to = [parsed(mailbox).addr_spec for mailbox in settings.to]
        self._secrets = Secrets(_said_at_login(settings))
        self._told = Told()

    async def check(self) -> str:
        """Say by whom it writes. Nothing is sent: every mail is read by somebody."""
        return f"writes by {self._settings.host}:{self._port}"

    async def send(self, alert: Alert) -> Receipt:
        recipients = self._told.left(alert.id, self._to)
        try:
            refused, said = await self._hand_over(alert, recipients)
        except aiosmtplib.SMTPRecipientsRefused as all_refused:
            refused = {one.recipient: SMTPResponse(one.code, one.message) for one in all_refused.recipients}
            said = ""
        except (TimeoutError, aiosmtplib.SMTPException, OSError, ValueError) as error:
            # Without the error itself, whose chain may hold what was sent.
            raise self._in_words(error) from None
        return self._outcome(alert.id, recipients, refused, said)

    async def _hand_over(self, alert: Alert, recipients: Iterable[str]) -> tuple[Mapping[str, SMTPResponse], str]:
        settings = self._settings
        smtp = self._client()
        try:
            async with asyncio.timeout(settings.timeout_seconds):
                sock = await self.network.connect(settings.host, self._port, timeout=settings.timeout_seconds)
                await smtp.connect(sock=sock, local_hostname=_own_name(sock))
                sender = parsed(settings.from_).addr_spec
                outcome = await smtp.sendmail(sender, list(recipients), compose(alert, settings).as_bytes())
            # It has the mail: whatever it says now, or not, changes nothing.
            with suppress(aiosmtplib.SMTPException, OSError):
                await smtp.quit(timeout=FAREWELL_SECONDS)
        finally:
            smtp.close()
        return outcome

    def _client(self) -> aiosmtplib.SMTP:
        settings = self._settings
        password = settings.password.get_secret_value() if settings.password else ""
        return aiosmtplib.SMTP(
            hostname=self._name,
            username=settings.username or None,
            password=password or None,
            use_tls=settings.security == "tls",
            start_tls=settings.security == "starttls",
            tls_context=None if settings.security == "none" else self.network.tls(),
            timeout=settings.timeout_seconds,
        )

    def _outcome(
        self, alert_id: str, recipients: Iterable[str], refused: Mapping[str, SMTPResponse], said: str
    ) -> Receipt:
        answers = [f"{who}: {answer.code} {answer.message}" for who, answer in refused.items()]
        words = self._secrets.scrubbed("; ".join([said, *answers] if said else answers))
        self._told.note(alert_id, [who for who in recipients if who not in refused])
        nobody_has_it = len(self._told.left(alert_id, self._to)) == len(set(self._to))
        if nobody_has_it or any(answer.code < FOR_GOOD for answer in refused.values()):
            status = next(iter(refused.values())).code
            reason = f"the server refused {len(refused)} of {len(self._to)} recipients"
            raise NotDelivered(reason, status=status, answer=words)
        self._told.forget(alert_id)
        return Receipt(TAKEN, words)

    def _in_words(self, error: Exception) -> NotDelivered:
        if isinstance(error, aiosmtplib.SMTPResponseException):
            at_login = isinstance(error, aiosmtplib.SMTPAuthenticationError)
            reason = f"the server {'refused the log-in with' if at_login else 'answered'} {error.code}"
            return NotDelivered(reason, status=error.code, answer=self._secrets.scrubbed(error.message))
        if isinstance(error, TimeoutError):
            return NotDelivered(f"no answer within {self._settings.timeout_seconds:g} s")
        if isinstance(error, aiosmtplib.SMTPException) and "not supported" in error.message:
            return NotDelivered(f"the server does not offer {_missing(error.message)}")
        if isinstance(error, aiosmtplib.SMTPServerDisconnected):
            return NotDelivered("the server hung up")
        if type(error) is aiosmtplib.SMTPException:
            # What the library itself finds, e.g. no way to log in that both know.
            return NotDelivered(self._secrets.scrubbed(error.message))
        return NotDelivered(f"no connection: {what_broke(error)}")


def _said_at_login(settings: EmailSettings) -> Iterable[str]:
    """The password in every form in which a server hears it, and may say it back."""
    if settings.password is None:
        return []
    password = settings.password.get_secret_value()
    plain = f"\0{settings.username}\0{password}"
    return [password, *(base64.b64encode(text.encode()).decode() for text in (password, plain))]


def _own_name(sock: socket.socket) -> str:
    """How we greet a server: by our address, as RFC 5321 has it for hosts without a name of their own.

    The name of this machine is nobody's business, and looking it up can take seconds.
    """
    address = str(sock.getsockname()[0])
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _missing(message: str) -> str:
    return next((word for word in ("STARTTLS", "AUTH", "SMTPUTF8") if word in message.upper()), "what is asked for")
