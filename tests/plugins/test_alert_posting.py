"""What becomes of secrets in what others say, and of failures of connections in words."""

import json
import socket
import ssl
from urllib.parse import quote

import httpx
import pytest

from retrospec.plugin import AddressRefused
from retrospec_plugins.alert_posting import Secrets, secrets_of, what_broke

SECRET = 'tok/en"é&=+ of ours'


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        json.dumps(SECRET)[1:-1],
        SECRET.replace("/", "\\/"),
        json.dumps(SECRET)[1:-1].replace("/", "\\/"),
    ],
)
def test_a_secret_is_found_in_every_form_that_an_answer_may_give_it(form: str) -> None:
    secrets = Secrets([SECRET])

    assert secrets.scrubbed(f"before {form} after {form}") == "before *** after ***"
    assert secrets.are_in(f"before {form} after")


def test_words_are_no_secrets() -> None:
    secrets = Secrets(["", "/", "ok", "/a/b"])

    assert secrets.scrubbed("ok, saved in /a/b") == "ok, saved in /a/b"
    assert not secrets.are_in("")


def test_what_holds_another_secret_goes_whole() -> None:
    assert Secrets(["token-1", "token-1-and-more"]).scrubbed("token-1-and-more token-1") == "*** ***"


def test_the_end_of_a_text_that_was_cut_may_be_half_a_secret() -> None:
    secrets = Secrets(["secret-of-ours"])

    assert secrets.scrubbed("said secret-of-o", cut=True) == "sa"
    assert secrets.scrubbed("said secret-of-o") == "said secret-of-o"


@pytest.mark.parametrize("text", ["a\x00b\r\nc\td", "\u2028", "\x1b[31m", "\u202e", "\ud800"])
def test_an_answer_is_one_printable_line(text: str) -> None:
    assert Secrets([]).scrubbed(text * 300).isprintable()
    assert len(Secrets([]).scrubbed(text * 300)) <= 500


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("https://hooks.example/services/T012/B012/a-token", ["/services/T012/B012/a-token", "services"]),
        ("https://hooks.example/x?key=long-enough", ["/x?key=long-enough", "long-enough"]),
        ("https://ada:pass-word@hooks.example/", ["ada:pass-word", "pass-word", "YWRhOnBhc3Mtd29yZA=="]),
    ],
)
def test_all_of_an_address_but_its_host_is_secret(url: str, secret: list[str]) -> None:
    found = secrets_of(url)

    assert set(secret) <= found
    assert url in found
    assert "hooks.example" not in found


def test_an_address_of_a_host_alone_has_no_secret() -> None:
    assert secrets_of("http://127.0.0.1:8080") == secrets_of("http://127.0.0.1:8080/") == set()


def caused_by(cause: Exception) -> httpx.ConnectError:
    error = httpx.ConnectError("in-the-text")
    error.__cause__ = RuntimeError("in-the-text")
    error.__cause__.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (AddressRefused("in-the-text"), "private or special network"),
        (ssl.SSLCertVerificationError("in-the-text"), "certificate is not trusted"),
        (socket.gaierror("in-the-text"), "name is not known"),
        (ConnectionRefusedError("in-the-text"), "refuses connections"),
        (TimeoutError("in-the-text"), "took too long"),
        (ValueError("in-the-text"), "ConnectError"),
    ],
)
def test_a_failure_is_told_by_its_cause_and_in_words_of_ours(cause: Exception, words: str) -> None:
    told = what_broke(caused_by(cause))

    assert words in told
    assert "in-the-text" not in told
