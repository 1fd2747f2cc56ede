"""What README and docs/ say, held against the code: commands are run, examples loaded, lists compared."""

import asyncio
import dataclasses
import importlib
import inspect
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
import yaml
from tortoise.models import Model
from typer.main import get_command

from retrospec.app import endpoints
from retrospec.batteries import BATTERIES
from retrospec.cli.main import COMMANDS
from retrospec.cli.selection import select
from retrospec.core.errors import RetrospecError, SettingsError
from retrospec.core.migrations import SchemaBehind
from retrospec.core.settings import Settings
from retrospec.core.settings_sources import load
from retrospec.core.supervisor import NotStarted
from retrospec.metrics.catalog import CATALOG
from retrospec.plugin import hookspecs
from retrospec.plugin.manager import FAMILIES, PluginHost
from retrospec.plugin.observers import HOOKS
from retrospec.schema import MODELS
from retrospec.version import __version__
from tests.client import MakeClient, eventually, marker
from tests.test_architecture import ORDER, ROOT

README = ROOT / "README.md"
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [README, ROOT / "CHANGELOG.md", *DOCS]
BLOCK = re.compile(r"^```(\w+) ?([^\n]*)\n(.*?)^```$", re.M | re.S)
# Names in capitals that are no settings.
OTHER_NAMES = {
    "API_REVISION",
    "API_VERSION",
    "CHAT_URL",
    "HTTPS_PROXY",
    "NAME_FILE",
    "RETROSPEC_API",
    "RETROSPEC_CONFIG",
    "RETROSPEC_KEY",
    "SO_REUSEPORT",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
}
# What compose.yaml reads itself.
OTHER_NAMES |= {"RETROSPEC_LISTEN", "RETROSPEC_IMAGE", "GRAFANA_LISTEN"}


class Block(NamedTuple):
    """A block of code: its language, what stands beside that, and the code."""

    language: str
    title: str
    code: str


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str) -> list[Block]:
    return [Block(*found) for found in BLOCK.findall(text(page))]


def block(page: str, title: str) -> str:
    return "\n".join(one.code for one in blocks(page) if one.title == title)


def section(page: str, heading: str) -> str:
    """What stands under a heading, up to the next of its rank."""
    rank = heading.partition(" ")[0]
    _, found, rest = text(page).partition(f"\n{heading}\n")
    assert found, f"{page} has no {heading!r}"
    return re.split(rf"^{rank} ", rest, maxsplit=1, flags=re.M)[0]


def table(of: str) -> list[list[str]]:
    """The rows of the tables in a text, without heads."""
    lines = [line for line in of.splitlines() if line.startswith("|")]
    rules = {place for place, line in enumerate(lines) if set(line) <= set("|- ")}
    body = [line for place, line in enumerate(lines) if place not in rules and place + 1 not in rules]
    return [[cell.strip() for cell in line.strip("|").split(" |")] for line in body]


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


class Chat(ThreadingHTTPServer):
    """A chat room that remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        super().__init__(("127.0.0.1", 0), _Answers)
        self.url = f"http://127.0.0.1:{self.server_address[1]}/"


class _Answers(BaseHTTPRequestHandler):
    server: Chat

    def do_POST(self) -> None:
        self.server.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"])
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def chat() -> Iterator[Chat]:
    with Chat() as chat:
        serving = threading.Thread(target=chat.serve_forever, kwargs={"poll_interval": 0.05})
        serving.start()
        yield chat
        chat.shutdown()
        serving.join()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, chat: Chat) -> Iterator[str]:
    """The address of a server started as the README says, with its alert sink."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "sinks").mkdir()
    (folder / "sinks" / "chat.py").write_text(block("README.md", "chat.py"), encoding="utf-8")
    setting, _, command = block("README.md", "server").strip().partition(" ")
    assert command == ".venv/bin/retrospec serve"
    given = {
        "ADMIN_API_KEY": setting.removeprefix("ADMIN_API_KEY="),
        "PLUGINS_DIR": "sinks",
        "ALERT_SINKS": "chat",
        "CHAT_URL": chat.url,
        "ORCHESTRATOR_PORT": "0",
        "LOG_FORMAT": "json",
    }
    environ = {"PATH": os.environ["PATH"], "NO_PROXY": "127.0.0.1", **given}
    command_line = [sys.executable, "-m", "retrospec", "serve"]
    with subprocess.Popen(command_line, cwd=folder, env=environ, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said: list[str] = []
        for line in process.stderr:
            said.append(line)
            if found := re.search(r'"url": ?"([^"]+)"', line):
                break
        else:
            pytest.fail("".join(said))
        # Read on, or a server that logs more than a pipe holds would stand still.
        reading = threading.Thread(target=process.stderr.read)
        reading.start()
        yield found[1]
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        reading.join()


def test_the_walk_of_the_readme_leads_from_a_project_to_a_resolved_issue(server: str) -> None:
    script = block("README.md", "walk").replace("http://127.0.0.1:8080", server)

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    first, second, issues, sessions, session, state = map(json.loads, done.stdout.splitlines())
    assert (first["promotedCount"], second["promotedCount"]) == (0, 1)
    [issue] = issues["issues"]
    assert (issue["sessionCount"], issue["userCount"], issue["symptom"]) == (2, 2, "POST /api/orders -> 500")
    assert {one["sessionId"] for one in sessions["sessions"]} == {"visit-ada", "visit-ben"}
    card = session["session"]["reportCard"]
    assert card["status"] == "ready"
    assert card["symptom"].rstrip(".") in text("README.md").replace("\n", " ")
    assert (state["state"]["state"], state["state"]["assignee"]) == ("resolved", "ada")


async def test_the_ten_lines_of_the_readme_deliver_an_alert_from_the_third_session_on(server: str, chat: Chat) -> None:
    assert len(block("README.md", "chat.py").strip().replace("\n\n", "\n").splitlines()) == 10

    async with httpx.AsyncClient(base_url=server) as http:
        for number in range(3):
            body = {"session": {"id": f"s-{number}"}, "markers": [marker(label="The pay button is dead")]}
            answer = (await http.post("/v1/ingest/session", json=body)).json()
            assert answer["alertsSent"] == (number == 2)

    async def told() -> list[str]:
        return chat.told

    assert await eventually(told) == ["The pay button is dead (3 sessions)"]


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_the_walk_of_the_alerts_guide_leads_to_a_message_in_a_chat(make_client: MakeClient, chat: Chat) -> None:
    client = await make_client(alert_allow_private_networks=True)
    told = len(chat.told)
    first, second = (one.code for one in blocks("docs/alerts.md") if one.title == "walk")

    async def run(script: str) -> list[Any]:
        script = re.sub(r"https://hooks[^\"]+", chat.url, script.replace("http://127.0.0.1:8080", client.url))
        command = ["bash", "-euo", "pipefail", "-c", script]
        done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60, check=True)
        decoder, answers, rest = json.JSONDecoder(), [], done.stdout.strip()
        while rest:
            answer, end = decoder.raw_decode(rest)
            answers.append(answer)
            rest = rest[end:].lstrip()
        return answers

    [made] = await run(first)
    listed, tried = await run(second.replace("snk_…", made["sink"]["id"]))

    assert listed["sinks"] == [made["sink"]]
    assert tried["result"]["outcome"] == "delivered"
    assert len(chat.told) == told + 1
    assert "nothing failed" in chat.told[-1]


def test_the_readme_begins_with_the_two_commands_that_make_knows() -> None:
    first = blocks("README.md")[0]
    assert text("README.md").index(first.code) < 100
    commands = re.findall(r"^make (\w+) +# \S", first.code, re.M)
    assert commands == ["run", "test"]
    targets = re.findall(r"^(\w+):", text("Makefile"), re.M)
    assert set(commands) <= set(targets)


def test_the_measured_figures_name_commands_that_there_are() -> None:
    rows = table(section("README.md", "## Measured"))
    assert [row[0] for row in rows] == [
        "start to first 200",
        "idle memory, server and worker",
        "sessions/s on SQLite (16 connections, 3 markers)",
        "the same at 100,000 stored sessions",
        "sessions/s on PostgreSQL (64 connections, one process)",
        "the same at 100,000 and at 300,000 stored sessions",
        "reads as shares of `/healthz`, 100,000 sessions stored: a session, 200 issues, sessions of an issue, stats",
        "grouping of a labelled corpus (three sites, 1,048 failures): pairwise F1, B-cubed F1, precision",
        "memory of a 50 MB upload",
        "memory of eight parallel uploads of 19 MB",
        "cleanup on PostgreSQL of 50,000 of 100,000 sessions, with 100,000 objects",
        "the same on SQLite, 10,000 of 20,000",
    ]
    for *_, command in rows:
        module = quoted(command)[0].removeprefix(".venv/bin/python -m ").split()[0]
        assert (ROOT / f"{module.replace('.', '/')}.py").is_file()


def test_the_changelog_tells_of_this_version() -> None:
    assert f"\n## {__version__}" in text("CHANGELOG.md")


def _anchors(page: Path) -> set[str]:
    outside = BLOCK.sub("", page.read_text(encoding="utf-8"))
    titles = re.findall(r"^#+ (.+)$", outside, re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_and_headings_that_there_are(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", BLOCK.sub("", page.read_text(encoding="utf-8"))):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.is_file(), link
        assert not anchor or anchor in _anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_settings_that_are_named_exist_and_have_the_default_that_is_told(page: Path) -> None:
    content = page.read_text(encoding="utf-8")
    known = {name.upper(): field for name, field in Settings.model_fields.items()}
    named = set(re.findall(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b", content))
    unknown = {name for name in named if name.removesuffix("_FILE") not in known and not name.startswith("FIGURE_")}
    assert unknown - OTHER_NAMES == set()
    for name, told in re.findall(r"`([A-Z_]+)`,? \(?([0-9][0-9.]*[0-9]|[0-9])(?= ?[,)|])", content):
        default = known[name].default
        assert isinstance(default, int | float), name
        assert float(told) == float(default), name


def _command_lines(page: str) -> Iterator[list[str]]:
    lines = [line for one in blocks(page) if one.language in {"sh", "bash", "ini"} for line in one.code.splitlines()]
    for line in [*lines, *quoted(BLOCK.sub("", text(page)))]:
        if found := re.search(r"(?:^|[\s/])retrospec((?: -{0,2}[a-z][a-z-]*)+)", line.partition("#")[0]):
            yield found[1].split()


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{page.name}" for page in DOCS)])
def test_commands_and_options_that_are_named_exist(page: str) -> None:
    for words in _command_lines(page):
        if words[0].startswith("-"):
            continue
        assert words[0] in COMMANDS, words
        command: Any = get_command(importlib.import_module(COMMANDS[words[0]].module).app)
        for word in words[1:]:
            if word.startswith("-") or not hasattr(command, "commands"):
                break
            command = command.commands[word]
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, words


def test_operations_lists_every_metric_as_the_catalogue_has_it() -> None:
    told = [
        (quoted(name)[0], kind, quoted(labels), meaning)
        for name, kind, labels, meaning in table(section("docs/operations.md", "## Metrics"))
    ]
    assert told == [(one.name, one.kind, list(one.labels), one.help) for one in CATALOG]


def test_deployment_lists_every_alert_with_how_bad_it_is() -> None:
    groups = yaml.safe_load(text("deploy/prometheus/retrospec.rules.yml"))["groups"]
    alerts = {
        rule["alert"]: rule["labels"]["severity"] for group in groups for rule in group["rules"] if "alert" in rule
    }
    told = table(section("docs/deployment.md", "## Prometheus and Grafana"))
    assert {quoted(name)[0]: severity for name, severity, _ in told} == alerts


def test_the_api_guide_names_every_endpoint_and_no_other() -> None:
    told = [quoted(row[0])[0] for row in table(section("docs/api.md", "## Endpoints"))]
    known = [f"{one.method} {re.sub(r'<[^>]+>', '{}', one.path)}" for one in endpoints()]
    assert sorted(re.sub(r"\{\w+\}", "{}", call) for call in told) == sorted(known)


def _errors(base: type[RetrospecError]) -> Iterator[type[RetrospecError]]:
    yield base
    for kind in base.__subclasses__():
        yield from _errors(kind)


def test_the_api_guide_explains_every_error_code_with_its_status() -> None:
    errors = section("docs/api.md", "## Errors")
    told = {quoted(code)[0]: int(status) for code, status, *_ in table(errors)}
    # Errors of the command line reach no client of the API.
    elsewhere = {"cli", "demo", "archive"}
    modules = {kind: kind.__module__.split(".") for kind in _errors(RetrospecError)}
    own = {kind for kind, (top, part, *_) in modules.items() if top == "retrospec" and part not in elsewhere}
    at_start = {kind for kind in own if issubclass(kind, SettingsError | SchemaBehind | NotStarted)}
    assert told == {kind.code: kind.status for kind in own - at_start}
    assert [kind.code for kind in at_start if f"`{kind.code}`" not in errors] == []


def test_the_architecture_lists_the_parts_in_the_order_in_which_they_may_import() -> None:
    rows = table(section("docs/architecture.md", "## The house"))
    assert [tuple(quoted(row[0])) for row in rows] == list(ORDER)


def test_the_architecture_lists_every_table() -> None:
    modules = [importlib.import_module(name) for name in MODELS if name.startswith("retrospec.")]
    models = [one for module in modules for one in vars(module).values() if inspect.isclass(one)]
    known = {vars(one.Meta)["table"] for one in models if issubclass(one, Model) and one is not Model}
    told = [quoted(row[0])[0] for row in table(section("docs/architecture.md", "## The tables"))]
    assert sorted(told) == sorted(known)


def test_the_plugin_guide_lists_the_families_with_what_comes_with_them() -> None:
    host = PluginHost(BATTERIES)
    lead = text("docs/plugins.md").partition("\n## ")[0]
    told = {quoted(row[0])[0]: (quoted(row[1])[0], set(quoted(row[5]))) for row in table(lead)}
    assert told == {name: (family.__name__, set(host.names(family))) for family, name in FAMILIES.items()}


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_the_plugin_guide_names_every_method_that_a_plugin_must_have(family: Any) -> None:
    for method in family.__abstractmethods__:
        parameters = [name for name in inspect.signature(getattr(family, method)).parameters if name != "self"]
        [told] = set(re.findall(rf"(?:^def |^async def |^\| `){method}\(([^)]*)\)", text("docs/plugins.md"), re.M))
        names = [part.partition(":")[0].partition("=")[0].strip() for part in told.split(",")]
        assert [name for name in names if name not in {"self", "*"}] == parameters


def test_the_plugin_guide_lists_every_hook_with_its_arguments() -> None:
    known = {
        f"{name}({', '.join(inspect.signature(hook).parameters)})"
        for name, hook in vars(hookspecs).items()
        if name.startswith("retrospec_")
    }
    lead = section("docs/plugins.md", "## Hooks").partition("\n### ")[0]
    assert {quoted(row[0])[0] for row in table(lead)} == known


def test_the_plugin_guide_lists_every_event_with_its_fields() -> None:
    _, _, observing = section("docs/plugins.md", "## Hooks").partition("\n### Observing\n")
    told = {quoted(row[0])[0]: quoted(row[1]) for row in table(observing.partition("\n### ")[0])}
    for event in HOOKS:
        names = [field.name for field in dataclasses.fields(event)]
        assert [name for name in told.pop(event.__name__) if name in names] == names
    assert told == {}


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    """A folder with the examples of the plugin guide: plugins in `plugins`, tests beside it."""
    (tmp_path / "plugins").mkdir()
    for one in blocks("docs/plugins.md"):
        if one.title.endswith(".py"):
            place = tmp_path if one.title.startswith(("test_", "conftest")) else tmp_path / "plugins"
            (place / one.title).write_text(one.code, encoding="utf-8")
    return tmp_path


def test_the_examples_of_the_plugin_guide_load_and_offer_what_they_say(
    examples: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    host = PluginHost(BATTERIES, examples / "plugins")

    assert {record.name: record.error for record in host.records if record.error} == {}
    offered = {offer.name for record in host.records for offer in record.offers if record.origin != "built-in"}
    assert offered == {"pager", "shelf", "lane", "by-page", "clicks", "staff", "room-web", "room-backend"}
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("title", [one.title for one in blocks("docs/plugins.md") if one.title.endswith(".toml")])
def test_the_settings_of_the_plugin_guide_choose_its_examples(examples: Path, title: str) -> None:
    (examples / title).write_text(block("docs/plugins.md", title), encoding="utf-8")
    settings = load({"RETROSPEC_CONFIG": str(examples / title)})

    selected = select(settings, PluginHost(BATTERIES, examples / "plugins"))

    assert [one.error for one in selected if one.error] == []
    made = {Path(inspect.getfile(type(one.made))).stem for one in selected}
    assert title.removesuffix(".toml") in made


def test_the_examples_of_the_plugin_guide_pass_their_suites(examples: Path) -> None:
    (examples / "pytest.ini").write_text(
        "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\nfilterwarnings = error\n"
    )
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", examples],
        env={**os.environ, "PYTHONPATH": str(examples / "plugins")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr
