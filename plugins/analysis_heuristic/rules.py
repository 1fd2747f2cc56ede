"""Constraints of fields: which of them a value breaks, and how to say what they allow."""

import re

from retrospec_plugins.analysis_heuristic.values import as_number, is_masked

_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+$")
# A pattern of a page is run only while it is plain and the value short: a nested repeat could take for ever.
_RISKY = re.compile(r"\)\s*[*+{]|\\[1-9k]|\(\?|([*+{].*){4}")
_MAX_VALUE = 100


def broken(rules: dict[str, str], value: str, *, empty: bool) -> tuple[str, ...]:
    """The names (those of the browser's ValidityState) of the rules that the value breaks, as far as can be told."""
    if empty:
        return ("valueMissing",) if "required" in rules else ()
    if is_masked(value):
        return ()
    checks = {
        "patternMismatch": _mismatch(rules.get("pattern", ""), value),
        "typeMismatch": rules.get("type") == "email" and not _EMAIL.match(value),
        "tooShort": _beyond(len(value), rules.get("minlength"), -1),
        "tooLong": _beyond(len(value), rules.get("maxlength"), 1),
        "rangeUnderflow": _beyond(_number(value), rules.get("min"), -1),
        "rangeOverflow": _beyond(_number(value), rules.get("max"), 1),
    }
    return tuple(name for name, fails in checks.items() if fails)


def _mismatch(pattern: str, value: str) -> bool:
    if not pattern or len(pattern) > 200 or len(value) > _MAX_VALUE or _RISKY.search(pattern):
        return False
    try:
        return re.fullmatch(pattern, value) is None
    except (re.error, OverflowError, RecursionError):
        return False


def _number(value: str) -> float | None:
    try:
        return as_number(float(value[:_MAX_VALUE]))
    except ValueError:
        return None


def _beyond(value: float | None, bound: str | None, side: int) -> bool:
    limit = None if bound is None else _number(bound)
    return value is not None and limit is not None and (value - limit) * side > 0


def rule_words(rule: str, rules: dict[str, str]) -> str:
    """One broken rule in words, with what the page's source says."""
    words = {
        "valueMissing": "the field is required",
        "patternMismatch": f"its pattern `{rules.get('pattern', '')}` {pattern_words(rules.get('pattern', ''))}",
        "typeMismatch": f"its type `{rules.get('type', 'email')}` takes only an address of that kind",
        "tooShort": f"its minlength is {rules.get('minlength', '')}",
        "tooLong": f"its maxlength is {rules.get('maxlength', '')}",
        "rangeUnderflow": f"its min is {rules.get('min', '')}",
        "rangeOverflow": f"its max is {rules.get('max', '')}",
        "stepMismatch": f"its step is {rules.get('step', '')}",
        "badInput": "the browser could not read its value",
        "customError": "a script refuses it (setCustomValidity)",
    }
    return words.get(rule, rule)


def pattern_words(pattern: str) -> str:
    """What a plain pattern allows, e.g. `takes exactly 5 digits and nothing else`."""
    plain = re.fullmatch(r"\^?(?P<set>\\d|\[0-9\]|\[a-zA-Z\]|\[A-Za-z\])(?P<count>\+|\*|\{\d+(,\d*)?\})?\$?", pattern)
    if plain is None:
        return "does not match it"
    kind = "digits" if plain["set"] in ("\\d", "[0-9]") else "letters from A to Z"
    count = (plain["count"] or "{1}").strip("{}")
    if count in ("+", "*"):
        return f"takes {kind} and nothing else"
    low, _, high = count.partition(",")
    amount = f"{low} to {high}" if high else f"exactly {low}" if "," not in count else f"at least {low}"
    return f"takes {amount} {kind} and nothing else"
