"""What the redactor `default` takes out, and what it leaves alone."""

import json
from typing import Any

import pytest

from retrospec.plugin.testing.redaction import carrying, element, event, mutation, words
from retrospec_plugins.redact_default import DefaultRedactor

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
redactor = DefaultRedactor()


def after(sent: bytes) -> Any:
    """The data of the event once its secrets are gone."""
    cleaned = redactor.redact(sent)
    assert redactor.redact(cleaned) is cleaned
    return json.loads(cleaned)["data"]


def attributes_after(tag: str, **attributes: Any) -> dict[str, Any]:
    """The attributes of an element of a full snapshot once their secrets are gone."""
    kept: dict[str, Any] = after(event(2, node=element(tag, **attributes)))["node"]["attributes"]
    assert kept.keys() == attributes.keys()
    return kept


def payload_after(payload: Any) -> Any:
    """A custom event's payload once its secrets are gone."""
    return after(event(5, tag="note", payload=payload))["payload"]


# What stands in a text, and what is left of it.
IN_ANY_TEXT = {
    "mail joe.doe+shop@mail.example.com today": "mail [email] today",
    "<joe@example.co.uk>": "<[email]>",
    "jörg@exämple.de": "[email]",
    "see /users/joe%40example.com": "see /users/[email]",
    "Bearer 5f0c4a9e77b1-x": "Bearer [redacted]",
    "authorized by bearer abc.def_123=": "authorized by bearer [redacted]",
    "Basic am9lOnNlY3JldA==": "Basic [redacted]",
    f"got {JWT}!": "got [redacted]!",
    "card 4111 1111 1111 1111, thanks": "card [card], thanks",
    "4111-1111-1111-1111": "[card]",
    "on 2026-01-02 5555555555554444 12/27": "on 2026-01-02 [card] 12/27",
    "3782 822463 10005": "[card]",
    "6011111111111117 and 30569309025904": "[card] and [card]",
    "3530111333300000 or 6200000000000005": "[card] or [card]",
    "https://joe:pw1@shop.example/a": "https://[redacted]@shop.example/a",
    "password=hunter2": "password=[redacted]",
    "a=1&access_token=abc&b=2": "a=1&access_token=[redacted]&b=2",
    "user[password]=x1&user%5Bpassword%5D=x2&c=3": "user[password]=[redacted]&user%5Bpassword%5D=[redacted]&c=3",
    "next=%2Fcb%3Ftoken%3Dabc%26a%3Db": "next=%2Fcb%3Ftoken%3D[redacted]%26a%3Db",
    '"api_key": "k-1", "a": "b"': '"api_key": "[redacted]", "a": "b"',
    "JSESSIONID=A1B2; path=/": "JSESSIONID=[redacted]; path=/",
    "x-api-key: 8f14e45fceea": "x-api-key: [redacted]",
}

# Sentences, code and addresses that only look like a secret.
NOT_SECRET = [
    "Forgot your password?",
    "Password: must have at least 8 characters",
    "Invalid password: please try again",
    "Unexpected token: name in JSON at position 3",
    "SyntaxError: Unexpected token = in JSON",
    "We use cookies: see our policy",
    "Basic understanding of bearer bonds",
    "Bearer authentication",
    "token: undefined",
    "password=true&remember=1",
    "tokenType=abc&token_type=bearer&cookieConsent=yes",
    "at refresh (https://shop.example/js/token.js:10:5)",
    "https://token.example.com:8443/a",
    "logo@2x.png",
    "https://cdn.example/npm/pkg@1.2.3/x.css",
    "vue@3.0.0-beta.next",
    "@media and @font-face",
    "4111111111111112",
    "order 1763847123456, 9111111111111111",
    "0.4111111111111111",
    "a4111111111111111 4111111111111111b",
    "550e8400-e29b-41d4-a716-446655440000",
    "+49 170 1234567",
    "IPv6 2001:0db8:85a3:0000:0000:8a2e:0370:7334",
    "className: x, footprint: 5, secretary: Ann",
    "eyJ is how base64 begins",
]  # fmt: skip

# Read as written by programs: sentences are not spared.
IN_A_LOG = {
    "password: hunter": "password: [redacted]",
    "API key: abc": "API key: [redacted]",
    'data["secret"] = "x y z"': 'data["secret"] = "[redacted]"',
    "Authorization: Digest username=joe, realm=a\nHost: b": "Authorization: [redacted]\nHost: b",
    "Cookie: a=b; c=d\r\nHost: b": "Cookie: [redacted]\r\nHost: b",
    "curl -H 'Authorization: Bearer abcdef12' /a": "curl -H 'Authorization: [redacted]' /a",
    '{"user":"joe","password":"hun\\"ter2","x":"cut o': '{"user":"joe","password":"[redacted]","x":"cut o',
    '{"password":"cut of': '{"password":"[redacted]',
    r"body: {\"token\":\"ab\\\"c\",\"n\":1}": r"body: {\"token\":\"[redacted]\",\"n\":1}",
    '{"cvv":123,"n': '{"cvv":"[redacted]","n',
    "%7B%22token%22%3A%22abc%22%2C%22n%22%3A1%7D": "%7B%22token%22%3A%22[redacted]%22%2C%22n%22%3A1%7D",
    "ssn: 078-05-1120": "ssn: [redacted]",
}

SECRET_NAMES = [
    "password", "passwd", "pwd", "userPassword", "PASSWORD", "new_password", "passwordConfirmation", "db_pass",
    "passphrase", "secret", "client_secret", "secretKey", "token", "accessToken", "refresh-token",
    "csrfmiddlewaretoken", "idtoken", "Authorization", "Proxy-Authorization", "auth", "cookie", "Set-Cookie", "cookies",
    "apiKey", "API_KEY", "api-key", "apikey", "X-Api-Key", "accessKey", "private_key", "sessionId", "session_id",
    "PHPSESSID", "JSESSIONID", "connect.sid", "ASP.NET_SessionId", "credentials", "cvv", "cvc2", "cardCvv", "ssn",
    "userSsn", "jwt", "_csrf", "X-XSRF-TOKEN", "cardNumber", "cc_number", "X-Amz-Signature", "otp", "securityCode",
    "one-time-code",
]  # fmt: skip
HARMLESS_NAMES = [
    "name", "id", "key", "keyboard", "author", "authority", "className", "session", "sessionName", "passive", "compass",
    "tokenType", "token_type", "tokenExpiresAt", "passwordLength", "password_strength", "cookieConsent", "secretary",
    "tokenizer", "shipping", "side", "position", "hotspot", "cardinality", "assessment", "signature", "number",
]  # fmt: skip


@pytest.mark.parametrize(("text", "left"), IN_ANY_TEXT.items())
def test_a_secret_goes_wherever_a_text_may_stand(text: str, left: str) -> None:
    assert redactor.redact_text(text) == left
    for place, sent in carrying(text).items():
        assert json.loads(redactor.redact(sent)) == json.loads(carrying(left)[place]), place


@pytest.mark.parametrize("text", NOT_SECRET)
def test_what_only_looks_like_a_secret_stays_byte_for_byte(text: str) -> None:
    assert redactor.redact_text(text) is text
    changed = [place for place, sent in carrying(text).items() if redactor.redact(sent) is not sent]
    assert changed == []


@pytest.mark.parametrize(("text", "left"), IN_A_LOG.items())
def test_what_programs_write_is_searched_strictly(text: str, left: str) -> None:
    assert redactor.redact_text(text) == left
    assert redactor.redact_text(left) == left
    assert payload_after({"line": text}) == {"line": left}


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_a_value_under_a_secret_name_goes_in_data_in_json_texts_and_in_parameters(name: str) -> None:
    assert payload_after({name: "v4lue", "a": 1}) == {name: "[redacted]", "a": 1}
    assert payload_after({name: {"raw": ["v4lue", 5, None, True]}}) == {
        name: {"raw": ["[redacted]", "[redacted]", None, True]}
    }
    assert payload_after([{"name": name, "value": "v4lue"}]) == [{"name": name, "value": "[redacted]"}]
    assert payload_after([name, "v4lue"]) == [name, "[redacted]"]
    assert payload_after({"body": json.dumps({name: "v4lue"})}) == {
        "body": json.dumps({name: "[redacted]"}, separators=(",", ":"))
    }
    assert payload_after({"body": f"a=1&{name}=v4lue&b=2"}) == {"body": f"a=1&{name}=[redacted]&b=2"}
    assert after(event(4, href=f"https://shop.example/?{name}=v4lue#top"))["href"].endswith(f"?{name}=[redacted]#top")


@pytest.mark.parametrize("name", HARMLESS_NAMES)
def test_a_value_under_an_ordinary_name_stays_byte_for_byte(name: str) -> None:
    sent = event(5, tag="note", payload={name: "value", "n": [{name: 12}], "u": f"/a?{name}=value"})
    assert redactor.redact(sent) is sent


@pytest.mark.parametrize(
    "value", ["", "***", "••••••", None, True, False, "include", "same-origin", "true", "undefined"]
)
def test_a_value_that_says_nothing_stays_under_a_secret_name(value: Any) -> None:
    sent = event(6, plugin="rrweb/network@1", payload={"password": value, "credentials": value})
    assert redactor.redact(sent) is sent


def test_json_within_json_within_json_is_read() -> None:
    innermost = json.dumps({"token": "t0ken", "n": 1})
    logged = json.dumps(["sent", json.dumps({"body": innermost})])
    left = payload_after([logged])[0]
    assert json.loads(json.loads(json.loads(left)[1])["body"]) == {"token": "[redacted]", "n": 1}


def test_deeper_texts_of_json_are_still_searched() -> None:
    text = "t0ken-of-joe"
    for _ in range(8):
        text = json.dumps({"token": text})
    assert "t0ken" not in redactor.redact_text(text)


def test_numbers_are_taken_where_they_are_secrets() -> None:
    payload = {"cvv": 123, "pan": 4111111111111111, "tokens": 1500, "at": 1763847123456, "no": 4111111111111112}
    assert payload_after(payload) == {**payload, "cvv": "[redacted]", "pan": "[card]"}


def test_a_network_request_keeps_what_is_not_secret() -> None:
    request = {
        "name": "https://shop.example/api/login?api_key=k1&page=2",
        "method": "POST",
        "status": 401,
        "startTime": 4111.5,
        "requestHeaders": {"accept": "*/*", "authorization": "Bearer abc", "cookie": "sid=1; theme=dark"},
        "responseHeaders": [{"name": "Set-Cookie", "value": "sid=2"}, ["x-request-id", "7"]],
        "requestBody": '{"email":"joe@example.com","password":"x","remember":true}',
        "credentials": "include",
    }
    sent = event(6, plugin="rrweb/network@1", payload={"requests": [request]})
    assert after(sent) == {
        "plugin": "rrweb/network@1",
        "payload": {
            "requests": [
                {
                    **request,
                    "name": "https://shop.example/api/login?api_key=[redacted]&page=2",
                    "requestHeaders": {"accept": "*/*", "authorization": "[redacted]", "cookie": "[redacted]"},
                    "responseHeaders": [{"name": "Set-Cookie", "value": "[redacted]"}, ["x-request-id", "7"]],
                    "requestBody": '{"email":"[email]","password":"[redacted]","remember":true}',
                }
            ]
        },
    }


def test_fields_that_a_recorder_adds_are_searched_too() -> None:
    sent = json.dumps({"type": 3, "data": {"source": 1, "positions": []}, "timestamp": 1, "user": "joe@example.com"})
    assert json.loads(redactor.redact(sent.encode()))["user"] == "[email]"


@pytest.mark.parametrize(
    "attributes",
    [
        {"type": "password"},
        {"type": "text", "name": "api_token"},
        {"type": "hidden", "name": "_csrf"},
        {"id": "new-password"},
        {"autocomplete": "cc-csc"},
        {"type": "tel", "name": "cvv", "class": "field"},
    ],
)
def test_a_field_loses_its_value_and_keeps_every_other_attribute(attributes: dict[str, str]) -> None:
    assert attributes_after("input", **attributes, value="73v") == {**attributes, "value": "[redacted]"}


def test_a_secret_textarea_loses_its_text() -> None:
    node = element("textarea", words("plain words"), name="private_key")
    assert after(event(2, node=node))["node"]["childNodes"][0]["textContent"] == "[redacted]"


@pytest.mark.parametrize(
    ("tag", "attributes"),
    [
        ("input", {"type": "password", "name": "token", "autocomplete": "current-password", "value": "*****"}),
        ("input", {"type": "submit", "name": "password_reset", "value": "Reset password"}),
        ("input", {"type": "checkbox", "name": "cookies", "value": "marketing"}),
        ("option", {"value": "token"}),
        ("label", {"for": "password", "class": "password token"}),
        ("div", {"id": "auth-token", "data-token-id": "a1b2c3d4", "data-password-toggle": "true", "data-secret": "on"}),
        ("div", {"style": "background: url(/a?token=abc1234)", "class": "joe@example.com"}),
        ("img", {"src": "https://cdn.example/a?token=t1&u=joe@example.com", "srcset": "/b?sig=1&token=t2 2x"}),
        ("img", {"data-src": "/lazy.png?token=t1", "rr_dataURL": "data:image/png;base64,eyJhbGciOiJI.eyJ"}),
        ("source", {"src": "/a.mp4?token=t1"}),
        ("video", {"poster": "/a.jpg?token=t1"}),
        ("image", {"xlink:href": "/a.svg?token=t1"}),
        ("link", {"rel": "stylesheet", "href": "/a.css?token=t1", "_cssText": "a[token='x1y2z3']{}"}),
        ("style", {"_cssText": ".password:hover { color: red } /* joe@example.com */"}),
        ("path", {"d": "M 4111 1111 1111 1111 Z"}),
        ("meta", {"http-equiv": "Content-Security-Policy", "content": "default-src 'self'; token=abc"}),
        ("a", {"href": "data:text/plain,token=abc"}),
        ("iframe", {"src": "blob:https://shop.example/4111111111111111"}),
    ],
)
def test_what_a_replay_needs_stays_byte_for_byte(tag: str, attributes: dict[str, str]) -> None:
    for sent in (
        event(2, node=element(tag, **attributes)),
        mutation(adds=[{"parentId": 1, "nextId": None, "node": element(tag, **attributes)}]),
    ):
        assert redactor.redact(sent) is sent


@pytest.mark.parametrize(
    ("tag", "attribute", "value", "left"),
    [
        ("a", "href", "/reset?token=abc&step=2", "/reset?token=[redacted]&step=2"),
        ("a", "href", "mailto:joe@example.com?subject=Hi", "mailto:[email]?subject=Hi"),
        ("form", "action", "/login?sid=abc", "/login?sid=[redacted]"),
        ("iframe", "src", "https://pay.example/#access_token=abc", "https://pay.example/#access_token=[redacted]"),
        ("input", "value", "joe@example.com", "[email]"),
        ("div", "title", "Signed in as joe@example.com", "Signed in as [email]"),
        ("div", "data-csrf-token", "5f0c4a9e77b1", "[redacted]"),
        ("div", "data-props", '{"apiKey":"k1","n":1}', '{"apiKey":"[redacted]","n":1}'),
        ("div", "id", "user-joe@example.com", "[email]"),
    ],
)
def test_an_attribute_that_no_replay_needs_loses_its_secret(tag: str, attribute: str, value: str, left: str) -> None:
    assert attributes_after(tag, **{attribute: value, "class": "a"}) == {attribute: left, "class": "a"}


def test_a_meta_element_loses_a_secret_content() -> None:
    assert attributes_after("meta", name="csrf-token", content="abc") == {"name": "csrf-token", "content": "[redacted]"}


def test_a_changed_attribute_is_judged_without_knowing_its_element() -> None:
    changes = [
        {"id": 1, "attributes": {"href": "/a.css?token=abc", "src": "/b?token=abc", "style": {"top": "1px"}}},
        {"id": 2, "attributes": {"rel": "stylesheet", "href": "/css?token=abc"}},
        {"id": 3, "attributes": {"class": None, "value": "joe@exa", "data-n": 4111111111111111}},
        {"id": 4, "attributes": {"href": "/next?token=abc"}},
        {"id": 5, "attributes": {"type": "password", "value": "x"}},
    ]
    left = json.loads(json.dumps(changes))
    left[2]["attributes"]["value"] = "[email]"
    left[3]["attributes"]["href"] = "/next?token=[redacted]"
    left[4]["attributes"]["value"] = "[redacted]"
    assert after(mutation(attributes=changes))["attributes"] == left


@pytest.mark.parametrize(
    "css",
    [
        ".password:hover { color: red }",
        "/* joe@example.com */\n@import url(/a?token=abc);",
        "@media print { [data-token='a1b2c3d4'] { content: 'Bearer a1b2c3d4' } }",
        "input[name=token]::before, a > b { background: url(a@b.co/4111111111111111) }",
        ":root{--secret-token:a1b2c3d4;}",
    ],
)
def test_css_stays_as_it_is_wherever_rrweb_puts_it(css: str) -> None:
    for sent in (
        event(2, node=element("style", words(css))),
        mutation(adds=[{"parentId": 1, "node": words(css, isStyle=True)}, {"parentId": 1, "node": words(css)}]),
        mutation(texts=[{"id": 5, "value": css}]),
        event(3, source=8, id=1, adds=[{"rule": css, "index": 0}], replace=css, replaceSync=css),
        event(3, source=13, id=1, index=[0], set={"property": "--token", "value": css}),
        event(3, source=15, id=1, styles=[{"styleId": 2, "rules": [{"rule": css}]}], styleIds=[2]),
        event(3, source=10, family="a", fontSource=f"url(data:font/woff2;base64,{css})", buffer=False),
    ):
        assert redactor.redact(sent) is sent


def test_what_is_typed_is_hidden_from_the_middle_of_an_address_or_a_card_number_on() -> None:
    def typed(text: str) -> str:
        left: str = after(event(3, source=5, text=text, isChecked=False, id=1))["text"]
        return left

    address, card, numbers = "joe.doe@mail.example", "4242 4242 4242 4242", "378282246310005"
    assert {typed(address[:end]) for end in range(8, len(address) + 1)} == {"[email]"}
    assert {typed(card[:end]) for end in range(13, len(card) + 1)} == {"[card]"}
    assert {typed(numbers[:end]) for end in range(11, len(numbers) + 1)} == {"[card]"}
    for kept in ("joe.doe", "4242 4242 42", "+49 170 1234567 89", "@joe", "5 @ 20", "4242 4242 4242 4241"):
        assert typed(kept) == kept


def test_text_on_a_canvas_is_cleaned_and_drawing_is_not() -> None:
    drawn = {"property": "drawImage", "args": [{"rr_type": "ImageBitmap", "base64": "token=abc"}]}
    written = {"property": "fillText", "args": ["joe@example.com", 1, 2]}
    assert after(event(3, source=9, id=1, type=0, commands=[drawn, written]))["commands"] == [
        drawn,
        {**written, "args": ["[email]", 1, 2]},
    ]


@pytest.mark.parametrize("hidden", [r"joe\u0040example.com", r"\u0074oken=abc", r"\u0034111111111111111"])
def test_characters_written_as_escapes_hide_nothing(hidden: str) -> None:
    sent = event(5, tag="note", payload={"text": "HERE"}).replace(b"HERE", hidden.encode())
    assert redactor.redact(sent) is not sent


def test_what_msgspec_does_not_read_is_cleaned_and_stays_json() -> None:
    for oddity in ("1e400", "-1e999", '"\\ud800"', "[" * 2_000 + "]" * 2_000):
        sent = f'{{"type":5,"data":{{"payload":{{"password":"hunter2","n":{oddity}}}}}}}'.encode()
        cleaned = redactor.redact(sent)
        assert b"hunter2" not in cleaned
        if "[" not in oddity:
            assert json.loads(cleaned)["data"]["payload"].keys() == {"password", "n"}


def test_a_page_nested_deeper_than_python_calls_is_cleaned() -> None:
    node: dict[str, Any] = words("joe@example.com")
    for _ in range(200):
        node = element("div", node)
    cleaned = redactor.redact(event(2, node=node))
    assert b"joe@" not in cleaned
    assert cleaned.count(b'"tagName":"div"') == 200


@pytest.mark.parametrize(
    "data",
    [
        b'{"type":5,"data":{"password":"hunter2"},"timestamp":1}',
        b'{"type":3,"data":{"source":2,"type":2,"id":4,"token":"hunter2"},"timestamp":1}',
        b'{"type":3,"data":{"password":"hunter2"},"timestamp":1}',
        b'{"type":2,"data":{"node":{"type":0,"id":1,"childNodes":[]},"secret":"hunter2"},"timestamp":1}',
        b'{"type":4,"data":{"href":"http://shop.example/","apiKey":"hunter2"},"timestamp":1}',
        b'{"type":99,"data":{"authorization":"hunter2"},"timestamp":1}',
    ],
)
async def test_what_a_recorder_adds_beside_the_fields_of_rrweb_is_plain_data(data: bytes) -> None:
    assert b"hunter2" not in DefaultRedactor().redact(data)
