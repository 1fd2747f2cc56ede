"""How fast the redactor `default` goes through a recording, and for how long it stays in one event.

    python bench/redaction.py [--megabytes N] [--secrets SHARE]

The recording is made up: a page as a full snapshot, then movements, changes, typing, messages of the console and
requests, in about the proportions of a real one. SHARE is the part of the changes, messages and requests that hold a
secret (0, 0.1 and 1 if not given). The hostile texts after it repeat what patterns look for: their times must grow
with their length and not with its square, so each is shown for one and for two megabytes. All times are the thread's
own, so that what else the machine does stays out of them.
"""

import argparse
import json
import random
from collections.abc import Callable, Iterator
from time import thread_time
from typing import Any

from retrospec_plugins.redact_default import DefaultRedactor

BEGUN = 1_795_342_200_000
WORDS = (
    "lamp",
    "brass lantern",
    "shelf",
    "order",
    "postcode",
    "author",
    "inside",
    "price",
    "delivery",
    "basket",
    "cart",
)
HOSTILE = {
    "digits in groups": "4111 ",
    "names and signs": "pwd:",
    "harmless names": "tokenType:",
    "opened quotes": "pwd:'\"",
    "at signs": "a@b.",
    "tokens": "eyJhbGciOi.",
    "one letter": "a",
    "braces": '{"token":',
    "rules": "a{b:",
}


class Visit:
    """Makes up events; the same ones every time."""

    def __init__(self, secrets: float) -> None:
        self._chance = random.Random(7)
        self._secrets = secrets
        self._number = 0

    def events(self, size: int) -> Iterator[bytes]:
        """Events of `size` bytes in all, or a little more."""
        makers: list[Callable[[], dict[str, Any]]] = [
            self._movement,
            self._change,
            self._typing,
            self._message,
            self._request,
        ]
        yield (first := self._encode(2, {"node": self._page(size // 20), "initialOffset": {"left": 0, "top": 0}}))
        left = size - len(first)
        while left > 0:
            maker = self._chance.choices(makers, weights=(55, 25, 5, 7, 8))[0]
            made = maker()
            yield (encoded := self._encode(6 if "plugin" in made else 3, made))
            left -= len(encoded)

    def _encode(self, kind: int, data: dict[str, Any]) -> bytes:
        self._number += 1
        event = {"type": kind, "data": data, "timestamp": BEGUN + 20 * self._number}
        return json.dumps(event, separators=(",", ":")).encode()

    def _words(self, count: int) -> str:
        return " ".join(self._chance.choices(WORDS, k=count))

    def _maybe(self, secret: str) -> str:
        return secret if self._chance.random() < self._secrets else ""

    def _page(self, size: int) -> dict[str, Any]:
        rules = "".join(
            f".a{number} > .side:hover {{ top: {number / 3}px }}\n@media print {{}}" for number in range(size // 200)
        )
        style = self._element("style", {"type": 3, "textContent": rules, "isStyle": True, "id": 3})
        return self._element("html", style, *(self._block() for _ in range(size // 2 // 250)))

    def _element(self, tag: str, *children: dict[str, Any]) -> dict[str, Any]:
        self._number += 1
        attributes = {"class": f"card side-{self._number} {self._words(2)}", "style": f"left: {self._number / 7}px"}
        return {"type": 2, "tagName": tag, "attributes": attributes, "childNodes": [*children], "id": self._number}

    def _block(self) -> dict[str, Any]:
        return self._element("div", {"type": 3, "textContent": self._words(12), "id": self._number})

    def _movement(self) -> dict[str, Any]:
        places = [{"x": self._chance.random() * 999, "y": at, "id": 9, "timeOffset": -at} for at in range(10)]
        return {"source": 1, "positions": places}

    def _change(self) -> dict[str, Any]:
        texts = [{"id": 5, "value": self._words(6) + self._maybe(" for joe@example.com")}]
        adds = [{"parentId": 5, "nextId": None, "node": self._block()} for _ in range(4)]
        return {"source": 0, "texts": texts, "attributes": [], "removes": [], "adds": adds}

    def _typing(self) -> dict[str, Any]:
        return {"source": 5, "text": self._words(1) + self._maybe("@example.com"), "isChecked": False, "id": 8}

    def _message(self) -> dict[str, Any]:
        said = json.dumps({"at": self._words(20), "note": self._maybe("password=hunter2")})
        return {"plugin": "rrweb/console@1", "payload": {"level": "log", "trace": [], "payload": [said]}}

    def _request(self) -> dict[str, Any]:
        body = json.dumps({"items": [{"name": self._words(3), "price": at} for at in range(30)]})
        headers = {"accept": "*/*", "x-trace": self._words(1)}
        if self._maybe("x"):
            headers["authorization"] = "Bearer 5f0c4a9e77b1d2"
        return {
            "plugin": "rrweb/network@1",
            "payload": {"requests": [{"requestHeaders": headers, "responseBody": body}]},
        }


def show_recording(megabytes: float, secrets: float) -> None:
    events = list(Visit(secrets).events(round(megabytes * 1_000_000)))
    redactor = DefaultRedactor()
    changed, longest, began = 0, (0.0, 0), thread_time()
    for event in events:
        at = thread_time()
        changed += redactor.redact(event) is not event
        longest = max(longest, (thread_time() - at, len(event)))
    took, size = thread_time() - began, sum(map(len, events)) / 1_000_000
    print(f"{size:.1f} MB in {len(events):,} events, {changed:,} of them with secrets ({secrets:.0%} asked for)")
    print(f"  {took:.2f} s, {size / took:.0f} MB/s", end="")
    print(f"; the longest event {longest[0] * 1000:.0f} ms ({longest[1] / 1000:,.0f} kB)")


def show_hostile() -> None:
    print("hostile texts: seconds for 1 MB, for 2 MB")
    redactor = DefaultRedactor()
    for name, piece in HOSTILE.items():
        times = []
        for megabytes in (1, 2):
            text = piece * (megabytes * 1_000_000 // len(piece)) + "@"
            began = thread_time()
            redactor.redact_text(text)
            times.append(thread_time() - began)
        print(f"  {name:18} {times[0]:6.2f} {times[1]:6.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, default=10)
    parser.add_argument("--secrets", type=float)
    asked = parser.parse_args()
    for secrets in (0.0, 0.1, 1.0) if asked.secrets is None else (asked.secrets,):
        show_recording(asked.megabytes, secrets)
    show_hostile()


if __name__ == "__main__":
    main()
