"""`retrospec config`, and that what is written about the settings agrees with the code, both ways."""

import re
import tomllib
from pathlib import Path

from retrospec.cli.reference import plugin_tables, settings_parts, settings_toml
from retrospec.core.settings import PLUGIN_SECTIONS, Settings
from retrospec.core.settings_sources import load
from scripts.write_reference import with_tables
from tests.cli.conftest import Cli

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
STALE = "is behind the code: run `python -m scripts.write_reference`"
SECRETS = {
    "ADMIN_API_KEY": "of-the-operator",
    "ALERT_WEBHOOK_URL": "https://hooks.example.com/hidden-path",
    "DATABASE_URL": "sqlite:///tmp/hidden.db",
    "S3_SECRET_KEY": "of-the-bucket",
}

IN_PRODUCTION = {
    "DATABASE_URL": "postgres://retrospec:hidden@db.internal:5432/retrospec",
    "REDIS_URL": "rediss://:hidden@redis.internal:6379/0",
    "ALERT_WEBHOOK_URL": "https://hooks.example.com/hidden-path",
}


def sources(cli: Cli, **environ: str) -> dict[str, tuple[str, str]]:
    return {one["name"]: (one["value"], one["source"]) for one in cli.json("config", "show", **environ)["settings"]}


def test_every_setting_is_shown_with_its_value_and_where_it_comes_from(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "retrospec.toml").write_text('session_retention_days = 30\nlog_format = "json"\n')
    (tmp_path / "secret").write_text("from a file\n")
    shown = sources(cli, LOG_FORMAT="console", ADMIN_API_KEY_FILE=str(tmp_path / "secret"))
    assert set(shown) == {name.upper() for name in Settings.model_fields}
    assert shown["SESSION_RETENTION_DAYS"] == ("30", "retrospec.toml")
    assert shown["LOG_FORMAT"] == ("console", "environment")
    assert shown["ADMIN_API_KEY"] == ("(hidden)", "ADMIN_API_KEY_FILE")
    assert shown["ORCHESTRATOR_PORT"] == ("8080", "default")


def test_an_empty_variable_leaves_the_default(cli: Cli) -> None:
    assert sources(cli, ORCHESTRATOR_PORT="")["ORCHESTRATOR_PORT"] == ("8080", "default")


def test_secrets_are_never_shown(cli: Cli) -> None:
    for options in ((), ("--json",)):
        text = cli.prints("config", "show", *options, **SECRETS)
        assert text.count("(hidden)") >= len(SECRETS)
        assert not any(secret in text for secret in SECRETS.values())


def test_good_settings_are_called_good(cli: Cli, tmp_path: Path) -> None:
    assert cli.prints("config", "check") == "the settings are good (environment; no file)\n"
    (tmp_path / "own.toml").write_text("session_retention_days = 30\n")
    assert "and own.toml" in cli.prints("config", "check", RETROSPEC_CONFIG="own.toml")
    assert cli.json("config", "check") == {"ok": True, "errors": []}


def test_each_bad_setting_gets_a_line_with_its_name_its_value_and_what_is_allowed(cli: Cli) -> None:
    said = cli.fails("config", "check", SESSION_RETENTION_DAYS="-1", LOG_FORMAT="xml").splitlines()
    assert said == [
        "error: SESSION_RETENTION_DAYS=-1: input should be greater than or equal to 1",
        "error: LOG_FORMAT=xml: input should be 'console' or 'json'",
    ]


def test_settings_of_plugins_are_checked_too(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "retrospec.toml").write_text("[alerts.webhook]\ntimeout_seconds = -1\n")
    said = cli.fails("config", "check", ALERT_SINKS="webhook,pager", ANALYZER="oracle")
    assert "error: ANALYZER=oracle: no analysis plugin of that name is installed (installed: heuristic" in said
    assert "error: plugin alerts.webhook: field url" in said
    assert "field timeout_seconds" in said
    assert "error: ALERT_SINKS=pager: no alerts plugin" in said


def test_bad_settings_are_told_as_json_too(cli: Cli) -> None:
    result = cli("config", "check", "--json", LOG_FORMAT="xml")
    assert result.exit_code == 1
    assert '"ok": false' in result.stdout
    assert "LOG_FORMAT=xml" in result.stdout


def test_the_printed_file_is_the_one_in_the_project(cli: Cli) -> None:
    assert (ROOT / "config/default.toml").read_text(encoding="utf-8") == cli.prints("config", "show", "--toml"), STALE


def test_the_printed_file_uncommented_changes_nothing(cli: Cli, tmp_path: Path) -> None:
    plain = settings_toml().partition("## Settings of plugins")[0]
    (tmp_path / "all.toml").write_text(re.sub(r"(?m)^# (\w+ = )", r"\1", plain))
    table = tomllib.loads((tmp_path / "all.toml").read_text())
    assert set(table) == set(Settings.model_fields) - set(PLUGIN_SECTIONS)
    assert load({"RETROSPEC_CONFIG": str(tmp_path / "all.toml")}) == load({})


def test_the_printed_file_as_it_stands_changes_nothing(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "retrospec.toml").write_text(settings_toml())
    assert cli.prints("config", "check").startswith("the settings are good")


def test_the_example_for_production_is_called_good_with_its_secrets(cli: Cli, tmp_path: Path) -> None:
    example = (ROOT / "config/production.example.toml").read_text(encoding="utf-8")
    # As it stands, and with what is only proposed.
    for name, text in (("as-is", example), ("all", re.sub(r"(?m)^# (\w+ = |\[)", r"\1", example))):
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
        secrets = {}
        for secret in re.findall(r"\b([A-Z_]+)_FILE\b", example):
            (tmp_path / secret).write_text(IN_PRODUCTION.get(secret, "long-enough"))
            secrets[f"{secret}_FILE"] = str(tmp_path / secret)

        said = cli.prints("config", "check", RETROSPEC_CONFIG=f"{name}.toml", **secrets)

        assert said == f"the settings are good (environment and {name}.toml)\n"
        settings = load({"RETROSPEC_CONFIG": str(tmp_path / f"{name}.toml"), **secrets})
        assert (settings.storage_name, settings.queue_name, settings.on_sqlite) == ("s3", "redis", False)
        assert (settings.anonymous, settings.runs_embedded_worker) == ("none", False)
        assert settings.sink_names == ("log", "webhook")


def test_the_tables_of_the_page_are_those_of_the_code() -> None:
    assert with_tables(PAGE) == PAGE, STALE


def test_the_page_names_every_setting_once_and_none_that_is_not_there() -> None:
    named = re.findall(r"(?m)^\| `([A-Z0-9_]+)` \|", PAGE)
    assert sorted(named) == sorted(name.upper() for name in Settings.model_fields if name not in PLUGIN_SECTIONS)


def test_every_setting_is_explained() -> None:
    parts = [*settings_parts().values(), *plugin_tables().values()]
    assert [one.name for part in parts for one in part if not one.meaning] == []


def test_every_plugin_table_belongs_to_a_known_family() -> None:
    assert {place.partition(".")[0] for place in plugin_tables()} <= set(PLUGIN_SECTIONS)
