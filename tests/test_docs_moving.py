"""docs/operations.md, "Moving", followed word for word: a demo goes from SQLite and a folder to PostgreSQL and S3."""

import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.client import marker
from tests.s3server import KEYS, S3Bucket
from tests.servers import PostgresServer
from tests.test_docs import block, section

ADMIN = {"X-Retrospec-Admin": "admin-key-of-the-walk"}
Json = dict[str, Any]


@pytest.fixture
async def production(postgres_server: PostgresServer, s3_bucket: S3Bucket) -> AsyncIterator[Mapping[str, str]]:
    """An empty database and an empty bucket, by the settings that name them."""
    name = f"t_{secrets.token_hex(8)}"
    await postgres_server.create(name)
    yield {
        "DATABASE_URL": postgres_server.url(name),
        "S3_ENDPOINT": s3_bucket.endpoint,
        "S3_BUCKET": s3_bucket.name,
        "S3_ACCESS_KEY": KEYS["access_key"],
        "S3_SECRET_KEY": KEYS["secret_key"],
    }
    await postgres_server.drop(name)


@contextmanager
def shell(script: str, folder: Path, until: str) -> Iterator[tuple[str, list[str]]]:
    """Run what the page says, in a folder, until a line of its output; ends it with Ctrl-C.

    Gives where the server is, and what was said up to then.
    """
    environ = {
        # What a user has: the command in the path, and no setting. The port is free, and the log can be read.
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "NO_PROXY": "127.0.0.1",
        "ADMIN_API_KEY": ADMIN["X-Retrospec-Admin"],
        "ORCHESTRATOR_PORT": "0",
        "RATE_LIMIT_REQUESTS_PER_SEC": "0",
        "LOG_FORMAT": "json",
    }
    with subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        said, url = [], ""
        for line in process.stdout:
            said.append(line)
            if found := re.search(r'"url": ?"([^"]+)"', line):
                url = found[1]
            if until in line:
                break
        else:
            pytest.fail("".join(said))
        # Read on, or a server that logs more than a pipe holds would stand still.
        reading = threading.Thread(target=process.stdout.read)
        reading.start()
        try:
            yield url, said
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(30)
            reading.join()


class Visitor:
    """Sees and does what users of a server do, over HTTP."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=30)

    def __enter__(self) -> "Visitor":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, key: str = "") -> Json:
        """What a call answers."""
        answer = self._http.get(path, headers={**ADMIN, **({"X-Retrospec-Key": key} if key else {})})
        assert answer.status_code == 200, f"{path}: {answer.text}"
        body: Json = answer.json()
        return body

    def post(self, path: str, body: Json, key: str = "") -> Json:
        """What a call answers that changes something."""
        answer = self._http.post(path, json=body, headers={**ADMIN, **({"X-Retrospec-Key": key} if key else {})})
        assert answer.is_success, f"{path}: {answer.text}"
        told: Json = answer.json()
        return told

    def wait_for_its_jobs(self, session_id: str, key: str) -> None:
        """Wait until a session has its artifact and its report card."""
        for _ in range(400):
            session = self.get(f"/v1/sessions/{session_id}", key)["session"]
            if session["artifacts"] and session["reportCard"]["status"] != "pending":
                return
            time.sleep(0.05)
        pytest.fail("the jobs of the session are not done within 20 s")

    def sees(self, key: str) -> Json:
        """All that there is: in the default project, and in the one of a key."""
        projects = self.get("/v1/admin/projects")["projects"]
        keys = [self.get(f"/v1/admin/projects/{one['id']}/keys")["keys"] for one in projects]
        issues = self.get("/v1/issues?state=resolved")["issues"] + self.get("/v1/issues?state=active")["issues"]
        paths = [f"/v1/issues/{quote(issue['key'], safe='')}" for issue in issues]
        hit = [self.get(f"{path}/sessions") for path in paths]
        sessions = sorted({one["sessionId"] for found in hit for one in found["sessions"]})
        return {
            "projects": projects,
            # Noted with a delay of up to a minute.
            "keys": [{**one, "lastUsedAt": None} for found in keys for one in found],
            "issues": issues,
            "details": [self.get(path) for path in paths],
            "feedback": [self.get(f"{path}/feedback") for path in paths],
            "hit": hit,
            "stats": self.get("/v1/issues/stats"),
            "sessions": [self.get(f"/v1/sessions/{one}") for one in sessions],
            "recordings": [self.get(f"/v1/sessions/{one}/events") for one in sessions],
            "artifacts": [self.get(f"/v1/sessions/{one}/artifacts/analysis_json") for one in sessions],
            "theirs": [self.get(f"/v1/sessions/theirs{what}", key) for what in ("", "/events")],
        }


def work_with(visitor: Visitor) -> tuple[str, str]:
    """Triage an issue, and make a project with a session; gives its key and a link to an artifact."""
    issue = visitor.get("/v1/issues")["issues"][0]["key"]
    path = f"/v1/issues/{quote(issue, safe='')}"
    visitor.post(f"{path}/state", {"state": "resolved", "assignee": "ada", "note": "deployed ✓"})
    visitor.post(f"{path}/feedback", {"kind": "true_positive", "metadata": {"large": 1e308, "of": ["é", None]}})
    key: str = visitor.post("/v1/admin/projects", {"name": "Shop ✓", "site": "shop.example"})["apiKey"]
    upload = {"sessionId": "theirs", "site": "shop.example", "events": [{"type": 4, "data": {}, "timestamp": 1}]}
    stored = visitor.post("/v1/artifacts/session-events", upload, key)["eventsObjectKey"]
    session = {"id": "theirs", "site": "shop.example", "eventsObjectKey": stored, "userId": "ada"}
    visitor.post("/v1/ingest/session", {"session": session, "markers": [marker()]}, key)
    recorded = visitor.get(f"{path}/sessions")["sessions"][0]["sessionId"]
    own: str = visitor.post("/v1/admin/projects/proj_default/keys", {"scope": "read"})["apiKey"]
    token = visitor.get(f"/v1/sessions/{recorded}/artifacts/analysis_json/token", own)["token"]
    visitor.wait_for_its_jobs("theirs", key)
    return key, f"/v1/sessions/{recorded}/artifacts/analysis_json?artifactToken={quote(token)}"


def written(production: Mapping[str, str]) -> str:
    """The page's file of settings, with what is the user's own filled in."""
    page = block("docs/operations.md", "production.env")
    names = re.findall(r"^([A-Z0-9_]+)=\S+$", page, re.M)
    assert names == list(production)
    return "".join(f"{name}='{production[name]}'\n" for name in names)


def test_a_demo_that_is_moved_as_the_page_says_holds_the_same_afterwards(
    production: Mapping[str, str], tmp_path: Path
) -> None:
    assert "```sh\nretrospec demo\n```" in section("docs/operations.md", "### To PostgreSQL and S3")
    with shell("retrospec demo", tmp_path, "until you press Ctrl-C") as (url, _), Visitor(url) as visitor:
        key, link = work_with(visitor)
        visitor.post("/v1/maintenance/cleanup", {}, key)
        before = visitor.sees(key)
    assert [len(before[what]) for what in ("projects", "theirs")] == [2, 2]
    assert min(len(before[what]) for what in ("keys", "issues", "sessions", "recordings", "artifacts")) > 1
    (tmp_path / "production.env").write_text(written(production), encoding="utf-8")

    with shell(block("docs/operations.md", "moving"), tmp_path, '"serving"') as (url, said), Visitor(url) as visitor:
        assert visitor.sees(key) == before
        # The secrets came along: a link made before opens, and a user who was counted is known.
        assert visitor.get(link)
        known = {"session": {"id": "again", "userId": "ada"}, "markers": [marker()]}
        visitor.post("/v1/ingest/session", known, key)
        [issue] = visitor.get("/v1/issues", key)["issues"]
        assert (issue["sessionCount"], issue["userCount"]) == (2, 1)
    told = "".join(said)
    assert "rows copied and compared" in told
    assert "DATABASE_URL, S3_ENDPOINT, S3_ACCESS_KEY, S3_SECRET_KEY, S3_BUCKET" in told
    assert re.search(r"^ok +database +PostgreSQL", told, re.M)
    assert re.search(rf"^ok +storage +bucket {production['S3_BUCKET']}", told, re.M)
