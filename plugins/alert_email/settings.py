"""Whom to write to, and by which server."""

import re
from email.headerregistry import Address
from email.policy import SMTP
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

PORTS = {"none": 25, "starttls": 587, "tls": 465}


def parsed(mailbox: str) -> Address:
    """The name and address in `Ada <ada@example.com>`.

    Raises:
        ValueError: It is not one address, or not one that every server takes.
    """
    if not mailbox.isprintable():
        raise ValueError("must be one address, on one line")
    header = SMTP.header_factory("To", mailbox)
    addresses: tuple[Address, ...] = getattr(header, "addresses", ())
    usable = len(addresses) == 1 and re.fullmatch(r"[!-?A-~]+@[A-Za-z0-9.-]+", addresses[0].addr_spec)
    # The name is decoded by now: what is printable in `=?utf-8?q?=0A?=` need not be so in what comes out of it.
    if header.defects or not usable or not addresses[0].display_name.isprintable():
        raise ValueError("must be one address: `ada@example.com` or `Ada <ada@example.com>`, in ASCII but for the name")
    return addresses[0]


def _mailbox(text: str) -> str:
    parsed(text)
    return text


def _host(text: str) -> str:
    if not re.fullmatch(r"[^\s/@]{1,253}", text):
        raise ValueError("must be the name or address of a host, without port")
    return text


Mailbox = Annotated[str, AfterValidator(_mailbox)]


class EmailSettings(BaseModel):
    """The section `[alerts.email]`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, populate_by_name=True)

    host: Annotated[str, AfterValidator(_host)] = Field(description="The mail server")
    port: int = Field(default=0, ge=0, le=65_535, description="Its port; 0 = 587, 465 or 25, by `security`")
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="TLS after a greeting, from the start, or none"
    )
    username: str = Field(default="", description="To log in with; unset: no log-in")
    password: SecretStr | None = Field(default=None, description="To log in with")
    from_: Mailbox = Field(alias="from", description="The sender: an address, or `Name <address>`")
    to: tuple[Mailbox, ...] = Field(min_length=1, max_length=50, description="Who gets the mails")
    timeout_seconds: float = Field(default=15, gt=0, le=300, description="For a whole delivery")

    @model_validator(mode="after")
    def _usable_login(self) -> Self:
        if bool(self.username) != bool(self.password):
            raise ValueError("username and password must be set together")
        if self.username and self.security == "none":
            raise ValueError("a password is not sent without TLS: security must be `starttls` or `tls`")
        return self
