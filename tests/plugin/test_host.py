"""The plugins of an application: found, isolated where they are broken, named where they are missed."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from retrospec.batteries import BATTERIES
from retrospec.core.errors import PluginError, SettingsError
from retrospec.core.settings_sources import load
from retrospec.plugin import AlertSink, Analyzer, ClusteringStrategy, QueueBackend, Redactor, StorageBackend
from retrospec.plugin.discovery import PluginRecord
from retrospec.plugin.manager import FAMILIES, PluginHost
from retrospec.plugin.testing.receiver import Receiver
from retrospec.runtime import Runtime
from tests.client import MakeClient, eventually, marker

Drop = Callable[..., PluginHost]

SINK = """
    from retrospec.plugin import AlertSink, alert_sink

    @alert_sink("{name}", "Takes alerts")
    class Sink(AlertSink):
        async def send(self, alert):
            pass
"""


@pytest.fixture
def dialect() -> str:
    """No matter of the database."""
    return "sqlite"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of single-file plugins."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    return folder


@pytest.fixture
def drop(folder: Path) -> Drop:
    """Puts files into the folder and makes a host of them and the batteries."""

    def make(**files: str) -> PluginHost:
        for name, text in files.items():
            (folder / f"{name}.py").write_text(dedent(text))
        return PluginHost(BATTERIES, folder)

    return make


def record(host: PluginHost, name: str) -> PluginRecord:
    (found,) = [one for one in host.records if one.name == name and one.origin != "built-in"]
    return found


class TestFinding:
    def test_the_batteries_offer_something_in_every_family(self) -> None:
        host = PluginHost(BATTERIES)

        assert {family: host.names(family) != [] for family in FAMILIES} == dict.fromkeys(FAMILIES, True)
        assert [one.error for one in host.records if one.origin == "built-in"] == [""] * len(BATTERIES)

    def test_a_file_is_a_plugin_with_its_own_version(self, drop: Drop, folder: Path) -> None:
        host = drop(chat=SINK.format(name="chat") + '\n    __version__ = "1.2"\n')

        assert "chat" in host.names(AlertSink)
        found = record(host, "chat")
        assert (found.origin, found.version, found.error) == (str(folder / "chat.py"), "1.2", "")
        assert [offer.description for offer in found.offers] == ["Takes alerts"]

    def test_a_plugin_may_speak_through_the_hook(self, drop: Drop) -> None:
        host = drop(
            many="""
            from retrospec.plugin import AlertSink, Registration, hookimpl

            class Sink(AlertSink):
                async def send(self, alert):
                    pass

            @hookimpl
            def retrospec_register():
                for name in ("one", "two"):
                    yield Registration(AlertSink, name, "Takes alerts", Sink)
            """
        )

        assert {"one", "two"} <= set(host.names(AlertSink))

    def test_what_a_plugin_imports_from_another_it_does_not_offer(self, drop: Drop) -> None:
        host = drop(borrower="from retrospec_plugins.alert_log import *\nfrom retrospec_plugins import alert_log\n")

        assert (record(host, "borrower").offers, record(host, "borrower").error) == ([], "")

    def test_files_that_begin_with_an_underscore_are_helpers_and_no_plugins(self, drop: Drop) -> None:
        host = drop(__init__="raise RuntimeError", _shared="raise RuntimeError")

        assert [one for one in host.records if one.error] == []

    def test_a_folder_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(SettingsError, match=r"PLUGINS_DIR=.*nowhere: there is no such folder"):
            PluginHost(BATTERIES, tmp_path / "nowhere")


BROKEN = {
    "raises": ("raise RuntimeError('no luck')", "RuntimeError: no luck"),
    "exits": ("import sys\nsys.exit(3)", "SystemExit: 3"),
    "misspelt": ("def broken(:\n    pass", "SyntaxError: "),
    "missing": ("import a_module_that_nobody_has", "ModuleNotFoundError: "),
    "marks_wrongly": (
        "from retrospec.plugin import alert_sink\n@alert_sink('x', 'y')\nclass Sink:\n    pass",
        "TypeError: Sink is offered as AlertSink but does not inherit from it",
    ),
    "offers_wrongly": (
        "from retrospec.plugin import hookimpl\n@hookimpl\ndef retrospec_register():\n    return [42]",
        "TypeError: 42 is not the registration of a known family",
    ),
    "offers_nothing": (
        "from retrospec.plugin import hookimpl\n@hookimpl\ndef retrospec_register():\n    return None",
        "TypeError: ",
    ),
    "fails_halfway": (
        dedent(SINK.format(name="half"))
        + "\nfrom retrospec.plugin import hookimpl\n@hookimpl\ndef retrospec_register():\n"
        + "    yield Sink.registration\n    raise ValueError('no more')",
        "ValueError: no more",
    ),
    "leaves": (
        "import sys\nfrom retrospec.plugin import hookimpl\n@hookimpl\ndef retrospec_register():\n    sys.exit('bye')",
        "SystemExit: bye",
    ),
    "hooks_wrongly": (
        "from retrospec.plugin import hookimpl\n@hookimpl\ndef retrospec_unheard_of():\n    return []",
        "PluginValidationError: ",
    ),
    "listens_wrongly": (
        "from retrospec.plugin import hookimpl\n@hookimpl\ndef retrospec_register(unheard_of):\n    return []",
        "PluginValidationError: ",
    ),
    "listens_half": (
        dedent(
            """
            from retrospec.plugin import hookimpl

            @hookimpl
            def retrospec_issue_promoted(event): ...

            @hookimpl
            def retrospec_session_ingested(unheard_of): ...
            """
        ),
        "PluginValidationError: ",
    ),
    "wraps": (
        "from retrospec.plugin import hookimpl\n@hookimpl(wrapper=True)\ndef retrospec_issue_promoted():\n    yield",
        "TypeError: retrospec_issue_promoted is a wrapper",
    ),
    "awaits": (
        "from retrospec.plugin import hookimpl\n@hookimpl\nasync def retrospec_issue_promoted(event):\n    pass",
        "TypeError: retrospec_issue_promoted is async",
    ),
    "claims": (dedent(SINK.format(name="log")), "ValueError: alerts plugin 'log' is already offered by alert_log"),
    "repeats": (
        dedent(SINK.format(name="twice")) + dedent(SINK.format(name="twice")).replace("Sink(", "Other("),
        "ValueError: alerts plugin 'twice' is already offered by repeats",
    ),
}


class TestIsolation:
    @pytest.mark.parametrize("name", BROKEN)
    def test_a_broken_plugin_is_named_and_the_others_load(self, drop: Drop, name: str) -> None:
        text, error = BROKEN[name]

        host = drop(**{name: text, "zz_good": SINK.format(name="good")})

        found = record(host, name)
        assert found.error.startswith(error)
        assert found.offers == []
        assert "good" in host.names(AlertSink)
        assert {"log", "webhook"} <= set(host.names(AlertSink))
        assert "half" not in host.names(AlertSink)

    def test_none_of_the_hooks_of_a_broken_one_is_called(self, drop: Drop) -> None:
        host = drop(**{name: text for name, (text, _) in BROKEN.items()})

        assert list(host.hooks("retrospec_issue_promoted")) == []

    def test_all_of_them_at_once(self, drop: Drop) -> None:
        host = drop(**{name: text for name, (text, _) in BROKEN.items()}, zz_good=SINK.format(name="good"))

        assert {one.name for one in host.records if one.error} == BROKEN.keys()
        assert "good" in host.names(AlertSink)

    def test_a_file_named_like_a_battery_takes_nothing_from_it(self, drop: Drop) -> None:
        host = drop(alert_log=SINK.format(name="chat"))

        (battery,) = [one for one in host.records if one.name == "alert_log" and one.origin == "built-in"]
        assert [offer.name for offer in battery.offers] == ["log"]
        assert record(host, "alert_log").error.startswith("ValueError: ")


class TestMaking:
    def test_one_that_is_missing_is_named_with_those_that_are_installed_and_those_that_failed(self, drop: Drop) -> None:
        host = drop(chat="raise RuntimeError('no luck')")

        with pytest.raises(PluginError) as refused:
            host.make(AlertSink, "chat", {}, setting="ALERT_SINKS")

        assert str(refused.value) == (
            f"ALERT_SINKS=chat: no alerts plugin of that name is installed "
            f"(installed: {', '.join(host.names(AlertSink))}); "
            "left out because they failed: chat: RuntimeError: no luck"
        )

    @pytest.mark.parametrize(
        ("family", "setting", "field"),
        [
            (StorageBackend, "STORAGE_BACKEND", "storage_backend"),
            (QueueBackend, "QUEUE_BACKEND", "queue_backend"),
            (Analyzer, "ANALYZER", "analyzer"),
            (Redactor, "REDACTOR", "redactor"),
            (AlertSink, "ALERT_SINKS", "alert_sinks"),
            (ClusteringStrategy, "CLUSTERING_STRATEGY", "clustering_strategy"),
        ],
    )
    def test_a_server_that_misses_one_does_not_start_and_says_what_is_installed(
        self, tmp_path: Path, family: type, setting: str, field: str
    ) -> None:
        with pytest.raises(PluginError) as refused:
            Runtime(load({}, data_dir=tmp_path, **{field: "nope"}))

        assert str(refused.value).startswith(f"{setting}=nope: no {FAMILIES[family]} plugin of that name is installed")
        for name in PluginHost(BATTERIES).names(family):
            assert name in str(refused.value)

    @pytest.mark.parametrize(
        ("section", "says"),
        [
            ({"room": "ops", "rooms": 3}, "plugin alerts.chat: field rooms: Extra inputs are not permitted"),
            ({"room": "ops", "size": "many"}, "plugin alerts.chat: field size: Input should be a valid integer"),
            ({}, "plugin alerts.chat: field room: Field required"),
        ],
    )
    def test_bad_settings_name_the_plugin_and_the_field(
        self, drop: Drop, section: dict[str, object], says: str
    ) -> None:
        host = drop(
            chat="""
            from pydantic import BaseModel, ConfigDict
            from retrospec.plugin import AlertSink, alert_sink

            class ChatSettings(BaseModel):
                model_config = ConfigDict(extra="forbid")
                room: str
                size: int = 3

            @alert_sink("chat", "Talks", settings=ChatSettings)
            class Chat(AlertSink):
                def __init__(self, settings):
                    self.settings = settings
                async def send(self, alert):
                    pass
            """
        )
        assert host.make(AlertSink, "chat", {"room": "ops"}, setting="ALERT_SINKS").settings.room == "ops"  # type: ignore[attr-defined]

        with pytest.raises(PluginError) as refused:
            host.make(AlertSink, "chat", section, setting="ALERT_SINKS")

        assert says in str(refused.value)

    def test_settings_for_one_that_takes_none_are_refused(self) -> None:
        with pytest.raises(PluginError, match=r"plugin alerts.log: takes no settings, but \[alerts.log\] has room"):
            PluginHost(BATTERIES).make(AlertSink, "log", {"room": 1}, setting="ALERT_SINKS")

    @pytest.mark.parametrize(
        ("made", "says"),
        [
            ("raise OSError('no disk')", "cannot be made: OSError: no disk"),
            ("import sys; sys.exit(1)", "cannot be made: SystemExit: 1"),
        ],
    )
    def test_one_that_cannot_be_made_is_named(self, drop: Drop, made: str, says: str) -> None:
        text = SINK.format(name="chat") + f"        def __init__(self):\n            {made}\n"

        with pytest.raises(PluginError, match=f"plugin alerts.chat: {says}"):
            drop(chat=text).make(AlertSink, "chat", {}, setting="ALERT_SINKS")

    def test_one_that_makes_something_else_is_named(self, drop: Drop) -> None:
        host = drop(
            odd="""
            from retrospec.plugin import AlertSink, Registration, hookimpl

            @hookimpl
            def retrospec_register():
                return [Registration(AlertSink, "odd", "Makes nothing", lambda: None)]
            """
        )

        with pytest.raises(PluginError, match=r"plugin alerts.odd: made a NoneType, which is no AlertSink"):
            host.make(AlertSink, "odd", {}, setting="ALERT_SINKS")


class TestRunning:
    async def test_a_file_in_the_folder_is_a_sink_that_gets_alerts(self, make_client: MakeClient, folder: Path) -> None:
        (folder / "post.py").write_text(
            dedent(
                """
                import httpx
                from pydantic import BaseModel
                from retrospec.plugin import AlertSink, alert_sink

                class PostSettings(BaseModel):
                    url: str

                @alert_sink("post", "Posts the symptom", settings=PostSettings)
                class Post(AlertSink):
                    def __init__(self, settings):
                        self.url = settings.url

                    async def send(self, alert):
                        async with httpx.AsyncClient(trust_env=False) as http:
                            await http.post(self.url, json={"id": alert.id, "symptom": alert.cluster.symptom})
                """
            )
        )
        async with Receiver() as receiver:
            client = await make_client(
                plugins_dir=folder,
                alert_sinks=("post",),
                alerts={"post": {"url": receiver.url}},
                alert_min_cluster_confidence=0.5,
            )
            await client.issue(label="It broke")
            await receiver.until(1)

        assert receiver.requests[0].json()["symptom"] == "It broke"
        assert receiver.requests[0].json()["id"].startswith("alert_")

    async def test_a_strategy_that_fails_is_counted_and_its_markers_are_grouped_plainly(
        self, make_client: MakeClient, folder: Path
    ) -> None:
        (folder / "moody.py").write_text(
            dedent(
                """
                from retrospec.plugin import ClusteringStrategy, clustering_strategy

                @clustering_strategy("moody", "Fails")
                class Moody(ClusteringStrategy):
                    version = 7

                    def keys(self, markers):
                        match markers[0].label:
                            case "raise":
                                raise RuntimeError("not today")
                            case "few":
                                return []
                            case "odd":
                                return [None for _ in markers]
                            case "wrong":
                                return ["no key" for _ in markers]
                        return [f"{marker.kind}:{'7' * 16}" for marker in markers]
                """
            )
        )
        client = await make_client(plugins_dir=folder, clustering_strategy="moody")

        keys = {}
        for label in ("good", "raise", "few", "odd", "wrong"):
            answers = [await client.ingest(f"{label}-{number}", marker(label=label)) for number in range(2)]
            (keys[label],) = {answer["session"]["markers"][0]["clusterKey"] for answer in answers}

        assert keys.pop("good") == f"api_error:{'7' * 16}"
        assert len(set(keys.values())) == 4
        strategies = {one["symptom"]: (one["strategy"], one["strategyVersion"]) for one in await _issues(client)}
        assert strategies == {"good": ("moody", 7)} | dict.fromkeys(keys, ("plain", 1))

        async def counted() -> bool:
            said = (await client.http.get("/metrics")).text
            return 'retrospec_plugin_errors_total{family="clustering",plugin="moody"} 8.0' in said

        await eventually(counted)

    async def test_one_that_cannot_be_opened_is_named_and_stops_the_start(
        self, make_client: MakeClient, folder: Path
    ) -> None:
        (folder / "chat.py").write_text(
            dedent(SINK.format(name="chat")) + "    async def open(self):\n        raise OSError('no line')\n"
        )

        with pytest.raises(PluginError, match=r"plugin alerts.chat: cannot be opened: OSError: no line"):
            await make_client(plugins_dir=folder, alert_sinks=("chat",))

    async def test_a_strategy_that_nobody_asked_for_stops_no_start(self, make_client: MakeClient, folder: Path) -> None:
        (folder / "strange.py").write_text(
            dedent(
                """
                from retrospec.plugin import ClusteringStrategy, clustering_strategy

                @clustering_strategy("strange", "Cannot be opened")
                class Strange(ClusteringStrategy):
                    version = 1

                    async def open(self):
                        raise OSError("no model")

                    def keys(self, markers):
                        return []
                """
            )
        )
        client = await make_client(plugins_dir=folder)

        path = "/v1/admin/projects/proj_default"
        refused = await client.admin("PATCH", path, 400, json={"clusteringStrategy": "strange"})

        assert "clusteringStrategy 'strange' is not installed" in refused["error"]


async def _issues(client: object) -> list[dict[str, object]]:
    found: list[dict[str, object]] = (await client.get("/v1/issues"))["issues"]  # type: ignore[attr-defined]
    return found
