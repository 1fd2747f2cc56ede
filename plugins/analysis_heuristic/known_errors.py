"""What the usual messages of browsers mean, and what helps."""

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Meaning:
    """Why the error is thrown, and what to do `where` it is."""

    why: str
    fix: str


_Explain = Callable[[re.Match[str], str, str], Meaning]


def _missing(found: re.Match[str], where: str, case: str) -> Meaning:
    groups = found.groupdict()
    what, name = groups.get("what") or "undefined", groups.get("name") or groups.get("old")
    expression = groups.get("expression") or ""
    read = f"`{name}`" if name else f"`{expression}`" if expression else "a property"
    held = f"`{expression}`" if name and expression else "the value it is read from"
    return Meaning(
        f"The code reads {read} although {held} is {what} there.",
        f"In {where}, find out why {held} is {what} for {case} and correct the data or the look-up that should "
        f"provide it; until it is certain to exist, check for {what} before reading {read} and show the visitor "
        "something usable instead",
    )


def _not_function(found: re.Match[str], where: str, case: str) -> Meaning:
    name = f"`{found['expression'][-80:]}`"
    return Meaning(
        f"The code calls {name}, which is not a function there.",
        f"In {where}, check what {name} really holds: a renamed or missing export, a script that has not loaded yet, "
        f"or a value of another type than the code expects",
    )


def _not_defined(found: re.Match[str], where: str, case: str) -> Meaning:
    name = f"`{(found['name'] or found['other'])[-80:]}`"
    return Meaning(
        f"The code uses the name {name}, which nothing defines there.",
        f"In {where}, import or declare {name}, or load the script that provides it before this one",
    )


def _means(why: str, fix: str) -> _Explain:
    return lambda _, where, __: Meaning(why, fix.format(where=where))


_CHROME_MISSING = (
    r"cannot (read|set) propert(y|ies) (['\"](?P<old>[^'\"]+)['\"] )?of (?P<what>undefined|null)"
    r"( \((reading|setting) '(?P<name>[^']+)'\))?"
)
_RULES: tuple[tuple[re.Pattern[str], _Explain], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), meaning)
    for pattern, meaning in (
        (_CHROME_MISSING, _missing),
        (r"(?P<what>undefined|null) is not an object \(evaluating '(?P<expression>[^']+)'\)", _missing),
        (
            r"can't access property \"?(?P<name>[^\",]+)\"?, (?P<expression>.+?) is (?P<what>undefined|null)",
            _missing,
        ),
        (r"(?P<expression>[\w.$()\[\]]+) is not a function", _not_function),
        (r"(?P<name>[\w$]+) is not defined|can't find variable: (?P<other>[\w$]+)", _not_defined),
        (
            r"failed to fetch|networkerror when attempting|load failed|network request failed",
            _means(
                "A request got no answer (connection, CORS or a blocker), and nothing catches that.",
                "In {where}, catch the rejected request, tell the visitor, and offer to try again",
            ),
        ),
        (
            r"not valid json|unexpected (token|end of).*json|json\.parse|unexpected end of json",
            _means(
                "The code parses an answer as JSON that is none, as error pages and empty answers are.",
                "In {where}, look at the answer's status and content type before parsing it, and handle the failure",
            ),
        ),
        (
            r"loading (css )?chunk|chunkloaderror|dynamically imported module|importing a module script failed",
            _means(
                "A part of the program could not be loaded, usually because a release removed it from under "
                "open pages.",
                "Keep the files of earlier releases available for some days, and reload the page once when a part "
                "cannot be loaded (at {where})",
            ),
        ),
        (
            r"quota.*exceeded|exceeded the quota",
            _means(
                "The browser's storage for this site is full or not allowed.",
                "In {where}, catch the failing write, drop what is old, and work without storage if need be",
            ),
        ),
        (
            r"maximum call stack|too much recursion",
            _means(
                "A function calls itself without an end.",
                "In {where}, find the call that leads back to itself and give it an end",
            ),
        ),
        (
            r"is not iterable|is not a valid array length|\.(map|foreach|filter) is not",
            _means(
                "The code goes through a value as if it were a list, and it is none.",
                "In {where}, make certain that the value is a list, above all when it comes from an answer",
            ),
        ),
        (
            r"resizeobserver loop",
            _means(
                "A layout was not settled within one frame; browsers report this as an error, though nothing is lost.",
                "Leave this message out of the error reporting, or put the work of the observer at {where} "
                "into the next frame",
            ),
        ),
        (
            r"^(uncaught )?script error",
            _means(
                "The error comes from a script of another host, and the browser hides what it was.",
                "Serve that script with `Access-Control-Allow-Origin` and load it with `crossorigin`, "
                "so that the next report names it",
            ),
        ),
    )
)


def meaning_of(message: str, where: str, case: str = "this input") -> Meaning:
    """What a message means where it was thrown, for the `case` that set it off; unknown ones say so."""
    for pattern, explain in _RULES:
        found = pattern.search(message[:1000])
        if found is not None:
            return explain(found, where, case)
    return Meaning(
        "Nothing around it catches the error.",
        f"In {where}, handle the case that throws, and catch what may fail where the visitor can be told about it",
    )
