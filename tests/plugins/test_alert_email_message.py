"""What a mail about an alert looks like, and that nothing of a symptom gets out of its place."""

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from html.parser import HTMLParser

import pytest
from pydantic import ValidationError

from retrospec.plugin import Alert
from retrospec.plugin.testing.alerts import ISSUE_URL, REPLAY_URL, make_alert, make_digest
from retrospec_plugins.alert_email import EmailSettings
from retrospec_plugins.alert_email.message import compose

GIVEN = {
    "host": "mail.example",
    "from": "Retrospec <alerts@example.com>",
    "to": ["ada@example.com", "Bo <bo@x.example>"],
}
SETTINGS = EmailSettings.model_validate(GIVEN)
LINKED = replace(make_alert(), issue_url=ISSUE_URL, replay_url=REPLAY_URL)


def arrived(alert: Alert, settings: EmailSettings = SETTINGS) -> EmailMessage:
    """The mail as a mail program reads it."""
    raw = compose(alert, settings).as_bytes()
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    return message_from_bytes(raw, _class=EmailMessage, policy=SMTP)


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


class Elements(HTMLParser):
    """The elements and the text of a page, as a browser finds them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_mail_has_a_text_and_a_page_that_say_the_same() -> None:
    mail = arrived(LINKED)

    assert mail.get_content_type() == "multipart/alternative"
    assert mail["Subject"] == "[Retrospec] POST /api/orders answered 500"
    assert (mail["From"], mail["To"]) == ("Retrospec <alerts@example.com>", "ada@example.com, Bo <bo@x.example>")
    assert mail["Date"].datetime == datetime(2026, 11, 22, 10, 30, 1, tzinfo=UTC)
    text, page = part(mail, "plain"), Elements(part(mail, "html"))
    told = ["New issue", "POST /api/orders answered 500", "Sessions", "75%", "2026-11-22 10:30 UTC", "proj_default"]
    assert [words for words in told if words not in text] == []
    assert [words for words in told if words not in page.text] == []
    assert page.links == [ISSUE_URL, REPLAY_URL]
    assert ISSUE_URL in text


def test_the_page_can_be_read_on_dark_as_on_light() -> None:
    page = part(arrived(LINKED), "html")

    assert 'name=color-scheme content="light dark"' in page or 'name="color-scheme" content="light dark"' in page
    assert [word for word in ("color:", "background", "<img", "<script", "<link") if word in page] == []


def test_a_digest_lists_its_issues() -> None:
    mail = arrived(make_digest(held_back=37, symptoms=["first <b>", "second"]))

    assert mail["Subject"] == "[Retrospec] Alerts held back in proj_default"
    page = Elements(part(mail, "html"))
    assert "37 alerts between" in page.text
    assert page.names.count("li") == 2
    assert "first <b> (90 sessions, 2 users)" in page.text


def test_a_repetition_has_the_same_id_and_another_alert_another() -> None:
    ids = [arrived(make_alert(one))["Message-ID"] for one in ("alr_1", "alr_1", "alr_2")]

    assert ids == ["<alr_1@example.com>", "<alr_1@example.com>", "<alr_2@example.com>"]
    assert arrived(make_alert("of a plugin>\r\n<"))["Message-ID"].count("@example.com>") == 1


def test_mails_about_one_issue_are_one_conversation() -> None:
    first, again = make_alert("alr_1"), replace(make_alert("alr_2", session_count=9), event="issue_cluster_regressed")
    others = [make_alert(key="api_error:ffff"), replace(make_alert(), project_id="proj_2")]

    threads = [(arrived(alert)["References"], arrived(alert)["Subject"]) for alert in (first, again)]
    assert threads[0] == threads[1]
    assert len({arrived(alert)["References"] for alert in (first, *others)}) == 3
    assert arrived(first)["References"] == arrived(first)["In-Reply-To"]
    assert arrived(make_digest())["References"] is None


def test_nobody_answers_that_they_are_away() -> None:
    mail = arrived(make_alert())

    assert (mail["Auto-Submitted"], mail["X-Auto-Response-Suppress"]) == ("auto-generated", "All")


def test_rules_of_mail_programs_can_tell_event_project_and_issue() -> None:
    mail = arrived(replace(make_alert(key="a b:ü"), project_id="proj\r\nBcc: eve@example.com"))

    assert mail["X-Retrospec-Event"] == "issue_cluster_promoted"
    assert mail["X-Retrospec-Project"] == "proj__Bcc:_eve@example.com"
    assert mail["X-Retrospec-Issue"] == "a_b:_"


HEADERS = {
    *("from", "to", "subject", "date", "message-id", "in-reply-to", "references", "mime-version", "content-type"),
    *("auto-submitted", "x-auto-response-suppress"),
    *("x-retrospec-event", "x-retrospec-project", "x-retrospec-issue"),
}
INJECTIONS = [
    "x\r\nBcc: eve@example.com\r\n\r\nbody",
    "x\nBcc: eve@example.com",
    "x\rBcc: eve@example.com",
    "x\u2028Bcc: y",
]


@pytest.mark.parametrize(
    "text", [*INJECTIONS, "é ✓ 👩\u200d🔧 " * 40, "\ud83d\x00", "=?utf-8?q?x=0ABcc:_y?=", "x" * 5000]
)
def test_no_text_of_an_alert_becomes_a_header(text: str) -> None:
    alert = replace(make_alert(text, symptom=text, assignee=text, state=text, key=text), event=text, project_id=text)
    for mail in (arrived(alert), arrived(replace(make_digest(symptoms=[text] * 10), project_id=text))):
        assert mail["Bcc"] is None
        assert {name.lower() for name in mail} <= HEADERS
        assert mail["Subject"].startswith("[Retrospec] ")
        assert len(mail["Subject"].splitlines()) == 1


def test_no_symptom_becomes_an_element_of_the_page() -> None:
    plain = Elements(part(arrived(make_alert()), "html"))
    for symptom in ('<script>alert(1)</script><img src="x">', '"><a href="https://evil.example">', "</td></table><h1>"):
        page = Elements(part(arrived(make_alert(symptom=symptom, assignee="")), "html"))
        assert symptom in page.text
        assert (page.names, page.links) == (plain.names, plain.links)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("from", "ada@example.com\r\nBcc: eve@example.com"),
        ("from", "=?utf-8?q?x=0ABcc:_eve?= <ada@example.com>"),
        ("from", "ada"),
        ("from", "ada@example.com, bo@example.com"),
        ("from", "ada@bücher.example"),
        ("from", ""),
        ("to", []),
        ("to", ["ada@example.com", "not an address"]),
        ("to", ["ada@example.com"] * 51),
        ("host", "mail.example x"),
        ("host", "smtp://mail.example"),
        ("host", ""),
        ("port", 65_536),
        ("security", "ssl"),
        ("username", "without-a-password"),
        ("password", "without-a-username"),
        ("timeout_seconds", 0),
        ("cc", "ada@example.com"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_and_its_value_not_shown(field: str, value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        EmailSettings.model_validate({**GIVEN, field: value})

    assert field in str(refused.value)
    assert "without-a-" not in str(refused.value)


def test_a_password_is_not_sent_in_the_clear() -> None:
    with pytest.raises(ValidationError, match="not sent without TLS"):
        EmailSettings.model_validate({**GIVEN, "security": "none", "username": "ada", "password": "secret"})
