"""The running server that plugin authors test with, with plugins that are not installed."""

import os
from pathlib import Path

import httpx
import pytest

from retrospec.plugin import Alert, AlertSink, alert_sink
from retrospec.plugin.testing.fixtures import StartServer
from retrospec.plugin.testing.project import Failure
from retrospec.plugin.testing.receiver import Answer, Receiver
from retrospec.plugin.testing.server import NotStarted
from retrospec.plugin.testing.visit import Visit, element

BROKEN = Failure("The pay button is dead")
FILE = '''
from retrospec.plugin import AlertSink, alert_sink

@alert_sink("filed", "Does nothing")
class Filed(AlertSink):
    async def send(self, alert):
        """Nothing."""
'''


@alert_sink("poster", "Posts the symptom to where the environment says")
class Poster(AlertSink):
    """Is not installed, and offered to a server in a process of its own."""

    async def send(self, alert: Alert) -> None:
        async with httpx.AsyncClient(trust_env=False) as http:
            (await http.post(os.environ["POSTER_URL"], json={"symptom": alert.cluster.symptom})).raise_for_status()


async def test_an_alert_goes_from_a_third_session_through_a_class_of_the_test_to_the_receiver(
    retrospec_server: StartServer, receiver: Receiver
) -> None:
    receiver.answer(Answer(500))
    server = await retrospec_server('alert_sinks = ["poster"]', plugins=[Poster], environ={"POSTER_URL": receiver.url})
    project = await server.project()

    issue = await project.repeat(BROKEN, sessions=3)
    await server.refused()
    await server.delivered()

    assert (issue.symptom, issue.session_count, issue.state) == (BROKEN.label, 3, "open")
    assert [one.json() for one in receiver.requests] == [{"symptom": BROKEN.label}] * 2
    assert await server.metric("retrospec_alert_sent_total", type="poster") == 1
    assert any(line["event"] == "alert not delivered" for line in server.log)
    assert await server.stop() == 0


async def test_files_and_settings_of_the_test_are_the_servers_own(
    retrospec_server: StartServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALERT_SINKS", "nowhere")
    (tmp_path / "filed.py").write_text(FILE)

    server = await retrospec_server("auto_promote_on_ingest = false", plugins=[tmp_path / "filed.py"])
    project = await server.project()
    sent = [await project.ingest(BROKEN, user_id=f"user-{number}") for number in range(2)]

    assert {one["name"] for one in await server.plugins()} >= {"filed", "webhook"}
    assert [(one.promoted, one.alerts) for one in sent] == [(0, 0), (0, 0)]
    assert list(await project.issues()) == []
    assert [issue.key for issue in await project.promote()] == list(sent[0].cluster_keys)


async def test_a_recording_is_stored_and_reported_on(retrospec_server: StartServer) -> None:
    server = await retrospec_server("redact_events = false\nanalyzer_discard_uncertain = false")
    project = await server.project()
    visit = Visit().open("/cart", element("button", "Pay", id="pay")).wait(500).click("pay")
    recording = await project.upload(visit.events, session_id="v1")

    sent = await project.ingest(BROKEN, session_id="v1", recording=recording)

    assert await project.events("v1") == visit.events
    report = await project.report(sent.session_id)
    assert (report.status, bool(report.symptom)) == ("ready", True)


async def test_a_server_that_does_not_start_says_why(retrospec_server: StartServer) -> None:
    with pytest.raises(NotStarted, match="no alerts plugin of that name is installed"):
        await retrospec_server('alert_sinks = ["nowhere"]')
