"""The report that a model gives, checked to the letter."""

from typing import Annotated, Any, Literal

import msgspec

from retrospec.plugin import Analysis

_LINE, _TEXT = 500, 8_000
Line = Annotated[str, msgspec.Meta(min_length=1, max_length=_LINE)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=_TEXT)]


class BadAnswer(Exception):
    """The model's answer is none that can be used. Repeats nothing of it."""


class Report(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What a model answers: all of it, and nothing else."""

    symptom: Line
    technical_root_cause: Text
    suggested_fix: Text
    text_summary: Text
    visual_summary: Annotated[str, msgspec.Meta(max_length=_TEXT)]
    confidence: Annotated[float, msgspec.Meta(ge=0, le=1)]
    schema_version: Literal["retrospec.analysis.v1"] = "retrospec.analysis.v1"


# For chat APIs, which take a part of JSON Schema only: no lengths, every field required, none besides.
JSON_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": [
        "symptom",
        "technicalRootCause",
        "suggestedFix",
        "textSummary",
        "visualSummary",
        "confidence",
    ],
    "properties": {
        "symptom": {"type": "string", "description": "What the visitor met, one line"},
        "technicalRootCause": {"type": "string", "description": "The likeliest cause, for an engineer"},
        "suggestedFix": {"type": "string", "description": "What to do about it"},
        "textSummary": {"type": "string", "description": "What happened, step by step, in a few sentences"},
        "visualSummary": {"type": "string", "description": "What was to be seen on the page; may be empty"},
        "confidence": {"type": "number", "description": "0 to 1: how likely cause and fix are right"},
    },
}


def read_report(text: str | bytes) -> Analysis:
    """Read a report.

    Args:
        text: The JSON that the model wrote.

    Raises:
        BadAnswer: It is no report; says which field is wrong.
    """
    try:
        report = msgspec.json.decode(text, type=Report)
    except msgspec.ValidationError as mistake:
        raise BadAnswer(f"the answer is no report: {mistake}") from None
    except (msgspec.DecodeError, UnicodeError):
        raise BadAnswer("the answer is no JSON") from None
    symptom = " ".join(_clean(report.symptom).split())
    if not (symptom and all(map(str.strip, (report.technical_root_cause, report.suggested_fix, report.text_summary)))):
        raise BadAnswer("the answer is no report: a text is blank")
    return Analysis(
        symptom=symptom,
        technical_root_cause=_clean(report.technical_root_cause),
        suggested_fix=_clean(report.suggested_fix),
        text_summary=_clean(report.text_summary),
        visual_summary=_clean(report.visual_summary),
        confidence=report.confidence,
    )


def _clean(text: str) -> str:
    return text.replace("\0", "").strip()
