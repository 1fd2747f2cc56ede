"""docs/analysis.md, held against the analyzer: its examples are read, and its endpoint is asked."""

import json
import threading
import tomllib
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from typing import Any

import pytest

from retrospec_plugins.analysis_http import HttpAnalyzer
from retrospec_plugins.analysis_http.answer import JSON_SCHEMA, read_report
from retrospec_plugins.analysis_http.settings import HttpSettings
from tests.plugins.analysis_http.test_sample import cut, failing_visit
from tests.test_docs import block

PAGE = "docs/analysis.md"


@pytest.fixture
def endpoint() -> Iterator[str]:
    """The page's own endpoint, running."""
    code: dict[str, Any] = {}
    exec(compile(block(PAGE, "endpoint.py"), "endpoint.py", "exec"), code)
    handler = type("Quiet", (code["Model"],), {"log_message": lambda *_: None})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        serving.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        serving.join()


def test_the_settings_on_the_page_are_settings() -> None:
    told = tomllib.loads(block(PAGE, "analysis.toml").replace("…", "a-key"))

    assert HttpSettings(**told["analysis"]["http"]).protocol == "openai"
    assert told["analyzer"] == "http"


def test_what_is_sent_has_the_fields_of_the_page() -> None:
    told, sent = json.loads(block(PAGE, "sent")), cut(failing_visit().request())

    assert list(told) == list(sent)
    assert list(told["markers"][0]) == list(sent["markers"][0])


def test_what_is_answered_there_is_a_report_with_every_field_of_the_schema() -> None:
    answered = block(PAGE, "answered")

    assert list(json.loads(answered)) == JSON_SCHEMA["required"]
    assert read_report(answered).confidence == 0.75


async def test_the_endpoint_on_the_page_explains_a_failure(endpoint: str) -> None:
    async with HttpAnalyzer(HttpSettings(url=endpoint, fallback="none")) as http:
        found = await http.analyze(failing_visit().request())

    assert found.symptom == "POST /api/orders -> 500"
    assert "of 4 events were read" in found.text_summary
