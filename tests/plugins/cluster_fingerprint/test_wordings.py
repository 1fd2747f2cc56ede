"""One error, as Chrome (C), Firefox (F), Safari (S) and older ones (I: IE and old Edge) word it. Add to the table."""

import itertools

import pytest

from tests.plugins.cluster_fingerprint.builders import apart, js, same, v8

ONE_ERROR = {
    "a property of undefined": (
        "Uncaught TypeError: Cannot read properties of undefined (reading 'price')",  # C from 92
        "Uncaught TypeError: Cannot read property 'price' of undefined",  # C to 91
        'TypeError: can\'t access property "price", item is undefined',  # F
        'TypeError: item is undefined; can\'t access its "price" property',  # F to 70
        "TypeError: undefined is not an object (evaluating 'item.price')",  # S
        "TypeError: undefined is not an object (evaluating 'this.items[0].price')",
        "TypeError: undefined is not an object (evaluating 'cart.first().price')",
        "Uncaught TypeError: Cannot destructure property 'price' of 'item' as it is undefined.",  # C
        "Unhandled promise rejection: Cannot read properties of undefined (reading 'price')",
        "Error: Uncaught (in promise): TypeError: Cannot read properties of undefined (reading 'price')",  # zone.js
        "ERROR TypeError: Cannot read properties of undefined (reading 'price')",  # Angular's log
        "[Vue warn]: Error in render: \"TypeError: Cannot read properties of undefined (reading 'price')\"",
    ),
    "a property set on null": (
        "Uncaught TypeError: Cannot set properties of null (setting 'innerHTML')",
        "Uncaught TypeError: Cannot set property 'innerHTML' of null",
        'TypeError: can\'t access property "innerHTML", box is null',
        "TypeError: null is not an object (evaluating 'box.innerHTML = \"\"')",
    ),
    "a method of undefined": (
        "Uncaught TypeError: Cannot read properties of undefined (reading 'map')",
        'can\'t access property "map", rows is undefined',
        "undefined is not an object (evaluating 'rows.map((e) => e.id)')",
        "undefined is not an object (evaluating 'props.data.rows.map')",
    ),
    "an element of undefined": (
        "Cannot read properties of undefined (reading '0')",
        "Cannot read property '0' of undefined",
        "can't access property 0, list is undefined",
        "undefined is not an object (evaluating 'list[0]')",
        "undefined is not an object (evaluating 'list[i]')",
    ),
    "no function": (
        "Uncaught TypeError: order.total is not a function",
        "TypeError: order.total is not a function. (In 'order.total()', 'order.total' is undefined)",  # S
        "TypeError: undefined is not a function (evaluating 'order.total()')",  # S to 9
        "TypeError: (intermediate value).total is not a function",  # C
        "TypeError: load(...).total is not a function",  # F
        "TypeError: load().total is not a function. (In 'load().total(1)', 'load().total' is undefined)",  # S
        "TypeError: Object doesn't support property or method 'total'",  # I
    ),
    "no constructor": (
        "Uncaught TypeError: Chart.Line is not a constructor",
        "TypeError: undefined is not a constructor (evaluating 'new Chart.Line(canvas)')",
    ),
    "no such variable": (
        "Uncaught ReferenceError: dataLayer is not defined",
        "ReferenceError: Can't find variable: dataLayer",
        "Unhandled promise rejection: dataLayer is not defined",
    ),
    "a variable before its time": (
        "ReferenceError: Cannot access 'cart' before initialization",
        "ReferenceError: can't access lexical declaration 'cart' before initialization",
        "ReferenceError: Cannot access uninitialized variable.",
    ),
    "not iterable": (
        "TypeError: rows is not iterable",
        "TypeError: undefined is not iterable (cannot read property Symbol(Symbol.iterator))",
        "TypeError: undefined is not a function (near '...[first, second]...')",
        "TypeError: Invalid attempt to destructure non-iterable instance.",
        "TypeError: Spread syntax requires ...iterable[Symbol.iterator] to be a function",
    ),
    "a constant": ("TypeError: Assignment to constant variable.", "TypeError: invalid assignment to const 'total'"),
    "a frozen object": (
        "TypeError: Cannot assign to read only property 'total' of object '#<Object>'",
        'TypeError: "total" is read-only',
        "TypeError: Attempted to assign to readonly property.",
    ),
    "an object that takes no more": (
        "TypeError: Cannot add property total, object is not extensible",
        'TypeError: can\'t define property "total": Object is not extensible',
        "TypeError: Attempting to define property on object that is not extensible.",
    ),
    "endless recursion": (
        "Uncaught RangeError: Maximum call stack size exceeded",
        "RangeError: Maximum call stack size exceeded.",
        "InternalError: too much recursion",
        "Out of stack space",
    ),
    "an array of no length": (
        "RangeError: Invalid array length",
        "RangeError: invalid array length",
        "RangeError: Array size is not a small enough positive integer.",
    ),
    "a repetition": (
        "RangeError: Invalid count value: -1",
        "RangeError: repeat count must be non-negative",
        "RangeError: String.prototype.repeat argument must be greater than or equal to 0 and not be Infinity",
    ),
    "digits": (
        "RangeError: toFixed() digits argument must be between 0 and 100",
        "RangeError: precision -1 out of range",
        "RangeError: toFixed() argument must be between 0 and 100",
    ),
    "a page instead of JSON": (
        "SyntaxError: Unexpected token < in JSON at position 0",
        "SyntaxError: Unexpected token '<', \"<!DOCTYPE \"... is not valid JSON",
        "SyntaxError: JSON.parse: unexpected character at line 1 column 1 of the JSON data",
        "SyntaxError: JSON Parse error: Unrecognized token '<'",
        "SyntaxError: Unexpected end of JSON input",
        "SyntaxError: JSON Parse error: Unexpected EOF",
        "SyntaxError: JSON.parse: unexpected end of data at line 1 column 1 of the JSON data",
        "SyntaxError: Unexpected non-whitespace character after JSON at position 4",
        "SyntaxError: Expected property name or '}' in JSON at position 1",
    ),
    "a circle in JSON": (
        "TypeError: Converting circular structure to JSON\n    --> starting at object with constructor 'Cart'",
        "TypeError: cyclic object value",
        "TypeError: JSON.stringify cannot serialize cyclic structures.",
    ),
    "a date": ("RangeError: Invalid time value", "RangeError: invalid date", "RangeError: Invalid Date"),
    "an address": (
        "TypeError: Failed to construct 'URL': Invalid URL",
        "TypeError: URL constructor: shop is not a valid URL.",
        'TypeError: "shop" cannot be parsed as a URL.',
    ),
    "percent signs": ("URIError: URI malformed", "URIError: malformed URI sequence", "URIError: URI error"),
    "keys of nothing": (
        "TypeError: Cannot convert undefined or null to object",
        "TypeError: can't convert undefined to object",
        "TypeError: undefined is not an object (evaluating 'Object.keys(cart)')",
    ),
    "nothing to reduce": (
        "TypeError: Reduce of empty array with no initial value",
        "TypeError: reduce of empty array with no initial value",
    ),
    "a request without an answer": (
        "Uncaught (in promise) TypeError: Failed to fetch",
        "TypeError: NetworkError when attempting to fetch resource.",
        "TypeError: Load failed",
        "TypeError: The network connection was lost.",
        "TypeError: The Internet connection appears to be offline.",
        "TypeError: Network request failed",
        "Unhandled promise rejection: Network Error",
    ),
    "a request given up": (
        "AbortError: The user aborted a request.",
        "AbortError: signal is aborted without reason",
        "AbortError: The operation was aborted. ",
        "AbortError: Fetch is aborted",
        "CanceledError: canceled",
    ),
    "a full store": (
        "QuotaExceededError: Failed to execute 'setItem' on 'Storage': Setting the value of 'cart' exceeded the quota.",
        "QuotaExceededError: The quota has been exceeded.",
        "NS_ERROR_DOM_QUOTA_REACHED: Persistent storage maximum size reached",
    ),
    "a closed store": (
        "SecurityError: Failed to read the 'localStorage' property from 'Window': Access is denied for this document.",
        "SecurityError: The operation is insecure.",
    ),
    "a foreign frame": (
        'SecurityError: Blocked a frame with origin "https://shop.example" from accessing a cross-origin frame.',
        'Error: Permission denied to access property "document" on cross-origin object',
    ),
    "a page that something else changed": (
        "NotFoundError: Failed to execute 'removeChild' on 'Node': The node to be removed is not a child of this node.",
        "NotFoundError: Node.removeChild: The node to be removed is not a child of this node",
        "NotFoundError: The object can not be found here.",
    ),
    "a film that may not begin": (
        "NotAllowedError: play() failed because the user didn't interact with the document first.",
        "NotAllowedError: The play method is not allowed by the user agent or the platform in the current context.",
        "NotAllowedError: The request is not allowed by the user agent or the platform in the current context.",
    ),
    "a selector": (
        "SyntaxError: Failed to execute 'querySelector' on 'Document': '#1' is not a valid selector.",
        "SyntaxError: Document.querySelector: '#1' is not a valid selector",
        "SyntaxError: The string did not match the expected pattern.",
    ),
    "numbers of two kinds": (
        "TypeError: Cannot mix BigInt and other types, use explicit conversions",
        "TypeError: can't convert BigInt to number",
        "TypeError: Invalid mix of BigInt and other type in addition.",
    ),
    "private members": (
        "TypeError: Cannot read private member #total from an object whose class did not declare it",
        "TypeError: can't access private field or method: object is not the right class",
        "TypeError: Cannot access invalid private field (evaluating 'this.#total')",
    ),
    "super": (
        "ReferenceError: Must call super constructor in derived class before accessing 'this' or returning from it",
        "ReferenceError: must call super constructor before using 'this' in derived class constructor",
        "ReferenceError: 'super()' must be called in derived class before accessing |this| or returning non-object.",
    ),
    "declared twice": (
        "SyntaxError: Identifier 'cart' has already been declared",
        "SyntaxError: redeclaration of const cart",
        "SyntaxError: Can't create duplicate variable: 'cart'",
    ),
    "a page instead of a script": (
        "SyntaxError: Unexpected token '<'",
        "SyntaxError: expected expression, got '<'",
        "SyntaxError: Invalid or unexpected token",
    ),
    "parts of the site that did not load": (
        "ChunkLoadError: Loading chunk 31 failed.\n(error: https://shop.example/31.a79bbcdf.js)",
        "Uncaught (in promise) Error: Loading chunk checkout failed.\n(timeout: https://shop.example/checkout.1f.js)",
        "Error: Loading CSS chunk 7 failed.\n(/static/css/7.8f3a2b1c.css)",
        "TypeError: Failed to fetch dynamically imported module: https://shop.example/assets/Cart-BxYz12Qw.js",
        "TypeError: error loading dynamically imported module: https://shop.example/assets/Cart-BxYz12Qw.js",
        "TypeError: Importing a module script failed.",
        "Error: Unable to preload CSS for /assets/Cart-8f3a2b1c.css",
    ),
    "scripts of other origins": ("Script error.", "Script error", "Uncaught Script error."),
    "resizing": (
        "ResizeObserver loop limit exceeded",
        "ResizeObserver loop completed with undelivered notifications.",
        "Uncaught ResizeObserver loop limit exceeded",
    ),
    "a numbered error of React": (
        "Error: Minified React error #418; visit https://reactjs.org/docs/error-decoder.html?invariant=418 for more",
        "Uncaught Error: Minified React error #418; visit https://react.dev/errors/418?args[]=HTML for the full text",
        "Invariant Violation: Minified React error #418; visit",
    ),
    "a numbered error of Angular": (
        "Error: NG0100: ExpressionChangedAfterItHasBeenCheckedError: Previous value: 'a'",
        "RuntimeError: NG0100: Expression has changed after it was checked. Current value: 'b'",
        "ERROR Error: NG0100",
    ),
    "a page that the server drew otherwise": (
        "Error: Hydration failed because the initial UI does not match what was rendered on the server.",
        "Error: There was an error while hydrating. Because the error happened outside of a Suspense boundary",
        'Warning: Text content did not match. Server: "1" Client: "2"',
        "Uncaught Error: Text content does not match server-rendered HTML.",
        "[Vue warn]: Hydration node mismatch:",
        "Hydration completed but contains mismatches.",
    ),
    "a component of React": (
        "The above error occurred in the <SeatMap> component:\n\n    at SeatMap (https://a.example/app-8f3a2b1c.js:1:2)",
        "The above error occurred in the <SeatMap> component:\n    in SeatMap (created by Page)",
        "The above error occurred in the <SeatMap> component. React will try to recreate this component tree",
    ),
    "a request of axios": (
        "AxiosError: Request failed with status code 502",
        "Unhandled promise rejection: Request failed with status code 503",
    ),
}

# Of one property or name each, so that a mix-up shows.
OTHER_ERRORS = (
    "Cannot read properties of undefined (reading 'price')",
    "Cannot read properties of undefined (reading 'name')",
    "Cannot read properties of null (reading 'price')",
    "order.total is not a function",
    "order.count is not a function",
    "dataLayer is not defined",
    "gtag is not defined",
    "Minified React error #418",
    "Minified React error #310",
    "NG0100: x",
    "NG0200: x",
    "Request failed with status code 404",
    "Request failed with status code 409",
    "Request failed with status code 500",
    "The above error occurred in the <SeatMap> component:",
    "The above error occurred in the <Basket> component:",
    "Basket is gone",
    "Basket is full",
)


@pytest.mark.parametrize("messages", ONE_ERROR.values(), ids=ONE_ERROR)
def test_every_wording_of_one_error_is_the_same(messages: tuple[str, ...]) -> None:
    same(*(js(message, v8("Cart.total")) for message in messages))


def test_no_error_is_taken_for_another() -> None:
    apart(*(js(messages[0], v8("Cart.total")) for messages in ONE_ERROR.values()))
    apart(*(js(message, v8("Cart.total")) for message in OTHER_ERRORS))


@pytest.mark.parametrize("message", [messages[0] for messages in ONE_ERROR.values()], ids=ONE_ERROR)
def test_case_spaces_quotes_and_the_way_it_came_make_no_difference(message: str) -> None:
    first, *_ = message.split("\n")
    dressed = (
        f"Uncaught {first}",
        f"Uncaught (in promise) {first}",
        f"Unhandled promise rejection: {first}",
        first.replace(" ", "  "),
        first.replace("'", "\u2019"),
        first.upper() if "<" not in first else first,
    )
    same(*(js(each, v8("Cart.total")) for each in dressed))


def test_one_message_in_two_functions_is_two_failures() -> None:
    everywhere = {"parts of the site that did not load", "scripts of other origins", "resizing"}
    everywhere |= {name for name in ONE_ERROR if "React" in name or "Angular" in name}
    for name, (message, *_) in ONE_ERROR.items():
        if name not in everywhere:
            apart(js(message, v8("Cart.total")), js(message, v8("Menu.render")))


def test_what_says_everything_needs_no_place() -> None:
    for name in ("parts of the site that did not load", "scripts of other origins", "resizing"):
        stacks = itertools.cycle((v8("Cart.total"), v8("Menu.render"), ""))
        same(*(js(message, stack) for message, stack in zip(ONE_ERROR[name], stacks, strict=False)))
