"""Where an error was thrown, whatever browser, bundler and limit of length stand between. Add to the tables."""

import pytest

from retrospec_plugins.cluster_fingerprint.scripts import script
from retrospec_plugins.cluster_fingerprint.stack import function, thrown
from tests.plugins.cluster_fingerprint.builders import APP, SHOP, apart, gecko, js, same, v8

BOOM = "Uncaught Error: boom"
VENDORS = f"{SHOP}/js/chunk-vendors.8f3a2b1c.js"

FUNCTIONS = {
    "total": (
        "total",
        "Cart.total",
        "Object.total",
        "Cart.prototype.total",
        "cart.list.total",
        "async*total",
        "total/<",
        "total/</<",
        "total/this.sum<",
        "_total",
        "Cart.#total",
    ),
    "": ("", "a", "t.x", "ab", "Qr", "n9e", "<anonymous>", "anonymous", "Object.<anonymous>", "</<", "eval", "global"),
}

SCRIPTS = {
    "main": (
        "https://a.example/main.js",
        "https://a.example/static/js/main.8f3a2b1c.js:1:22",
        "https://a.example/static/js/main.8f3a2b1c.chunk.js",
        "https://a.example/main.8f3a2b1c9d8e7f6a5b4c.min.js",
        "https://a.example/main-es2015.8f3a2b1c9d8e7f6a5b4c.js",
        "https://a.example/assets/main-BxYz12Qw.js:3:4",
        "https://a.example/assets/main-D3a-_kPq.js",
        "https://a.example/assets/main-QkiSETFK.js",
        "https://a.example/assets/main.js?v=1699999999",
        "https://a.example/_next/static/chunks/main-b478e4416dca6b2d.js",
        "https://a.example/_next/static/chunks/main-b478e4",
        "https://a.example/main-5NQ7XKBD.js",
        "webpack-internal:///./src/main.tsx:10:2",
        "webpack:///src/main.ts",
        "http://127.0.0.1:5173/src/main.tsx?t=1699999999999:1:2",
    ),
    "user.settings": ("https://a.example/user-settings.js", "https://a.example/user-settings.8f3a2b1c.js"),
    "cart": ("https://a.example/Cart.vue", "https://a.example/src/Cart.svelte", "https://a.example/js/cart.min.js"),
    "*": ("https://a.example/dist/204.c10d3192.js", "https://a.example/_nuxt/Dx8k2Lp1.js"),
    "": ("https://a.example/checkout", "https://a.example/", "inline", "", "https://a.example/_next/static/chu"),
}


@pytest.mark.parametrize(("name", "written"), [(name, each) for name, all_of in FUNCTIONS.items() for each in all_of])
def test_a_function_has_the_name_that_every_browser_gives_it(name: str, written: str) -> None:
    assert function(written) == name


@pytest.mark.parametrize(("name", "address"), [(name, each) for name, all_of in SCRIPTS.items() for each in all_of])
def test_a_script_keeps_its_name_from_build_to_build(name: str, address: str) -> None:
    assert script(address) == name


ALIKE = {
    "browsers": (js(BOOM, v8("Cart.total")), js(BOOM, gecko("total")), js("Error: boom", gecko("total/<"))),
    "builds, lines and columns": (
        js(BOOM, v8("total", f"{SHOP}/assets/app-8f3a2b1c.js")),
        js(BOOM, v8("total", f"{SHOP}/assets/app-00ff17a2.js").replace(":10:20", ":1:99141")),
    ),
    "ways to call": (
        js(BOOM, v8("total")),
        js(BOOM, v8("async total")),
        js(BOOM, v8("new total")),
        js(BOOM, v8("Cart.total [as onClick]")),
        js(BOOM, gecko("async*total")),
    ),
    "minified names in one module": (
        js(BOOM, v8("ab")),
        js(BOOM, gecko("t")),
        js(BOOM, v8("t.x")),
        js(BOOM, gecko("")),
    ),
    "stacks cut off": (
        js(BOOM, v8("Cart.total")),
        js(BOOM, v8("Cart.total")[:70]),
        js(BOOM, f"{APP}:1:22 | Error: boom     at Cart.total ({SHOP}/ass |"),
        js(BOOM, f"{APP}:1:22 | total@{SHOP}/assets/app-8f3 | trail=x"),
    ),
    "modules cut off within their digest": (
        js(BOOM, v8("t")),
        js(BOOM, f"Error: boom     at t ({SHOP}/assets/app-8f3a2 |"),
        js(BOOM, f"t@{SHOP}/assets/app-00ff1"),
    ),
    "modules of libraries cut off anywhere": (
        js(BOOM, gecko("t", VENDORS)),
        js(BOOM, f"{VENDORS}:1:22 | t@{VENDORS}:1:22 dispatch@{SHOP}/js/chu |"),
        js(BOOM, f"{VENDORS}:1:22 | Error: boom     at t ({SHOP}/js/chunk-ven |"),
        js(BOOM, f"Error: boom     at t ({SHOP}/js/chunk- |", hint=f"js_exception:{VENDORS}"),
    ),
    "stacks on one line": (js(BOOM, v8("total")), js(BOOM, " ".join(v8("total").split()))),
    "frames of libraries above the site's own": (
        js(BOOM, v8("Cart.total")),
        js(
            BOOM,
            f"Error: boom\n    at pick ({SHOP}/node_modules/pick/index.js:1:1)\n    at Array.map (<anonymous>)\n"
            f"    at Cart.total ({APP}:10:20)",
        ),
        js(BOOM, f"flush@{SHOP}/assets/vendor-8f3a2b1c.js:1:1\ntotal@{APP}:10:20"),
        js(BOOM, f"flush@{SHOP}/react-dom.production.min.js:1:1\ntotal@{APP}:10:20"),
    ),
    "frames of the browser": (
        js(BOOM, v8("Cart.total")),
        js(BOOM, f"Error: boom\n    at JSON.parse (<anonymous>)\n    at Cart.total ({APP}:1:2)"),
        js(BOOM, f"parse@[native code]\ntotal@{APP}:1:2"),
    ),
    "a stack in the label": (js(f"boom\n    at total ({APP}:10:20)"), js("boom", v8("total"))),
    "pages and channels": (
        js(BOOM, v8("total"), route="/a", hint=f"js_exception:{APP}"),
        js("Unhandled promise rejection: boom", v8("total"), route="/b", hint="js_exception:promise-rejection"),
        js("boom", v8("total"), hint="js_exception:console-error"),
    ),
    "trails": (
        js(BOOM, v8("total") + " | trail=fetch:GET:https://a.example/x:500"),
        js(BOOM, v8("total") + f" | trail=js_error:{SHOP}/y.js:1:1:other"),
    ),
    "extensions, wherever they are installed": (
        js("Cannot read properties of undefined (reading 'id')", v8("scan", "chrome-extension://abcdefgh/inject.js")),
        js('can\'t access property "id", a is undefined', gecko("scan", "moz-extension://0b6f5a1e-8f0a/inject.js")),
        js("undefined is not an object (evaluating 'a.id')", gecko("b", "safari-web-extension://77AB/content.js")),
        js("Cannot read property 'id' of undefined", hint="js_exception:chrome-extension://abcdefgh/inject.js"),
    ),
}

APART = {
    "functions": (js(BOOM, v8("Cart.total")), js(BOOM, v8("Cart.clear")), js(BOOM, gecko("load"))),
    "modules of minified functions": (
        js(BOOM, v8("a", f"{SHOP}/assets/cart-8f3a2b1c.js")),
        js(BOOM, v8("a", f"{SHOP}/assets/menu-8f3a2b1c.js")),
    ),
    "modules that only hints tell": (
        js(BOOM, hint=f"js_exception:{SHOP}/cart.8f3a2b1c.js"),
        js(BOOM, hint=f"js_exception:{SHOP}/menu.8f3a2b1c.js"),
    ),
    "messages": (js("Basket is gone", v8("total")), js("Basket is full", v8("total"))),
    "the site's own code and an extension": (
        js(BOOM, v8("total")),
        js(BOOM, v8("total", "chrome-extension://abcdefgh/inject.js")),
    ),
}


@pytest.mark.parametrize("name", ALIKE)
def test_sees_through_different(name: str) -> None:
    same(*ALIKE[name])


@pytest.mark.parametrize("name", APART)
def test_keeps_apart_different(name: str) -> None:
    apart(*APART[name])


def test_a_name_cut_off_is_no_name() -> None:
    frame, _ = thrown(f"{APP}:1:22 | Error: boom     at Cart.tot", "")
    assert frame == ("", "app")
