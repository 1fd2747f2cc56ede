"""What never changes a key, and what always does, for any values at all."""

import re
import string
from collections.abc import Callable

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from retrospec.plugin import MarkerFacts
from tests.plugins.cluster_fingerprint.builders import SHOP, api, field, gecko, get, js, key, rage, ui, v8

# A busy machine is no reason to fail.
unhurried = settings(deadline=None)

HEX = "0123456789abcdef"
BASE64 = string.ascii_letters + string.digits + "_-"
IDS = st.one_of(
    st.integers(0, 10**30).map(str),
    st.uuids().map(str),
    st.uuids().map(lambda each: str(each).upper()),
    st.uuids().map(lambda each: each.hex),
    st.text(HEX, min_size=12, max_size=40).filter(lambda each: not each.isalpha()),
    st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=24, max_size=24).map("01{}".format),
    st.dates().map(str),
    st.integers(1000, 10**9).map("ord_{}".format),
    st.integers(100, 10**9).map("oak-table-{}".format),
)
NAMES = st.sampled_from(
    [
        "account",
        "activity",
        "basket",
        "billing",
        "calendar",
        "campaign",
        "catalog",
        "delivery",
        "discount",
        "gallery",
        "inventory",
        "invoice",
        "ledger",
        "location",
        "member",
        "menu",
        "newsletter",
        "payment",
        "picture",
        "policy",
        "postcode",
        "price",
        "profile",
        "quantity",
        "rating",
        "region",
        "report",
        "review",
        "schedule",
        "search",
        "seller",
        "shelf",
        "shipping",
        "stock",
        "street",
        "subscription",
        "supplier",
        "ticket",
        "voucher",
        "warehouse",
    ]
)
LOCALES = st.sampled_from(["de", "fr", "pt-BR", "en-US", "en", "zh-CN", "ja"])
SPACES = st.sampled_from([" ", "  ", "\t", "\n", " \r\n ", "\u00a0"])
TWO_NAMES = st.lists(NAMES, min_size=2, max_size=2, unique=True)

WITH_AN_ID: dict[str, Callable[[str], MarkerFacts]] = {
    "in an endpoint": lambda each: get(f"/shelves/{each}/parts"),
    "at the end of an endpoint": lambda each: get(f"/v2/shelves/{each}"),
    "in a query": lambda each: get(f"/shelves?after={each}&limit=20"),
    "in the page of a control": lambda each: rage("tag:button|id:save", route=f"/shelves/{each}/edit"),
    "in the page of a field": lambda each: field("email", route=f"/shelves/{each}"),
    "in a text": lambda each: js(f"Shelf {each} is gone", v8("load")),
}
BY_NAME: dict[str, Callable[[str], MarkerFacts]] = {
    "endpoints": lambda name: get(f"/{name}"),
    "endpoints below an id": lambda name: get(f"/shelves/7/{name}"),
    "selectors of buttons": lambda name: ui("Click changed nothing", hint=f"ui_no_effect:form#pay button#{name}"),
    "selectors of fields": lambda name: MarkerFacts(
        "/", "validation_failed", f"input[name={name}]", "Please fill out this field.", ""
    ),
    "services": lambda name: get("/x", host=f"{name}.shop.example"),
    "operations": lambda name: api(f"POST https://a.example/graphql?operationName={name.title()} -> 500"),
    "functions in Chrome": lambda name: js("boom", v8(f"Shop.{name}")),
    "functions in Firefox": lambda name: js("boom", gecko(f"{name}/<")),
    "modules": lambda name: js("boom", v8("a", f"{SHOP}/assets/{name}-8f3a2b1c.js")),
    "properties": lambda name: js(f"Cannot read properties of undefined (reading '{name}')", v8("load")),
    "variables": lambda name: js(f"{name} is not defined", v8("load")),
    "buttons": lambda name: rage(f"tag:button|id:{name}"),
    "texts of buttons": lambda name: rage(f"tag:button|class:btn|text:{name}-now"),
    "pages of buttons": lambda name: rage("tag:button|text:apply", route=f"/{name}"),
    "fields": field,
    "forms": lambda name: field("email", route=f"/{name}"),
    "messages of sites": lambda name: field("email", f"This {name} is not ours"),
}


@pytest.mark.parametrize("place", WITH_AN_ID)
@unhurried
@given(one=IDS, other=IDS)
def test_no_id_changes_a_key(place: str, one: str, other: str) -> None:
    assert key(WITH_AN_ID[place](one)) == key(WITH_AN_ID[place](other))


@unhurried
@given(st.text(BASE64, min_size=21, max_size=21), st.sampled_from(["in an endpoint", "in a text"]))
def test_no_nano_id_changes_a_key(one: str, place: str) -> None:
    assume(any(map(str.isdigit, one)) and one[0].isalnum() and one[-1].isalnum())
    assert key(WITH_AN_ID[place](one)) == key(WITH_AN_ID[place]("V1StGXR8_Z5jdHi6B-myT"))


@unhurried
@given(st.integers(1, 65535), st.sampled_from(["http", "https", "HTTPS", "wss"]))
def test_neither_port_nor_scheme_changes_a_key(port: int, scheme: str) -> None:
    assert key(api(f"GET {scheme}://api.shop.example:{port}/orders -> 500")) == key(get("/orders"))


@unhurried
@given(LOCALES)
def test_no_locale_in_a_path_changes_a_key(locale: str) -> None:
    assert key(get(f"/{locale}/orders")) == key(get("/orders"))
    assert key(field("email", route=f"/{locale}/orders/7")) == key(field("email", route="/orders/7"))
    assert key(rage("tag:button|id:save", route=f"/{locale}")) == key(rage("tag:button|id:save", route="/"))


@unhurried
@given(
    st.one_of(
        st.text(HEX, min_size=8, max_size=20).filter(lambda each: re.search(r"\d", each)),
        st.text(string.ascii_letters + string.digits, min_size=8, max_size=8).filter(
            lambda each: re.search(r"\d", each) and re.search(r"[A-Z]", each)
        ),
    ),
    st.sampled_from(".-"),
    st.integers(1, 10**6),
)
def test_neither_build_nor_position_changes_a_key(build: str, joint: str, position: int) -> None:
    for name in ("Cart.total", "t"):
        built = v8(name, f"{SHOP}/app{joint}{build}.js").replace(":10:20", f":{position % 9}:{position}")
        assert key(js("boom", built)) == key(js("boom", v8(name, f"{SHOP}/app.js")))


@unhurried
@given(st.lists(NAMES, min_size=1, max_size=5), st.data())
def test_neither_case_nor_whitespace_changes_a_key(names: list[str], data: st.DataObject) -> None:
    redressed = "".join(
        data.draw(st.sampled_from([name, name.upper(), name.title()])) + data.draw(SPACES) for name in names
    )
    for make in (js, ui, api):
        assert key(make(redressed)) == key(make(" ".join(names)))


@pytest.mark.parametrize("what", BY_NAME)
@unhurried
@given(names=TWO_NAMES)
def test_distinct_names_never_share_a_key(what: str, names: list[str]) -> None:
    one, other = names
    assert key(BY_NAME[what](one)) != key(BY_NAME[what](other))


@unhurried
@given(st.integers(400, 499), st.integers(400, 599))
def test_each_status_below_500_is_its_own(one: int, other: int) -> None:
    assume(one != other)
    assert key(get("/x", str(one))) != key(get("/x", str(other)))


@unhurried
@given(st.lists(st.integers(1, 40), min_size=2, max_size=2, unique=True))
def test_each_version_of_an_api_is_its_own(versions: list[int]) -> None:
    one, other = (f"/v{version}/orders/7" for version in versions)
    assert key(get(one)) != key(get(other))


@unhurried
@given(st.lists(st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]), min_size=2, max_size=2, unique=True))
def test_each_method_is_its_own(methods: list[str]) -> None:
    one, other = (api(f"{method} https://api.shop.example/orders -> 500") for method in methods)
    assert key(one) != key(other)


@unhurried
@given(st.integers(500, 599))
def test_servers_fail_in_one_way(status: int) -> None:
    assert key(get("/x", str(status))) == key(get("/x"))


@unhurried
@given(
    st.builds(MarkerFacts, st.text(), st.sampled_from(["api_error", "js_exception", "ui_no_effect"]), *[st.text()] * 3)
)
def test_any_text_at_all_gets_a_key(marker: MarkerFacts) -> None:
    assert re.fullmatch(rf"{marker.kind}:[0-9a-f]{{16}}", key(marker))


@unhurried
@given(st.integers(1, 120))
def test_a_stack_cut_off_behind_its_first_function_is_the_same(length: int) -> None:
    whole = v8("Cart.total")
    assume(length > whole.index("(") + 1)
    assert key(js("boom", whole[:length])) == key(js("boom", whole))
