import pytest

from retrospec.core.cors import Cors, Origins, checked_origins
from retrospec.core.errors import Invalid, SettingsError
from retrospec.core.settings import Settings


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("*", "*"),
        ("https://shop.example", "https://shop.example"),
        ("  https://shop.example ", "https://shop.example"),
        ("HTTPS://Shop.Example", "https://shop.example"),
        ("https://shop.example:443", "https://shop.example"),
        ("http://shop.example:80", "http://shop.example"),
        ("http://shop.example:443", "http://shop.example:443"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("capacitor://localhost", "capacitor://localhost"),
        ("https://a_b.example", "https://a_b.example"),
    ],
)
def test_an_origin_is_kept_as_browsers_send_it(given: str, kept: str) -> None:
    assert checked_origins([given], "allowedOrigins") == (kept,)


@pytest.mark.parametrize(
    "given",
    [
        "",
        "null",
        "shop.example",
        "https://",
        "https://shop.example/",
        "https://shop.example/path",
        "https://*.shop.example",
        "https://user@shop.example",
        "https://shop.example:",
        "https://shop.example:0",
        "https://shop.example:65536",
        "https://shop.example:٣",
        "https://shöp.example",
        "https://shop.example\n.other.example",
        "https://shop.example https://other.example",
        "https://" + "a" * 300,
    ],
)
def test_what_is_no_origin_is_refused_by_name(given: str) -> None:
    with pytest.raises(Invalid, match=r"allowedOrigins: .* is not an origin"):
        checked_origins(["https://good.example", given], "allowedOrigins")


def test_each_origin_is_kept_once() -> None:
    assert checked_origins(["http://a.example", "HTTP://a.example:80", "*"], "x") == ("http://a.example", "*")


async def no_projects() -> Origins:
    return frozenset()


def test_a_bad_origin_in_the_settings_stops_the_start() -> None:
    with pytest.raises(SettingsError, match=r"CORS_ALLOWED_ORIGINS: 'shop\.example' is not an origin"):
        Cors.of(Settings(cors_allowed_origins=("shop.example",)), no_projects)


def test_the_settings_allow_any_origin_by_default() -> None:
    assert Cors.of(Settings(), no_projects).allowed == {"*"}
