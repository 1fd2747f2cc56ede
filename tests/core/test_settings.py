"""Settings: where they come from, what each allows, and what a wrong one gets."""

from pathlib import Path
from typing import Any

import pytest

from retrospec.core.errors import SettingsError
from retrospec.core.settings import PLUGIN_SECTIONS, Settings, is_loopback
from retrospec.core.settings_sources import is_secret, load, shown

SECRET = "s3cret-Zq99mW"
# A value of each setting that is not its default, as the environment has it, and as it is read.
NUMBERS = {
    name
    for name, field in Settings.model_fields.items()
    if field.annotation in {int, float} and name not in PLUGIN_SECTIONS
}


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder without a settings file."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_with_none_set_the_server_is_embedded_and_for_this_machine_only() -> None:
    settings = load({})

    assert (settings.orchestrator_host, settings.orchestrator_port) == ("127.0.0.1", 8080)
    assert settings.database == f"sqlite://{Path('data').absolute() / 'retrospec.db'}"
    assert (settings.storage_name, settings.queue_name, settings.sink_names) == ("local", "database", ())
    assert (settings.anonymous, settings.runs_embedded_worker) == ("full", True)


@pytest.mark.parametrize("name", sorted(NUMBERS))
def test_every_number_has_limits_and_a_refusal_names_setting_value_and_limit(name: str) -> None:
    for wrong in ("-1", "1e18", "many", "nan"):
        with pytest.raises(SettingsError) as refused:
            load({name.upper(): wrong})
        said = str(refused.value)
        assert said.startswith(f"{name.upper()}={wrong}: input should be"), said
        assert "\n" not in said


def test_each_wrong_setting_has_a_line_of_its_own() -> None:
    with pytest.raises(SettingsError) as refused:
        load({"ORCHESTRATOR_PORT": "x", "LOG_FORMAT": "xml", "ANONYMOUS_ACCESS": "some"})

    assert [line.partition("=")[0] for line in str(refused.value).splitlines()] == [
        "ORCHESTRATOR_PORT",
        "ANONYMOUS_ACCESS",
        "LOG_FORMAT",
    ]
    assert "'console' or 'json'" in str(refused.value)


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"DATABASE_URL": f"mysql://u:{SECRET}@h/d"}, "DATABASE_URL=(hidden): must begin with postgres://"),
        (
            {"ALERT_WEBHOOK_URL": f"ftp://{SECRET}"},
            "ALERT_WEBHOOK_URL=(hidden): must be an http:// or https:// address",
        ),
        ({"ALERT_WEBHOOK_URL": f"http:///{SECRET}"}, "ALERT_WEBHOOK_URL=(hidden): must be"),
        ({"ALERT_ISSUE_URL": "dash.example/{key}"}, "ALERT_ISSUE_URL=dash.example/{key}: must be an http://"),
        ({"ALERT_ISSUE_URL": "http://d/{session}"}, "ALERT_ISSUE_URL=http://d/{session}: may hold {project} and {key}"),
        ({"ALERT_REPLAY_URL": "http://d/{key}"}, "ALERT_REPLAY_URL=http://d/{key}: may hold {project} and {session}"),
        ({"PUBLIC_URL": "http://d/{key}"}, "PUBLIC_URL=http://d/{key}: may hold no braces"),
        ({"TRUSTED_PROXIES": "10.0.0.0/8, nonsense"}, "TRUSTED_PROXIES.1=nonsense: input is not a valid"),
        ({"REPLAY_QUEUE_NAME": "a b"}, "REPLAY_QUEUE_NAME=a b: string should match"),
        ({"REPLAY_QUEUE_NAME": "same", "ANALYSIS_QUEUE_NAME": "same"}, "REPLAY_QUEUE_NAME and ANALYSIS_QUEUE_NAME"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL=LOUD: input should be 'DEBUG', 'INFO'"),
        ({"EMBEDDED_WORKER": "perhaps"}, "EMBEDDED_WORKER=perhaps: input should be a valid boolean"),
    ],
)
def test_what_cannot_be_used_is_named_with_what_is_allowed(environ: dict[str, str], says: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load(environ)

    assert str(refused.value).startswith(says)
    assert SECRET not in str(refused.value)
    assert "\n" not in str(refused.value)


class TestSources:
    def test_the_environment_goes_before_the_file_and_the_file_before_the_default(self, empty_folder: Path) -> None:
        (empty_folder / "retrospec.toml").write_text('session_retention_days = 30\nLOG_LEVEL = "warning"\n')

        assert load({}).session_retention_days == 30
        settings = load({"SESSION_RETENTION_DAYS": "3"})

        assert (settings.session_retention_days, settings.log_level, settings.max_body_bytes) == (3, "WARNING", 2**23)
        assert load({"SESSION_RETENTION_DAYS": "3"}, session_retention_days=1).session_retention_days == 1

    def test_an_empty_value_counts_as_unset(self, empty_folder: Path) -> None:
        (empty_folder / "retrospec.toml").write_text('redis_url = ""\n')

        settings = load({"S3_BUCKET": "", "EMBEDDED_WORKER": "", "ADMIN_API_KEY": "", "ADMIN_API_KEY_FILE": ""})

        assert (settings.storage_name, settings.queue_name, settings.admin_api_key) == ("local", "database", None)

    def test_a_secret_is_read_from_a_file(self, empty_folder: Path) -> None:
        (empty_folder / "key").write_text(f" {SECRET}\n")

        settings = load({"ADMIN_API_KEY_FILE": str(empty_folder / "key")})

        assert settings.admin_api_key is not None
        assert settings.admin_api_key.get_secret_value() == SECRET

    def test_a_setting_and_its_file_exclude_each_other(self) -> None:
        with pytest.raises(SettingsError, match="ADMIN_API_KEY and ADMIN_API_KEY_FILE are both set"):
            load({"ADMIN_API_KEY": "a", "ADMIN_API_KEY_FILE": "b"})

    def test_a_file_that_cannot_be_read_is_named(self, empty_folder: Path) -> None:
        with pytest.raises(SettingsError, match=r"ADMIN_API_KEY_FILE=.*missing: cannot be read"):
            load({"ADMIN_API_KEY_FILE": str(empty_folder / "missing")})
        with pytest.raises(SettingsError, match=r"RETROSPEC_CONFIG=.*missing: cannot be read"):
            load({"RETROSPEC_CONFIG": str(empty_folder / "missing")})

    @pytest.mark.parametrize(
        ("text", "says"),
        [("session_retention_day = 3", "unknown setting 'session_retention_day'"), ("a = ", "not valid TOML")],
    )
    def test_a_settings_file_with_a_mistake_is_named(self, empty_folder: Path, text: str, says: str) -> None:
        file = empty_folder / "mine.toml"
        file.write_text(text)

        with pytest.raises(SettingsError) as refused:
            load({"RETROSPEC_CONFIG": str(file)})

        assert str(refused.value).startswith(f"{file}: {says}")

    def test_a_settings_file_that_is_no_text_is_named(self, empty_folder: Path) -> None:
        (empty_folder / "retrospec.toml").write_bytes(b"\xff\xfe")

        with pytest.raises(SettingsError, match="not valid TOML"):
            load({})

    def test_plugins_have_sections_in_the_file(self, empty_folder: Path) -> None:
        (empty_folder / "retrospec.toml").write_text('[alerts.chat]\nroom = "ops"\n[storage.local]\nroot = "/srv"\n')

        settings = load({})

        assert settings.plugin_section("alerts", "chat") == {"room": "ops"}
        assert settings.plugin_section("storage", "local") == {"root": "/srv"}
        assert settings.plugin_section("queue", "database") == {}


class TestMeaning:
    @pytest.mark.parametrize(
        ("environ", "url"),
        [
            ({"DATABASE_URL": "postgres://u@h/d", "POSTGRES_HOST": "other"}, "postgres://u@h/d"),
            ({"POSTGRES_HOST": "db"}, "postgres://postgres:@db:5432/retrospec"),
            (
                {"POSTGRES_HOST": "db", "POSTGRES_PORT": "6000", "POSTGRES_USER": "a@b", "POSTGRES_PASSWORD": "p/:@?"},
                "postgres://a%40b:p%2F%3A%40%3F@db:6000/retrospec",
            ),
            ({"DATABASE_URL": "sqlite:///srv/x.db"}, "sqlite:///srv/x.db"),
            ({"DATA_DIR": "/srv/data"}, "sqlite:///srv/data/retrospec.db"),
        ],
    )
    def test_the_database_is_what_the_settings_name_first(self, environ: dict[str, str], url: str) -> None:
        assert load(environ).database == url

    @pytest.mark.parametrize(
        ("environ", "access"),
        [
            ({}, "full"),
            ({"ORCHESTRATOR_HOST": "::1"}, "full"),
            ({"ORCHESTRATOR_HOST": "localhost"}, "full"),
            ({"ORCHESTRATOR_HOST": "0.0.0.0"}, "none"),
            ({"ORCHESTRATOR_HOST": "::"}, "none"),
            ({"ORCHESTRATOR_HOST": "192.168.0.7"}, "none"),
            ({"ORCHESTRATOR_HOST": "shop.example"}, "none"),
            ({"INGEST_API_KEY": "k"}, "none"),
            ({"ORCHESTRATOR_HOST": "0.0.0.0", "ANONYMOUS_ACCESS": "Write"}, "write"),
            ({"ANONYMOUS_ACCESS": "none"}, "none"),
        ],
    )
    def test_opening_a_port_to_a_network_never_opens_the_data(self, environ: dict[str, str], access: str) -> None:
        assert load(environ).anonymous == access

    @pytest.mark.parametrize(
        ("environ", "runs"),
        [
            ({}, True),
            ({"DATABASE_URL": "postgres://h/d"}, False),
            ({"REDIS_HOST": "r"}, False),
            ({"S3_BUCKET": "b"}, False),
            ({"QUEUE_BACKEND": "memory"}, False),
            ({"DATABASE_URL": "postgres://h/d", "EMBEDDED_WORKER": "true"}, True),
            ({"EMBEDDED_WORKER": "false"}, False),
        ],
    )
    def test_the_worker_is_embedded_where_everything_is(self, environ: dict[str, str], *, runs: bool) -> None:
        assert load(environ).runs_embedded_worker is runs

    def test_other_services_take_over_when_they_are_named(self) -> None:
        settings = load({"REDIS_URL": "redis://r", "S3_BUCKET": "b", "ALERT_WEBHOOK_URL": "http://h/x"})

        assert (settings.queue_name, settings.storage_name, settings.sink_names) == ("redis", "s3", ("webhook",))
        named = load({"REDIS_URL": "redis://r", "QUEUE_BACKEND": "database", "STORAGE_BACKEND": "local"})
        assert (named.queue_name, named.storage_name) == ("database", "local")

    def test_a_sink_that_is_named_twice_is_used_once(self) -> None:
        settings = load({"ALERT_SINKS": " log , webhook,,log", "ALERT_WEBHOOK_URL": "http://h/x"})

        assert settings.sink_names == ("log", "webhook")

    @pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
    def test_this_machine_is_known(self, host: str) -> None:
        assert is_loopback(host)

    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "127.0.0.1.example", "", "::ffff:10.0.0.1"])
    def test_others_are_not_taken_for_this_machine(self, host: str) -> None:
        assert not is_loopback(host)


class TestSecrets:
    def test_no_secret_is_shown_in_any_form(self) -> None:
        secrets = {name: SECRET for name in Settings.model_fields if is_secret(name)}
        urls = {
            "database_url": f"postgres://u:{SECRET}@h/d",
            "redis_url": f"redis://:{SECRET}@h",
            "alert_webhook_url": f"https://h/{SECRET}",
        }
        settings = load({name.upper(): value for name, value in {**secrets, **urls}.items()})

        for form in (repr(settings), str(settings), settings.model_dump_json(), str(shown(settings))):
            assert SECRET not in form
        assert shown(settings)["ADMIN_API_KEY"] == "(hidden)"
        assert shown(settings).keys() == {name.upper() for name in Settings.model_fields}

    def test_what_is_called_a_key_or_a_password_is_a_secret(self) -> None:
        for name in Settings.model_fields:
            if any(word in name for word in ("_key", "password", "secret", "auth_header", "_url")):
                # A key of the cloud's that nobody opens anything with, and addresses for everybody.
                open_ones = {"s3_kms_key_id", "public_url", "alert_issue_url", "alert_replay_url"}
                assert is_secret(name) or name in open_ones, name


def test_every_setting_says_what_it_is() -> None:
    undescribed: list[Any] = [name for name, field in Settings.model_fields.items() if not field.description]

    assert undescribed == []
