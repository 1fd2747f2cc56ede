"""Made-up sessions: three failures each, drawn from some hundred defects of which few are hot."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from bench.load import request

_KINDS = ("api_error", "js_exception", "ui_no_effect", "validation_failed")
_WORDS = ["cart", "checkout", "order", "profile", "search", "payment", "address", "coupon", "review", "wishlist"]
_DEFECTS = 200


def _defect(number: int) -> dict[str, str]:
    kind = _KINDS[number % 4]
    word, other = _WORDS[number % 10], _WORDS[number // 10 % 10]
    label = {
        "api_error": f"POST /api/{word}/{other}{'x' * (number // 100)} -> 500",
        "js_exception": f"TypeError: Cannot read properties of undefined (reading '{word}{other}{number}')",
        "ui_no_effect": f"click on button {word} {other} had no effect",
        "validation_failed": f"field {word}.{other} refused: pattern mismatch",
    }[kind]
    evidence = f"at {word} ({other}.js:{number}:7)"
    return {"kind": kind, "label": label, "clusterKey": f"{kind}:{word}", "evidence": evidence}


DEFECTS = [_defect(number) for number in range(_DEFECTS)]


def session(number: int, chance: random.Random, prefix: str = "s") -> dict[str, object]:
    """The body of one ingest request."""
    started = datetime.now(UTC) - timedelta(seconds=chance.uniform(60, 3600))
    # 1/f: the hottest defect is hit by every tenth failure.
    hit = [min(int(_DEFECTS ** chance.random()) - 1, _DEFECTS - 1) for _ in range(3)]
    return {
        "session": {
            "id": f"{prefix}-{number}",
            "site": "shop.example",
            "route": f"/{chance.choice(_WORDS)}/{chance.randrange(1000)}",
            "startedAt": started.isoformat().replace("+00:00", "Z"),
            "durationMs": chance.randrange(1000, 600_000),
            "eventsObjectKey": f"session-events/proj_default/2026/01/01/shop.example/{prefix}-{number}.json",
            "userId": f"user-{chance.randrange(5000)}",
        },
        "markers": [
            {"id": f"m{place}", "replayOffsetMs": chance.randrange(600_000), **DEFECTS[defect]}
            for place, defect in enumerate(hit)
        ],
    }


def requests(prefix: str = "s", headers: str = "") -> Iterator[bytes]:
    """Ingest requests without end, each of another session."""
    chance = random.Random(prefix)
    number = 0
    while True:
        yield request("POST", "/v1/ingest/session", msgspec.json.encode(session(number, chance, prefix)), headers)
        number += 1
