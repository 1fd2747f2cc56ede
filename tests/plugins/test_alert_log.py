"""What the log sink does beyond the suite of its family."""

import logging
from dataclasses import replace

import pytest

from retrospec.plugin.testing.alerts import make_alert, make_digest
from retrospec_plugins.alert_log import LogSink


async def test_the_line_has_every_field_and_shows_at_the_usual_levels(caplog: pytest.LogCaptureFixture) -> None:
    async with LogSink() as sink:
        await sink.send(make_alert(assignee="ada"))

    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == (
        'issue_cluster_promoted id="alr_1" trigger="ingest_auto_promote" project="proj_default"'
        ' cluster="api_error:0123456789abcdef" symptom="POST /api/orders answered 500" sessions=3 users=2'
        ' confidence=0.75 lastSeen="2026-11-22T10:30:00.250000+00:00" session="sess-7" state="open" assignee="ada"'
    )


async def test_links_and_what_a_digest_holds_are_in_the_line(caplog: pytest.LogCaptureFixture) -> None:
    async with LogSink() as sink:
        await sink.send(replace(make_alert(), issue_url="https://x.example/i", replay_url="https://x.example/r"))
        await sink.send(make_digest(held_back=37, symptoms=["first\nline", "second"]))

    linked, digest = [record.getMessage() for record in caplog.records]
    assert linked.endswith(' issue="https://x.example/i" replay="https://x.example/r"')
    assert digest.startswith('issue_alerts_held_back id="alr_1" trigger="storm_digest"')
    assert ' heldBack=37 top=["first\\nline (90)", "second (89)"] ' in digest


def test_no_project_may_write_into_the_log_of_the_operator() -> None:
    assert not LogSink.guarded


async def test_a_symptom_cannot_begin_a_line_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    async with LogSink() as sink:
        await sink.send(make_alert(symptom='x\n2026-11-22 ERROR forged "line" \x1b[31m'))

    message = caplog.records[0].getMessage()
    assert len(message.splitlines()) == 1
    assert "\x1b" not in message
