"""Logs: one line an event, in the form asked for, and nothing in it that opens anything."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from retrospec.core.log import configure, get_logger, hide_secrets

SECRETS: dict[str, str] = {}
KEY = "rpk_" + "0f" * 32


Output = pytest.CaptureFixture[str]


@pytest.fixture
def output(capsys: Output) -> Iterator[Output]:
    """What goes to standard error while loggers are configured; they are as before afterwards."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in list(root.manager.loggerDict)}
    yield capsys
    root.handlers[:], root.level = before[0], before[1]
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    structlog.reset_defaults()


def lines(output: Output) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.readouterr().err.splitlines()]


@pytest.mark.parametrize(
    "name",
    ["api_key", "key", "X-Retrospec-Key", "token", "artifactToken", "password", "cookie", "Authorization"],
)
def test_a_field_with_a_secrets_name_is_hidden(name: str) -> None:
    hidden = hide_secrets(None, "info", {name: "abc"})[name]

    # `key` names a cluster's or an object's as well.
    assert hidden == ("abc" if name == "key" else "[hidden]")


@pytest.mark.parametrize(
    "text",
    [
        f"key {KEY} refused",
        f"GET /x?key={KEY}&a=1",
        "GET /v1/sessions/s/artifacts/t?key=operators-own-secret",
        "GET /x?a=1&artifactToken=secret.part.two",
        "postgres://user:secret@host/db refused",
        "Authorization: Bearer secret-token",
        "authorization: basic c2VjcmV0",
        "whsec_c2VjcmV0c2VjcmV0",
        "https://hooks:secret@chat.example/x",
    ],
)
def test_a_secret_in_a_text_is_hidden_by_its_looks(text: str) -> None:
    said = hide_secrets(None, "info", {"event": text})["event"]

    assert "[hidden]" in said
    for secret in (KEY, "operators-own-secret", "secret", "c2VjcmV0"):
        assert secret not in said


@pytest.mark.parametrize(
    "text",
    [
        "api_error:0a1b2c3d",
        "session-events/p/2026/03/04/x/s.json",
        "http://127.0.0.1:8080/x",
        "a monkey ate it",
        "key 3",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert hide_secrets(None, "info", {"event": text, "cluster_key": text})["event"] == text


def test_json_has_a_line_an_event_with_level_time_and_logger(output: Output) -> None:
    configure("INFO", "json")

    get_logger("retrospec.test").info("it happened", count=3, odd="a\nb", moment=object)
    get_logger("retrospec.test").debug("not shown")

    (said,) = lines(output)
    assert {**said, "timestamp": "", "moment": ""} == {
        "event": "it happened",
        "count": 3,
        "odd": "a\nb",
        "level": "info",
        "logger": "retrospec.test",
        "timestamp": "",
        "moment": "",
    }
    assert said["timestamp"].endswith("Z")


def test_an_exception_is_within_its_line_and_its_secrets_are_hidden(output: Output) -> None:
    configure("INFO", "json")

    try:
        SECRETS[f"no such key {KEY}"]
    except KeyError:
        get_logger("retrospec.test").exception("failed")

    (said,) = lines(output)
    assert "KeyError: 'no such key [hidden]'" in said["exception"]
    assert "Traceback" in said["exception"]


def test_libraries_speak_in_the_same_form_and_their_secrets_are_hidden_too(output: Output) -> None:
    configure("DEBUG", "json")

    logging.getLogger("some.library").warning("connect to %s failed", "postgres://u:secret@h/d")
    logging.getLogger("httpx").info("GET https://hooks/secret")
    logging.getLogger("tortoise.db_client").debug("SELECT 'secret'")

    (said,) = lines(output)
    assert (said["event"], said["level"]) == ("connect to postgres://[hidden]@h/d failed", "warning")


def test_for_people_there_is_a_line_without_colours_where_nobody_looks_at_a_terminal(output: Output) -> None:
    configure("INFO", "console")

    get_logger("retrospec.test").info("it happened", count=3, token="abc")

    (said,) = output.readouterr().err.splitlines()
    assert "it happened" in said
    assert "count=3" in said
    assert "abc" not in said
    assert "\x1b" not in said


def test_configuring_twice_says_nothing_twice(output: Output) -> None:
    configure("INFO", "json")
    configure("INFO", "json")

    get_logger("retrospec.test").info("once")

    assert len(lines(output)) == 1
