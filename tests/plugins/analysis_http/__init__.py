"""A model that answers as a test says, and what it is asked."""

import json
from typing import Any

FINDINGS: dict[str, Any] = {
    "symptom": "The order could not be placed",
    "technicalRootCause": "POST /api/orders answers 500.",
    "suggestedFix": "Look at the order service's log.",
    "textSummary": "The visitor clicked Pay and got an error.",
    "visualSummary": "",
    "confidence": 0.8,
}
REPORT = json.dumps(FINDINGS).encode()


def report(**changes: Any) -> bytes:
    """A report with other values; None leaves a field out."""
    return json.dumps({name: value for name, value in {**FINDINGS, **changes}.items() if value is not None}).encode()


def chat(content: str | None, *, refusal: str | None = None, finish: str | None = "stop") -> bytes:
    """A chat API's answer."""
    message = {"role": "assistant", "content": content, "refusal": refusal}
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return json.dumps({"id": "c-1", "object": "chat.completion", "choices": [choice], "usage": {}}).encode()
