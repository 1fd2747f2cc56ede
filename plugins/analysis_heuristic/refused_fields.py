"""A form refused what the visitor wrote: which field, by which rule, and whether the rule or the value is at fault."""

import re

from retrospec_plugins.analysis_heuristic.evidence import SLACK_MS, Evidence, Finding
from retrospec_plugins.analysis_heuristic.happenings import Typing
from retrospec_plugins.analysis_heuristic.page import Field
from retrospec_plugins.analysis_heuristic.rules import rule_words
from retrospec_plugins.analysis_heuristic.values import joined
from retrospec_plugins.analysis_heuristic.wording import clock, sentence, times

_RULE_NAMES = [
    "valueMissing",
    "patternMismatch",
    "typeMismatch",
    "tooShort",
    "tooLong",
    "rangeUnderflow",
    "rangeOverflow",
    "stepMismatch",
    "badInput",
    "customError",
]
_NAMED = re.compile(r"""\[name=["']?([^"'\]]+)["']?\]|#([\w-]+)|\bname=["']?([\w.\[\]-]+)""")
_FORMATS = re.compile(
    r"post ?(al)?[ _-]?code|zip|phone|tel|name|street|address|city|state|card|iban|vat", re.IGNORECASE
)


def investigate(evidence: Evidence) -> Finding:
    """Explain a refused field."""
    field = _field(evidence)
    if field is None:
        return _unknown_field(evidence)
    rules = _broken_rules(evidence, field)
    good = not field.empty and "valueMissing" not in rules
    message = _message(evidence, field)
    return Finding(
        symptom=_symptom(evidence, field, message, good),
        cause=_cause(evidence, field, rules, good),
        fix=_fix(evidence, field, rules, good),
        confidence=_confidence(evidence, field, rules, message, good),
    )


def _field(evidence: Evidence) -> Field | None:
    """The field that the marker names; else the only one that the page shows as refused."""
    fields = evidence.page.fields if evidence.page else ()
    names = {name for found in _NAMED.findall(f"{evidence.marker.evidence} {evidence.marker.label}") for name in found}
    named = [one for one in fields if (names - {""}) & {one.html_id, one.form_name}]
    if not named:
        named = [one for one in fields if evidence.mentions(one.element.name) or evidence.mentions(one.form_name)]
    refused = [one for one in fields if one.invalid or one.message]
    candidates = named or refused
    return candidates[0] if len(candidates) == 1 or named else None


def _broken_rules(evidence: Evidence, field: Field) -> tuple[str, ...]:
    said = f"{evidence.marker.evidence} {evidence.marker.label}"
    return tuple(rule for rule in _RULE_NAMES if rule in said) or field.breaks


def _message(evidence: Evidence, field: Field) -> str:
    if field.message:
        return field.message
    appeared = evidence.messages_after(evidence.at - SLACK_MS)
    label = evidence.marker.label.strip()
    return next((text for text in appeared if label and label in text), "")


def _confidence(evidence: Evidence, field: Field, rules: tuple[str, ...], message: str, good: bool) -> float:
    if rules and field.breaks and not set(rules) & set(field.breaks):
        return 0.5
    if not rules:
        return 0.6 if message or field.invalid else 0.4
    seen = bool(message) or field.invalid
    if not good:
        return 0.7 if seen else 0.6
    confirmed = bool(set(rules) & set(field.breaks))
    base = 0.8 if confirmed else 0.65
    return base + (0.06 if seen else -0.05) + (0.04 if _tries(evidence) > 1 else 0)


def _tries(evidence: Evidence) -> int:
    return len(evidence.repeats)


def _symptom(evidence: Evidence, field: Field, message: str, good: bool) -> str:
    words = evidence.words
    where = words.page(evidence.page, evidence.path)
    said = f", saying {words.quote(message or evidence.marker.label)}" if message or evidence.marker.label else ""
    if not good:
        return sentence(f"The form on {where} did not go on: {words.short(field.element)} was left empty{said}")
    again = f" {times(_tries(evidence))}" if _tries(evidence) > 1 else ""
    return sentence(f"The form on {where} refused what was entered in {words.short(field.element)}{again}{said}")


def _cause(evidence: Evidence, field: Field, rules: tuple[str, ...], good: bool) -> str:
    thing = evidence.words.thing(field.element)
    broken = joined([evidence.words.plain(rule_words(rule, field.rules), 240) for rule in rules])
    if not good:
        return sentence(f"{thing} was empty and {broken or 'is refused'}: the form did what it was told to")
    held = f"held a value ({field.shape})" if not field.empty else "was empty"
    if not broken:
        rule = "no constraint in the page's source explains it, so a script refuses it"
        return sentence(f"{thing} {held}, and {rule}")
    parts = [f"{thing} {held}, but {broken}", _choices(evidence, field), _retry(evidence, field)]
    return " ".join(sentence(part) for part in parts if part)


def _deciding(evidence: Evidence, field: Field) -> list[tuple[str, str]]:
    """The lists, with what is chosen in them, that decide how this field is written where a visitor lives."""
    local = _FORMATS.search(f"{field.element.name} {field.form_name}")
    return [one for one in (evidence.page.choices if evidence.page and local else ()) if one[1]]


def _choices(evidence: Evidence, field: Field) -> str:
    choices = _deciding(evidence, field)
    if not choices:
        return ""
    told = [
        f"{evidence.words.quote(name, 40)} was set to {evidence.words.quote(value, 40)}" for name, value in choices[:2]
    ]
    return f"{joined(told)}, which the rule takes no account of"


def _retry(evidence: Evidence, field: Field) -> str:
    others = [at for at in evidence.repeats if at != evidence.at]
    typed = [one for one in evidence.all(Typing) if one.element.node == field.element.node]
    if others:
        when = joined([clock(at) for at in others[:4]])
        return f"The same field was also refused at {when}"
    if typed and typed[-1].at > evidence.at + SLACK_MS:
        return f"The visitor changed it again at {clock(typed[-1].at)}"
    return ""


def _fix(evidence: Evidence, field: Field, rules: tuple[str, ...], good: bool) -> str:
    thing = f"`{evidence.words.plain(field.element.selector)}`"
    if not good:
        return (
            f"Mark {thing} as required where the visitor reads its label, bring it into view when it is refused, "
            "and ask whether it has to be required at all."
        )
    if "patternMismatch" in rules:
        pattern = evidence.words.plain(field.rules.get("pattern", ""), 200)
        rule = f"the pattern `{pattern}` of {thing}" if pattern else f"the pattern of {thing}"
        choices = [name for name, _ in _deciding(evidence, field)]
        if choices:
            return (
                f"Make {rule} depend on {evidence.words.quote(choices[0], 40)}, or drop it and let the server "
                "decide; say in the message which form is expected. Test it with values of every choice that the "
                "list offers."
            )
        lenient = " Names, addresses and numbers of people are written in more ways than a pattern knows." * bool(
            _FORMATS.search(f"{field.element.name} {field.form_name}")
        )
        return (
            f"Widen {rule}, or drop it and let the server decide; say in the message which form is expected.{lenient}"
        )
    if not rules or rules == ("customError",):
        return (
            f"Find the script that refuses {thing} and test it with values of the shape seen here ({field.shape}); "
            "say in the message what is expected."
        )
    names = joined([evidence.words.plain(rule_words(rule, field.rules), 200) for rule in rules])
    return (
        f"Check whether the limit on {thing} is meant ({names}): the value had {field.shape}. "
        "Say in the message what is expected, before the form is sent."
    )


def _unknown_field(evidence: Evidence) -> Finding:
    words = evidence.words
    appeared = evidence.messages_after(evidence.at - SLACK_MS)
    label = evidence.marker.label.strip()
    seen = any(label and label in text for text in (*appeared, *(evidence.page.messages if evidence.page else ())))
    where = words.page(evidence.page, evidence.path)
    return Finding(
        symptom=sentence(f"The form on {where} refused what was entered, saying {words.quote(evidence.marker.label)}"),
        cause=(
            f"{words.quote(evidence.marker.label)} stood on the page at {clock(evidence.at)}, but no field there is "
            "marked as refused (`aria-invalid`) or named by the marker, so which rule refused it is not to be seen."
            if seen
            else f"The recording shows no refused field and no such message around {clock(evidence.at)}."
        ),
        fix="Tie every message to its field (`aria-invalid`, `aria-errormessage`), so that visitors and "
        "reports know which one.",
        confidence=0.5 if seen else 0.3,
    )
