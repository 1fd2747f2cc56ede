"""Two tables say what `fingerprint1` takes for one failure and what it keeps apart. Add to them."""

import re
from collections.abc import Callable
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrospec.plugin import MarkerFacts
from retrospec_plugins.cluster_fingerprint1 import Fingerprint1, describe


def api(label: str, *, hint: str = "", evidence: str = "", route: str = "/checkout") -> MarkerFacts:
    return MarkerFacts(route, "api_error", hint, label, evidence)


def js(label: str, evidence: str = "", *, hint: str = "", route: str = "/checkout") -> MarkerFacts:
    return MarkerFacts(route, "js_exception", hint, label, evidence)


def ui(label: str, *, route: str = "/checkout", hint: str = "") -> MarkerFacts:
    return MarkerFacts(route, "ui_no_effect", hint, label, "")


def field(label: str, *, route: str = "/checkout", hint: str = "") -> MarkerFacts:
    return MarkerFacts(route, "validation_failed", hint, label, "")


def key(marker: MarkerFacts) -> str:
    (only,) = Fingerprint1().keys([marker])
    return only


def v8(function: str, file: str = "https://shop.example/assets/app.js") -> str:
    return f"Error: boom\n    at {function} ({file}:10:20)\n    at dispatch ({file}:1:2)"


def gecko(function: str, file: str = "https://shop.example/assets/app.js") -> str:
    return f"{function}@{file}:10:20\ndispatch@{file}:1:2"


ORDERS = "GET https://api.shop.example/orders"
DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"

ALIKE = {
    # Ids in addresses.
    "numeric ids of any length": (api(f"{ORDERS}/7 -> 500"), api(f"{ORDERS}/123456 -> 500")),
    "hexadecimal ids of any length": (api(f"{ORDERS}/7f -> 500"), api(f"{ORDERS}/{DIGEST} -> 500")),
    "a number and a UUID": (
        api(f"{ORDERS}/7 -> 500"),
        api(f"{ORDERS}/0b6f5a1e-8f0a-4c55-9d0e-3f1f9a7c2b11 -> 500"),
    ),
    "UUIDs of either case": (
        api(f"{ORDERS}/0B6F5A1E-8F0A-4C55-9D0E-3F1F9A7C2B11 -> 500"),
        api(f"{ORDERS}/a3c1d2e4-1111-4222-8333-444455556666 -> 500"),
    ),
    "ULIDs": (api(f"{ORDERS}/01HSRQVHN24MSX2C82J0CP5D46 -> 500"), api(f"{ORDERS}/01ARZ3NDEKTSV4RRFFQ69G5FAV -> 500")),
    "nano ids": (api(f"{ORDERS}/V1StGXR8_Z5jdHi6B-myT -> 500"), api(f"{ORDERS}/a8Kz-0Pq3_Wn5Lm7RtYx2 -> 500")),
    "ids within a path": (api(f"{ORDERS}/7/items/3 -> 500"), api(f"{ORDERS}/8812/items/44 -> 500")),
    "dates in a path": (api(f"{ORDERS}/2024-04-19 -> 500"), api(f"{ORDERS}/2025-12-01 -> 500")),
    "e-mail addresses in a path": (api(f"{ORDERS}/ann@mail.example -> 500"), api(f"{ORDERS}/bo.b+x@b.co -> 500")),
    "percent-encoded ids": (api(f"{ORDERS}/id%2D77812 -> 500"), api(f"{ORDERS}/id%2D90001 -> 500")),
    "numbered files": (api(f"{ORDERS}/invoice-20881.pdf -> 404"), api(f"{ORDERS}/invoice-993.pdf -> 404")),
    # The rest of an address.
    "schemes": (api("GET https://api.shop.example/cart -> 500"), api("GET http://api.shop.example/cart -> 500")),
    "ports": (api("GET https://api.shop.example:8443/cart -> 500"), api("GET https://api.shop.example/cart -> 500")),
    "ports of a host alone": (api("api.shop.example:8443 refused"), api("api.shop.example:9000 refused")),
    "passwords": (api("GET https://u:p@api.shop.example/cart -> 500"), api("GET https://api.shop.example/cart -> 500")),
    "query values": (api(f"{ORDERS}?page=2&q=tea -> 500"), api(f"{ORDERS}?page=9&q=milk -> 500")),
    "queries": (api(f"{ORDERS}?page=2 -> 500"), api(f"{ORDERS} -> 500")),
    "fragments": (api(f"{ORDERS}#top -> 500"), api(f"{ORDERS} -> 500")),
    "slashes at the end": (api(f"{ORDERS}/ -> 500"), api(f"{ORDERS} -> 500")),
    "a host that only the hint has": (
        api("GET /orders/7 -> 500", hint="api_error:GET:https://api.shop.example/orders/7:5xx"),
        api(f"{ORDERS}/8 -> 500"),
    ),
    "pages that ask for the same": (api(f"{ORDERS} -> 500", route="/a"), api(f"{ORDERS} -> 500", route="/b")),
    # Status codes.
    "500 and 502": (api(f"{ORDERS} -> 500"), api(f"{ORDERS} -> 502")),
    "500 and 503": (api(f"{ORDERS} -> 500"), api(f"{ORDERS} -> 503")),
    "server errors in words": (
        api("/orders failed: 500 Internal Server Error"),
        api("/orders failed: 503 (Service Unavailable)"),
    ),
    "server errors in a message": (
        js("Request failed with status code 500"),
        js("Request failed with status code 504"),
    ),
    "server errors right behind an address": (api(f"{ORDERS}/7:500"), api(f"{ORDERS}/8:503")),
    # Values in texts.
    "e-mail addresses": (js("No basket for ann@mail.example"), js("No basket for bob.b+shop@b.co.uk")),
    "long numbers": (js("Basket 99182 is gone"), js("Basket 7718263512 is gone")),
    "counters": (js("Gave up after 3 tries"), js("Gave up after 12 tries")),
    "durations": (js("Timed out after 30s"), js("Timed out after 5s")),
    "amounts": (js("Cannot charge 1,299.00"), js("Cannot charge 7.5")),
    "digests": (js(f"Blob {DIGEST} is gone"), js("Blob 00ff17a2 is gone")),
    "UUIDs": (
        js("Tab a3c1d2e4-1111-4222-8333-444455556666 is gone"),
        js("Tab 0b6f5a1e-8f0a-4c55-9d0e-3f1f9a7c2b11 is gone"),
    ),
    "ISO times": (js("Stale since 2024-04-09T06:42:42.810Z"), js("Stale since 2025-11-30T23:00:01+02:00")),
    "written times": (js("Stale since Tue, 09 Apr 2024 06:42:42 GMT"), js("Stale since Sun, 1 Dec 2024 1:00:00 GMT")),
    "times as JavaScript prints them": (
        js("Stale since Tue Apr 09 2024 06:42:42 GMT+0200 (Central European Summer Time)"),
        js("Stale since Fri May 10 2024 16:00:00 GMT+0000 (Coordinated Universal Time)"),
    ),
    "clock times": (js("Stale since 10:42"), js("Stale since 9:07:55 PM")),
    "quoted values": (js('Unknown plan "pro plus"'), js('Unknown plan "a4 & more"')),
    "values in typographic quotes": (js("Unknown plan “pro plus”"), js("Unknown plan “a4 & more”")),
    "addresses in a message": (
        js("Failed to load https://cdn.shop.example/t/81/a.png?v=1"),
        js("Failed to load https://cdn.shop.example:81/t/5/a.png"),
    ),
    "data addresses": (
        js("Bad image data:image/png;base64,iVBORw0KGgo="),
        js("Bad image data:image/png;base64,AAAA/+8="),
    ),
    "case": (js("Basket Is Gone"), js("basket is gone")),
    "whitespace": (js("Basket  is\n\tgone "), js("Basket is gone")),
    "full stops at the end": (js("Script error."), js("Script error")),
    "wide characters": (js("\uff22asket\u3000\uff11\uff12\uff13\uff14\uff15 is gone"), js("Basket 99999 is gone")),
    # Where it was thrown.
    "lines and columns": (js("boom", v8("Cart.total")), js("boom", v8("Cart.total").replace(":10:20", ":7:99141"))),
    "builds": (
        js("boom", v8("Cart.total", "https://shop.example/app.8f3a2b1c.js")),
        js("boom", v8("Cart.total", "https://shop.example/app.0011aa22.js")),
    ),
    "builds in base64": (
        js("boom", v8("Cart.total", "https://shop.example/app-QkiSETFK.js")),
        js("boom", v8("Cart.total", "https://shop.example/app-a5_-dVpL.js")),
    ),
    "hosts of a script": (
        js("boom", v8("Cart.total", "https://shop.example/app.js")),
        js("boom", v8("Cart.total", "https://cdn.shop.example:81/v3/app.js")),
    ),
    "browsers' stacks": (js("boom", v8("total")), js("boom", gecko("total"))),
    "async functions": (js("boom", v8("async total")), js("boom", gecko("async*total"))),
    "names that a minifier made": (js("boom", v8("ab")), js("boom", v8("t.x"))),
    "frames of libraries above the site's own": (
        js("boom", v8("Cart.total")),
        js(
            "boom",
            "Error: boom\n    at pick (https://shop.example/node_modules/pick/index.js:1:1)\n"
            "    at Cart.total (https://shop.example/assets/app.js:10:20)",
        ),
    ),
    "trails": (
        js("boom", v8("total") + " | trail=fetch:GET:https://a.example/x:500"),
        js("boom", v8("total") + " | trail=js_error:https://a.example/y.js:1:1:other"),
    ),
    "a stack in the label": (
        js("boom\n    at total (https://shop.example/assets/app.js:10:20)"),
        js("boom", v8("total")),
    ),
    "ways in which an error arrives": (
        js("Uncaught (in promise) Error: boom", v8("total")),
        js("Unhandled promise rejection: Error: boom", v8("total")),
    ),
    "pages of one error": (js("boom", v8("total"), route="/a"), js("boom", v8("total"), route="/b")),
    # Controls and fields.
    "ids in the page's path": (
        ui("Dead click on #save", route="/notes/7"),
        ui("Dead click on #save", route="/notes/81af"),
    ),
    "ids in a control's name": (ui("Dead click on #seat-98238"), ui("Dead click on #seat-101")),
    "UUIDs in a control's name": (
        ui("Dead click on #skip-a3c1d2e4-1111-4222-8333-444455556666"),
        ui("Dead click on #skip-0b6f5a1e-8f0a-4c55-9d0e-3f1f9a7c2b11"),
    ),
    "numbers in a constraint": (field("postcode (at least 5 letters)"), field("postcode (at least 12 letters)")),
    "an empty label and its hint": (ui("", hint="ui_no_effect:#save"), ui("ui_no_effect", hint="#save")),
}

APART = {
    # Requests.
    "each client error": (api(f"{ORDERS} -> 400"), api(f"{ORDERS} -> 401")),
    "not found and a server error": (api(f"{ORDERS} -> 404"), api(f"{ORDERS} -> 500")),
    "not found and forbidden in a message": (
        js("Request failed with status code 404"),
        js("Request failed with status code 403"),
    ),
    "no answer and a late one": (api(f"{ORDERS} -> network_error"), api(f"{ORDERS} -> timeout")),
    "no answer and a server error": (api(f"{ORDERS} -> network_error"), api(f"{ORDERS} -> 500")),
    "methods": (api("GET /orders -> 500"), api("POST /orders -> 500")),
    "endpoints": (api("GET /orders -> 500"), api("GET /carts -> 500")),
    "an id and a name in its place": (api(f"{ORDERS}/7 -> 500"), api(f"{ORDERS}/recent -> 500")),
    "names that look hexadecimal": (api("POST /login/2fa -> 400"), api("POST /login/7 -> 400")),
    "words of hexadecimal letters": (api("GET /feed -> 500"), api("GET /face -> 500")),
    "one id and two": (api(f"{ORDERS}/7 -> 500"), api(f"{ORDERS}/7/8 -> 500")),
    "endpoints below an id": (api(f"{ORDERS}/7/items -> 500"), api(f"{ORDERS}/7/notes -> 500")),
    "versions of an interface": (api("GET /v1/orders -> 500"), api("GET /v2/orders -> 500")),
    "versions with a dot": (api("GET /api/1.0/orders -> 500"), api("GET /api/1.1/orders -> 500")),
    "services": (api("GET https://pay.shop.example/x -> 500"), api("GET https://api.shop.example/x -> 500")),
    "services with numbers in their names": (
        api("GET https://d111abcdef8.cdn.example/x -> 500"),
        api("GET https://d222abcdef9.cdn.example/x -> 500"),
    ),
    "services that only hints tell": (
        api("GET /x -> 500", hint="api_error:GET:https://pay.shop.example/x:5xx"),
        api("GET /x -> 500", hint="api_error:GET:https://api.shop.example/x:5xx"),
    ),
    "endpoints that only hints tell": (
        api("Request failed", hint="api_error:GET:https://api.shop.example/orders:5xx"),
        api("Request failed", hint="api_error:GET:https://api.shop.example/carts:5xx"),
    ),
    "endpoints that only the evidence tells": (
        api("Request failed", evidence="POST /orders 500"),
        api("Request failed", evidence="POST /carts 500"),
    ),
    "operations behind one address": (
        api("POST /gql?op=SaveNote&v=1 -> 500"),
        api("POST /gql?op=ListNotes&v=1 -> 500"),
    ),
    "endpoints in quotes": (api('GET "/orders/7" failed'), api('GET "/carts/7" failed')),
    "statuses right behind an address": (api(f"{ORDERS}/7:404"), api(f"{ORDERS}/7:500")),
    # Errors.
    "messages": (js("Basket is gone"), js("Basket is full")),
    "failed expressions": (
        js("Cannot read properties of undefined (reading 'price')"),
        js("Cannot read properties of undefined (reading 'name')"),
    ),
    "numbered errors": (js("Minified React error #310"), js("Minified React error #418")),
    "error codes": (js("Socket closed with code 1006"), js("Socket closed with code 1011")),
    "functions": (js("boom", v8("Cart.total")), js("boom", v8("Cart.clear"))),
    "functions of one name in different classes": (js("boom", v8("Cart.render")), js("boom", v8("Menu.render"))),
    "functions in Gecko's stacks": (js("boom", gecko("total")), js("boom", gecko("clear"))),
    "files of one function name": (
        js("boom", v8("render", "https://shop.example/cart.js")),
        js("boom", v8("render", "https://shop.example/menu.js")),
    ),
    "files that only hints tell": (
        js("boom", hint="js_exception:https://shop.example/cart.js"),
        js("boom", hint="js_exception:https://shop.example/menu.js"),
    ),
    "files whose names are words": (
        js("boom", v8("render", "https://shop.example/user-settings.js")),
        js("boom", v8("render", "https://shop.example/user-messages.js")),
    ),
    # Controls and fields.
    "controls": (ui("Dead click on #save"), ui("Dead click on #send")),
    "numbered controls": (ui("Dead click on #line-1"), ui("Dead click on #line-2")),
    "texts of controls": (ui('Dead click on "Add to basket"'), ui('Dead click on "Empty basket"')),
    "one name on two pages": (ui("Dead click on #save", route="/profile"), ui("Dead click on #save", route="/cart")),
    "controls that only hints tell": (
        ui("Repeated clicks with no progress", hint="ui_no_effect:rage:tag:button-id:save"),
        ui("Repeated clicks with no progress", hint="ui_no_effect:rage:tag:button-id:send"),
    ),
    "fields": (field("email (Please fill out this field.)"), field("phone (Please fill out this field.)")),
    "numbered fields": (field("address1 is required"), field("address2 is required")),
    "constraints": (field("email (Please fill out this field.)"), field("email (Please enter an address.)")),
    "forms": (field("email is required", route="/signup"), field("email is required", route="/checkout")),
    "kinds": (ui("email is required"), field("email is required")),
}


@pytest.mark.parametrize(("one", "other"), ALIKE.values(), ids=ALIKE)
def test_sees_through_different(one: MarkerFacts, other: MarkerFacts) -> None:
    assert describe(one) == describe(other)  # Says more than two digests when it fails.
    assert key(one) == key(other)


@pytest.mark.parametrize(("one", "other"), APART.values(), ids=APART)
def test_keeps_apart_different(one: MarkerFacts, other: MarkerFacts) -> None:
    assert key(one) != key(other)


GOLDEN = [
    (
        api(
            "POST https://api.shop.example:8443/orders/7/pay?x=1 -> 502", hint="api_error:x:5xx", evidence="reason=down"
        ),
        "api_error:5b06b9e263f83808",
    ),
    (api("GET /cart/9 -> 404", hint="api_error:GET:https://api.shop.example/cart/9:4xx"), "api_error:5ca786bb7fab0864"),
    (api("Request failed", evidence="POST /orders 500"), "api_error:57635aa2cb91ebe6"),
    (
        js("Uncaught TypeError: Cannot read properties of undefined (reading 'price')", v8("Cart.total")),
        "js_exception:3dc21aaecf9ee7cd",
    ),
    (js('Order 123456 of ann@mail.example: unknown plan "pro plus"', gecko("total")), "js_exception:a5476b2b8c27f68d"),
    (
        ui("Repeated clicks with no progress on tag:button|id:buy-4711|text:buy", route="/products/4711"),
        "ui_no_effect:ec646aa8f0f2dea4",
    ),
    (ui("Repeated clicks", hint="ui_no_effect:rage:#save"), "ui_no_effect:f8bdd46ef1383637"),
    (ui("", route=""), "ui_no_effect:b3208cc3c627f628"),
    (
        field("Validation blocked submission: email (Füllen Sie dieses Feld aus)", route="/signup"),
        "validation_failed:639c535f77cf2639",
    ),
]


@pytest.mark.parametrize(("marker", "stored"), GOLDEN)
def test_version_1_gives_the_keys_that_databases_hold(marker: MarkerFacts, stored: str) -> None:
    assert (Fingerprint1.version, key(marker)) == (1, stored), (
        "This change gives stored failures other keys, so their issues would split in two. "
        "Make it a version of its own, and leave version 1 as it was."
    )


@pytest.mark.parametrize(("marker", "stored"), GOLDEN)
def test_what_it_tells_is_the_text_that_is_hashed_and_its_parts(marker: MarkerFacts, stored: str) -> None:
    told = Fingerprint1().explain(marker)
    assert told.key == stored == f"{marker.kind}:{sha256(told.text.encode()).hexdigest()[:16]}"
    assert told.text.split("\x1f") == ["fingerprint 1", marker.kind, *(value for _, value in told.parts)]


IDS = st.one_of(
    st.integers(0, 10**30).map(str),
    st.uuids().map(str),
    st.uuids().map(lambda each: each.hex),
    st.from_regex(r"[a-f][0-9]|[0-9a-f]{3,12}[0-9][0-9a-f]{0,12}", fullmatch=True),
)
WORDS = st.lists(st.from_regex(r"[g-z]{2,9}", fullmatch=True), min_size=1, max_size=5)
SPACES = st.sampled_from([" ", "  ", "\t", "\n", " \r\n ", "\u00a0"])
# A busy machine is no reason to fail.
unhurried = settings(deadline=None)
MAKERS: st.SearchStrategy[Callable[[str], MarkerFacts]] = st.sampled_from([api, js, ui, field])


@unhurried
@given(IDS, IDS, MAKERS)
def test_no_id_in_a_path_changes_a_key(one: str, other: str, make: Callable[[str], MarkerFacts]) -> None:
    first, second = (make(f"GET https://api.shop.example/orders/{each}/items -> 500") for each in (one, other))
    assert key(first) == key(second)


@unhurried
@given(IDS, IDS)
def test_no_id_in_the_page_changes_a_key(one: str, other: str) -> None:
    assert key(ui("Dead click on #save", route=f"/n/{one}/edit")) == key(
        ui("Dead click on #save", route=f"/n/{other}/edit")
    )


@unhurried
@given(st.integers(1, 65535), st.sampled_from(["http", "https", "HTTPS", "wss"]))
def test_no_port_and_no_scheme_changes_a_key(port: int, scheme: str) -> None:
    assert key(api(f"GET {scheme}://api.shop.example:{port}/orders -> 500")) == key(api(f"{ORDERS} -> 500"))


@unhurried
@given(st.integers(10**5, 10**40), MAKERS)
def test_no_long_number_changes_a_key(number: int, make: Callable[[str], MarkerFacts]) -> None:
    assert key(make(f"Basket {number} is gone")) == key(make("Basket 123456 is gone"))


@unhurried
@given(WORDS, MAKERS, st.data())
def test_neither_case_nor_whitespace_changes_a_key(
    words: list[str], make: Callable[[str], MarkerFacts], data: st.DataObject
) -> None:
    redressed = "".join(
        data.draw(st.sampled_from([word, word.upper(), word.title()])) + data.draw(SPACES) for word in words
    )
    assert key(make(redressed)) == key(make(" ".join(words)))


@unhurried
@given(
    st.from_regex(r"[0-9a-f]{8}|[0-9a-f]{16}|[0-9a-f]{20}", fullmatch=True).filter(lambda each: re.search(r"\d", each))
)
def test_no_build_changes_a_key(build: str) -> None:
    for joint in ".-":
        built = v8("Cart.total", f"https://shop.example/app{joint}{build}.js")
        assert key(js("boom", built)) == key(js("boom", v8("Cart.total")))


@unhurried
@given(st.lists(st.from_regex(r"[g-z]{3,9}", fullmatch=True), min_size=2, max_size=2, unique=True))
def test_distinct_names_never_share_a_key(names: list[str]) -> None:
    makers: tuple[Callable[[str], MarkerFacts], ...] = (
        lambda name: api(f"GET https://api.shop.example/{name} -> 500"),
        lambda name: js("boom", v8(name)),
        lambda name: js("boom", gecko(name)),
        lambda name: ui(f"Dead click on #{name}"),
        lambda name: field(f"{name} is required"),
    )
    for make in makers:
        assert key(make(names[0])) != key(make(names[1]))


@unhurried
@given(
    st.builds(MarkerFacts, st.text(), st.sampled_from(["api_error", "js_exception", "ui_no_effect"]), *[st.text()] * 3)
)
def test_any_text_at_all_gets_a_key(marker: MarkerFacts) -> None:
    assert re.fullmatch(rf"{marker.kind}:[0-9a-f]{{16}}", key(marker))
