"""An alert as a mail."""

import hashlib
import re
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from html5tagger import Builder, Document, E

from retrospec.plugin import Alert
from retrospec_plugins.alert_email.settings import EmailSettings, parsed
from retrospec_plugins.alert_words import event_words, facts, held_back, links, one_line, plain_text, ranked, symptom

# Without colours of its own, so that it can be read on light and on dark; mail programs know little else than this.
STYLE = {
    "body": "font-family: sans-serif; font-size: 15px; line-height: 1.5; margin: 16px; max-width: 640px",
    "symptom": "font-size: 17px; font-weight: bold; margin: 4px 0 16px",
    "label": "text-align: left; font-weight: normal; opacity: 0.7; padding: 2px 24px 2px 0",
    "value": "text-align: left; padding: 2px 0",
    "foot": "font-size: 13px; opacity: 0.7; margin-top: 24px",
}


def compose(alert: Alert, settings: EmailSettings) -> EmailMessage:
    """The mail about an alert.

    Its id is made of the alert's, so that a mail program shows a repetition once, and all mails about an issue refer
    to one that never was, so that it shows them as one conversation. That takes the same subject, too.
    """
    sender = parsed(settings.from_)
    domain = sender.domain
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = [parsed(mailbox) for mailbox in settings.to]
    mail["Subject"] = _subject(alert)
    mail["Date"] = format_datetime(alert.sent_at)
    mail["Message-ID"] = f"<{_id(alert.id)}@{domain}>"
    if not alert.digest:
        issue = hashlib.sha256(f"{alert.project_id}\n{alert.cluster.key}".encode(errors="replace")).hexdigest()[:32]
        mail["In-Reply-To"] = mail["References"] = f"<issue.{issue}@{domain}>"
    # RFC 3834: nobody's absence notice answers it.
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail["X-Retrospec-Event"] = _token(alert.event)
    mail["X-Retrospec-Project"] = _token(alert.project_id)
    mail["X-Retrospec-Issue"] = _token(alert.cluster.key)
    # Quoted-printable, because a server may know nothing of 8 bits.
    mail.set_content(f"{event_words(alert)}\n\n{plain_text(alert)}\n", cte="quoted-printable")
    mail.add_alternative(_html(alert), subtype="html", cte="quoted-printable")
    return mail


def _subject(alert: Alert) -> str:
    told = f"{event_words(alert)} in {one_line(alert.project_id, 60)}" if alert.digest else symptom(alert.cluster, 120)
    return _undecoded(f"[Retrospec] {'Test: ' if alert.trigger == 'test' and not alert.digest else ''}{told}")


def _undecoded(text: str) -> str:
    """A text without the beginning of an encoded word.

    Python decodes `=?utf-8?q?x=0ABcc:_eve?=` when a header is set, and before 3.11.10 (CVE-2024-6923) writes the line
    break that comes out of it: a symptom could add a recipient.
    """
    return text.replace("=?", "= ?")


def _id(text: str) -> str:
    usable = re.fullmatch(r"[A-Za-z0-9._-]{1,100}", text)
    return text if usable else hashlib.sha256(text.encode(errors="replace")).hexdigest()[:32]


def _token(text: str) -> str:
    return re.sub(r"[^!-~]|=\?", "_", text)[:200]


def _html(alert: Alert) -> str:
    page = Document(event_words(alert), lang="en").meta(name="color-scheme", content="light dark")
    told = [_digest(alert)] if alert.digest else [_issue(alert)]
    foot = E.p(f"Retrospec, project {one_line(alert.project_id, 100)}", style=STYLE["foot"])
    return str(page.div(E.p(event_words(alert)), *told, _links(alert), foot, style=STYLE["body"]))


def _issue(alert: Alert) -> Builder:
    rows = [
        E.tr(E.th(label, style=STYLE["label"], scope="row"), E.td(value, style=STYLE["value"]))
        for label, value in facts(alert)
    ]
    return E.p(symptom(alert.cluster), style=STYLE["symptom"]).table(*rows)


def _digest(alert: Alert) -> Builder:
    return E.p(f"{held_back(alert)}.").ol(*(E.li(line) for line in ranked(alert)))


def _links(alert: Alert) -> Builder:
    return E.p(*(E.a(label, href=url, style="margin-right: 24px") for label, url in links(alert)))
