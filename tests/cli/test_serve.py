"""`retrospec serve`, `worker` and `demo` as processes: starting, answering, stopping, refusing to start."""

import json
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import Processes


def until_line(process: subprocess.Popen[str], stream: str, pattern: str) -> str:
    """Read lines until one matches, and give what it holds."""
    lines = []
    for line in getattr(process, stream):
        lines.append(line)
        if match := re.search(pattern, line):
            return match[1]
    raise AssertionError("".join(lines) or f"nothing on {stream}")


def stopped(process: subprocess.Popen[str], with_signal: signal.Signals) -> int:
    """End a process gracefully, and give its exit code."""
    process.send_signal(with_signal)
    process.communicate(timeout=20)
    return process.returncode


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT])
def test_a_server_answers_on_the_port_given_and_stops_when_told(
    processes: Processes, tmp_path: Path, with_signal: signal.Signals
) -> None:
    process = processes.start("serve", "--port", "0", ORCHESTRATOR_PORT="1")
    url = until_line(process, "stderr", r"url=(http://127\.0\.0\.1:\d+)")
    assert httpx.get(f"{url}/healthz").json() == {"status": "ok"}
    assert (tmp_path / "data" / "retrospec.db").exists()
    assert stopped(process, with_signal) == 0


def test_commands_work_beside_a_running_server_and_it_sees_what_they_did(processes: Processes) -> None:
    process = processes.start("serve", "--port", "0")
    url = until_line(process, "stderr", r"url=(http://\S+)")
    code, out, _ = processes.run("projects", "create", "My shop", "shop.example.com", "--json")
    assert code == 0
    headers = {"X-Retrospec-Key": json.loads(out)["apiKey"]}
    assert httpx.get(f"{url}/v1/issues", headers=headers).status_code == 200
    assert stopped(process, signal.SIGTERM) == 0


def test_logs_for_machines_are_a_json_object_a_line(processes: Processes) -> None:
    process = processes.start("serve", "--port", "0", LOG_FORMAT="json")
    line = until_line(process, "stderr", r'(.*"event": ?"serving".*)')
    assert json.loads(line)["url"].startswith("http://127.0.0.1:")
    assert stopped(process, signal.SIGTERM) == 0


@pytest.mark.parametrize("command", ["serve", "worker", "demo"])
def test_a_bad_setting_stops_the_start_with_a_line_that_names_it(processes: Processes, command: str) -> None:
    code, out, err = processes.run(command, SESSION_RETENTION_DAYS="-1")
    assert (code, out) == (1, "")
    assert err == "error: SESSION_RETENTION_DAYS=-1: input should be greater than or equal to 1\n"


def test_a_plugin_that_is_not_installed_stops_the_start_and_names_those_that_are(processes: Processes) -> None:
    code, _, err = processes.run("serve", "--port", "0", STORAGE_BACKEND="tape")
    assert code == 1
    assert err.startswith("error: STORAGE_BACKEND=tape: no storage plugin of that name is installed (installed: local")


def test_a_port_that_is_taken_stops_the_start_in_plain_words(processes: Processes) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        code, _, err = processes.run("serve", "--port", str(port))
    assert code == 1
    assert f"error: ORCHESTRATOR_PORT={port}: 127.0.0.1 cannot be listened on" in err
    assert "Traceback" not in err


def test_a_port_that_cannot_be_is_a_mistake_of_usage(processes: Processes) -> None:
    assert processes.run("serve", "--port", "70000")[0] == 2


def test_a_worker_works_until_it_is_told_to_stop(processes: Processes) -> None:
    processes.run("db", "upgrade")
    process = processes.start("worker")
    assert until_line(process, "stderr", r"\b(working)\b")
    assert stopped(process, signal.SIGTERM) == 0


@pytest.fixture
def demo(processes: Processes) -> Iterator[str]:
    """What the demo prints once it is ready; settings that lead elsewhere are not followed."""
    elsewhere = {
        "DATABASE_URL": "postgres://127.0.0.1:9/production",
        "S3_BUCKET": "production",
        "ALERT_WEBHOOK_URL": "http://127.0.0.1:9/production",
        "ANONYMOUS_ACCESS": "none",
        "ORCHESTRATOR_HOST": "0.0.0.0",
    }
    process = processes.start("demo", "--port", "0", **elsewhere)
    lines: list[str] = []
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line)
        if "Ctrl-C" in line:
            break
    else:
        _, err = process.communicate()
        raise AssertionError("".join(lines) + err)
    yield "".join(lines)
    assert stopped(process, signal.SIGINT) == 0


def test_the_demo_leaves_issues_with_replays_and_reports_behind_the_lines_that_it_prints(demo: str) -> None:
    assert "12 sessions with 17 marked failures are in" in demo
    assert "10 report cards are ready" in demo
    lines = re.findall(r"curl -s '([^']+)'", demo)
    assert len(lines) == 6
    answers = {url: httpx.get(url) for url in lines}
    assert {answer.status_code for answer in answers.values()} == {200}
    issues = answers[next(url for url in lines if url.endswith("/v1/issues"))].json()["issues"]
    assert all(issue["sessionCount"] >= 2 for issue in issues)
    assert len(issues) >= 3
    session = answers[next(url for url in lines if url.endswith("demo-03-farid-express"))].json()["session"]
    assert session["reportCard"]["status"] in {"ready", "discarded"}
    assert "analysis_json" in {artifact["artifactType"] for artifact in session["artifacts"]}


def test_the_demo_sent_again_to_a_running_server_doubles_nothing(demo: str, processes: Processes) -> None:
    url = re.findall(r"curl -s '(http://[^/']+)/v1/issues'", demo)[0]
    before = httpx.get(f"{url}/v1/issues").json()
    code, out, err = processes.run("demo", "--send-only", url)
    assert (code, err) == (0, "")
    assert "What to look at next" in out
    assert "Ctrl-C" not in out
    assert counts(httpx.get(f"{url}/v1/issues").json()) == counts(before)


def counts(answer: dict[str, list[dict[str, object]]]) -> set[tuple[object, object]]:
    return {(issue["key"], issue["sessionCount"]) for issue in answer["issues"]}


def test_sending_the_demo_with_a_bad_key_says_so_without_the_key(demo: str, processes: Processes) -> None:
    url = re.findall(r"curl -s '(http://[^/']+)/v1/issues'", demo)[0]
    code, _, err = processes.run("demo", "--send-only", url, RETROSPEC_KEY="rpk_" + "0" * 64)
    assert code == 1
    assert "error: POST /v1/artifacts/session-events answered 401: unauthorized" in err
    assert "rpk_" not in err


def test_sending_the_demo_to_nobody_says_so(processes: Processes) -> None:
    code, _, err = processes.run("demo", "--send-only", "http://127.0.0.1:9")
    assert (code, err.partition(":")[0]) == (1, "error")
    assert "cannot reach http://127.0.0.1:9" in err
