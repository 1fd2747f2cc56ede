"""How engines word the errors that they throw themselves: one kind of failure, whatever the browser calls it.

Each row: the kind, a word without which the pattern need not be tried, and the pattern, matched against the message
in lower case with straight quotes. Groups name the failed expression: `p` a property, `x` an expression whose last
name counts, `is` what it was instead, `id` anything that tells apart as it stands. Rows are tried in order, so the
special ones come first; `^` is where the message begins, with the error's class and without. C stands for Chrome, Edge
and others on V8, F for Firefox, S for Safari, I for IE and old Edge.
"""

import re
from typing import NamedTuple

_X = r"(?P<x>[^\s'\"]{1,120}|\([a-z ]{1,40}\)[^\s'\"]{0,80})"
_P = r"(?P<p>[^'\"]{1,120})"
_IS = r"(?P<is>undefined|null)"
_EVALUATING = r"\(evaluating '(?P<x>[^']{1,200}(?:'[^'()]{0,60}'[^']{0,60}){0,3})'?\)?"


class Wording(NamedTuple):
    kind: str
    needle: str
    pattern: re.Pattern[str]


_ROWS: tuple[tuple[str, str, str], ...] = (
    # Classes of their own.
    ("script error", "script error", r"^(?:uncaught )?\W*script error\W*$"),
    ("resize observer", "resizeobserver loop", r"resizeobserver loop"),
    # Parts of the site that did not load: webpack, Vite, Rollup, native modules, Angular, Next.
    ("chunk load", "chunk", r"loading (?:css )?chunk [^\n]{1,120}? failed|chunkloaderror|failed to load chunk\b"),
    ("chunk load", "dynamically imported module", r"dynamically imported module"),  # C F
    ("chunk load", "importing a module script", r"importing a module script failed"),  # S
    ("chunk load", "preload css", r"unable to preload css"),
    ("chunk load", "module script", r"failed to load module script|loading module from .{1,300} was blocked"),
    ("chunk load", "loading initial chunk", r"loading initial chunk"),
    # Errors of frameworks that carry a number or a name instead of a text.
    ("minified error", "minified", r"minified (?P<p>[\w .]{1,30}?) error #?(?P<id>\d+)"),
    ("minified error", "error #", r"\b(?P<p>mui|redux|lexical)\W{1,2}error #(?P<id>\d+)"),
    ("angular error", "ng0", r"\bng0?(?P<id>\d{3,5})\b"),
    ("svelte error", "svelte.dev/e/", r"svelte\.dev/e/(?P<id>\w+)"),
    ("vue error", "vuejs.org/error-reference", r"vuejs\.org/error-reference/#(?P<id>[\w-]+)"),
    ("react component", "error occurred in", r"error occurred in (?:the <(?P<p>[^>]{1,80})>|one of your react)"),
    ("hydration", "hydrat", r"hydrat(?:ion|ing|ed).{0,80}(?:fail|mismatch|error|match)|error while hydrating"),
    ("hydration", "server", r"(?:did not|does not|didn't) match.{0,40}server|server.rendered html|server html"),
    # Browsers' stores and what they forbid.
    ("quota", "quota", r"quotaexceeded|exceeded the quota|quota has been exceeded|quota_reached|quota_exceeded"),
    ("quota", "maximum size", r"storage maximum size reached"),
    ("cross-origin access", "cross-origin", r"blocked a frame with origin|cross-origin (?:frame|object)"),
    ("storage access", "access is denied", r"access is denied for this document"),  # C
    ("storage access", "operation is insecure", r"operation is insecure"),  # F S
    ("storage access", "'localstorage' of null", r"property 'localstorage' of null"),
    # Requests, when nothing says which.
    ("abort", "abort", r"\baborterror\b|(?:user|request|buffer was|fetch is|signal is|operation was) aborted"),
    ("abort", "cancel", r"^\W*(?:axios)?cancell?ed(?:error)?\W*$"),
    ("network", "failed to fetch", r"failed to fetch\W*$|failed to fetch\b"),  # C
    ("network", "networkerror when", r"networkerror when attempting to fetch"),  # F
    ("network", "load failed", r"^\W*load failed\b"),  # S
    ("network", "network", r"^\W*network (?:error|request failed)\b|network connection was lost"),
    ("network", "internet connection", r"internet connection appears to be offline"),  # S
    ("network", "hostname could not", r"server with the specified hostname could not be found"),  # S
    ("network", "err_", r"\bnet::err_|\berr_network\b|\berr_internet"),
    ("timeout", "timeout of", r"timeout of \d+ ?ms exceeded"),
    ("timeout", "timed out", r"^\W*(?:the )?(?:request|operation|signal)(?: has)? timed out"),
    # Endless recursion, and lengths out of range.
    ("stack overflow", "maximum call stack", r"maximum call stack size exceeded"),  # C S
    ("stack overflow", "too much recursion", r"too much recursion"),  # F
    ("stack overflow", "out of stack space", r"out of stack space"),  # I
    ("array length", "array length", r"invalid array length|array length must be a (?:positive|non)"),
    ("array length", "array size", r"array size is not a small enough"),  # S
    ("typed array length", "typed array", r"invalid typed array length|typed array .{0,40}(?:length|small enough)"),
    ("repeat count", "count", r"invalid count value|repeat count must be|repeat argument must be"),
    ("repeat count", "repeat argument", r"repeat argument must be"),
    ("string length", "string length", r"invalid string length"),  # C
    ("string length", "allocation size", r"allocation size overflow"),  # F
    ("string length", "out of memory", r"^\W*(?:rangeerror: )?out of memory"),  # S
    ("digits", "digits", r"\bto\w+\(\) (?:digits )?argument must be between|digits value is out of range"),
    ("digits", "argument must be between", r"\bto(?:fixed|precision|exponential)\(\) argument must be between"),
    ("digits", "precision", r"^\W*(?:rangeerror: )?precision -?\d+ out of range"),  # F
    ("radix", "radix", r"\bradix\b.{0,40}\b(?:between|at least)"),
    # Data of a wrong form.
    ("circular", "circular structure", r"circular structure to json"),  # C
    ("circular", "cyclic", r"cyclic object value|cannot serialize cyclic"),  # F S
    (
        "json",
        "json",
        r"\bin json at position|is not valid json|end of json input|after json|json\.parse:|json parse error",
    ),
    ("json", "json", r"(?:in json at|of the json data)|expected .{1,60} in json"),
    ("uri", "uri", r"\buri malformed|malformed uri sequence|^\W*(?:urierror: )?uri error"),
    ("url", "url", r"(?:construct 'url'|url constructor|invalid url\b|cannot be parsed as a url|is not a valid url)"),
    ("date", "invalid", r"invalid time value|^\W*(?:rangeerror: )?invalid date\b"),
    ("date", "date value is not finite", r"date value is not finite"),
    ("time zone", "time", r"invalid time zone|time ?zone (?:specified|in datetimeformat)|unsupported time ?zone"),
    ("locale", "language tag", r"invalid language tag|incorrect locale information|invalid locale"),
    ("locale", "locale information", r"incorrect locale information"),
    ("base64", "not correctly encoded", r"to be decoded is not correctly encoded"),  # C
    ("base64", "invalid character", r"string contains (?:an )?invalid characters?"),  # F S
    ("clone", "could not be cloned", r"could not be cloned"),  # C F
    ("clone", "can not be cloned", r"can not be cloned"),  # S
    ("selector", "selector", r"is not a valid selector|not a legal selector"),
    ("selector", "expected pattern", r"string did not match the expected pattern"),  # S
    ("regular expression", "regular expression", r"invalid regular expression|unsupported regular expression"),
    ("regular expression", "regexp", r"invalid regexp group|invalid regexp"),
    ("empty reduce", "reduce of empty array", r"reduce of empty array"),
    # What is not there: the most common of all.
    (
        "in operand",
        "'in'",
        r"(?:use|the) 'in' operator to search for ['\"]?(?P<p>[^'\" ]{1,80})|right-hand side of 'in'",
    ),
    (
        "in operand",
        "is not an object. (evaluating",
        r"is not an object\. \(evaluating '['\"](?P<p>[^'\"]{1,80})['\"] in ",
    ),
    ("convert", "to object", r"(?:cannot|can't) convert (?P<is>undefined|null)(?: or null)? to object"),
    ("convert", "(evaluating 'object.", rf"^.{{0,40}}{_IS} is not an object \(evaluating 'object\.\w+\("),  # S
    ("nullish", " of ", rf"cannot (?:read|set) propert(?:y|ies) of {_IS} \((?:reading|setting) '{_P}'"),  # C
    ("nullish", " of ", rf"cannot (?:read|set|delete) property '?(?P<p>[^' ]{{1,120}}?)'? of {_IS}"),  # C to 91
    ("nullish", "of undefined", r"cannot (?:read|set) properties of (?P<is>undefined)"),
    ("nullish", "of null", r"cannot (?:read|set) properties of (?P<is>null)"),
    ("nullish", "can't access", rf"{_IS}; can't access its \"{_P}\" property"),  # F to 70
    (
        "nullish",
        "can't access property",
        rf"can't access property \"?(?P<p>[^\", ]{{1,120}})\"?, .{{1,200}} is {_IS}",
    ),  # F
    ("nullish", "destructure", rf"cannot destructure property '{_P}' of .{{1,120}}? (?:as it is )?{_IS}"),  # C
    ("destructure", "destructure", r"(?:cannot destructure|right side of assignment cannot be destructured)"),
    ("iterable", "(near '", r"is not a function \(near '"),  # S
    ("nullish", "is not an object (evaluating", rf"{_IS} is not an object {_EVALUATING}"),  # S
    ("nullish", "of undefined or null", rf"unable to [gs]et property '{_P}' of (?P<is>undefined or null)"),  # I
    # Used as what it is not.
    ("iterable", "iterable", r"\biterable\b|symbol\(symbol\.iterator\)"),
    ("iterable", "non-iterable", r"non-iterable|spread syntax requires"),
    ("constructor", "is not a constructor", rf"is not a constructor {_EVALUATING}"),  # S
    ("constructor", "is not a constructor", rf"{_X} is not a constructor"),
    ("class without new", "without 'new'", r"class constructors? (?P<id>[\w$]*) ?(?:cannot|must)"),
    ("class without new", "class constructor", r"class constructors? (?P<id>[\w$]*) ?(?:cannot|must)"),
    ("function", "is not a function", rf"is not a function\.? {_EVALUATING}"),  # S to 9
    ("function", "is not a function", r"^(?:.*[\s:])?(?P<x>[^\s]{1,160}) is not a function"),
    ("function", "support property or method", rf"doesn't support property or method '{_P}'"),  # I
    ("instanceof", "instanceof", r"'?instanceof'?"),
    # Names.
    ("name", "is not defined", r"(?:^|[\s:])['\"]?(?P<id>[\w$]{1,80})['\"]? is not defined\W*$"),  # C F
    ("name", "can't find variable", r"can't find variable: (?P<id>[\w$]{1,80})"),  # S
    ("uninitialised", "initialization", r"(?:cannot access|lexical declaration) '(?P<id>[^']{1,80})' before init"),
    ("uninitialised", "uninitialized", r"uninitialized variable"),  # S
    ("declared twice", "already been declared", r"identifier '(?P<id>[^']{1,80})' has already been declared"),  # C
    ("declared twice", "redeclaration", r"redeclaration of \w+ (?P<id>[\w$]{1,80})"),  # F
    ("declared twice", "duplicate variable", r"can't create duplicate variable[^:]{0,40}: '(?P<id>[^']{1,80})'"),  # S
    ("constant", "constant variable", r"assignment to constant variable"),  # C
    ("constant", "assignment to const", r"invalid assignment to const"),  # F
    # Objects that do not let themselves be changed.
    ("read only", "read only property", rf"assign to read only property '{_P}'"),  # C
    ("read only", "is read-only", rf"\"{_P}\" is read-only"),  # F
    ("read only", "readonly property", r"assign to readonly property"),  # S
    ("read only", "only a getter", r"which has only a getter|setting getter-only property|only a getter"),
    ("not extensible", "extensible", r"not extensible|non-extensible"),
    ("redefine", "redefine", r"(?:cannot|can't) redefine (?:non-configurable )?property:? \"?(?P<p>[\w$]{1,80})"),
    ("redefine", "unconfigurable", r"attempting to change .{1,60}unconfigurable property"),  # S
    ("private member", "private", r"(?:read|write|access)\w* (?:to )?(?:invalid )?private (?:member|field)"),
    ("super first", "super", r"must call super constructor|'super\(\)' must be called"),
    ("bigint", "bigint", r"mix (?:of )?bigint|convert bigint to number"),
    ("symbol", "symbol", r"convert a symbol value|convert symbol to|convert a symbol to"),
    # Pages that something else changed, and media.
    ("foreign node", "child of this node", r"not a child of this node"),  # C F
    ("foreign node", "object can not be found", r"object can not be found here"),  # S
    ("foreign node", "object cannot be found", r"object cannot be found here"),
    ("play forbidden", "play", r"play\(?\)? ?(?:failed because|method is not allowed)|user didn't interact with"),
    ("play forbidden", "not allowed by the user agent", r"not allowed by the user agent or the platform"),  # F S
    ("play interrupted", "interrupted by", r"play\(\) request was interrupted"),
    ("no source", "no supported source", r"no supported source"),
    ("closing database", "connection is closing", r"database connection is clos"),
    # Scripts that do not parse, mostly pages in their place.
    (
        "syntax",
        "unexpected",
        r"unexpected (?:token\b|eof\b|end of (?:input|script)|(?:identifier|number|string|keyword)(?: '|\W*$))",
    ),
    ("syntax", "expected expression", r"expected expression, got"),  # F
    ("syntax", "unexpected token", r"invalid or unexpected token"),
    ("syntax", "import", r"import statement outside|import declarations may only|import call expects"),
    ("syntax", "after argument list", r"missing \) after argument list"),
    # Only now those that could be part of a longer sentence.
    (
        "receiver",
        " is undefined",
        r"^(?:\w*error: )?['\"]?(?P<x>[^\s'\"]{1,120})['\"]? is (?P<is>undefined)\W*$",
    ),  # F to 70, I
    ("receiver", " is null", r"^(?:\w*error: )?(?P<x>[^\s]{1,120}) is (?P<is>null)\W*$"),  # F to 70
    ("http", "status code", r"request failed with status code (?P<status>\d{3})"),
)

WORDINGS = tuple(Wording(kind, needle, re.compile(pattern, re.MULTILINE)) for kind, needle, pattern in _ROWS)

# What says everything: where such an error was thrown matters to nobody, or cannot be known.
EVERYWHERE = frozenset(
    ("script error", "resize observer", "chunk load", "minified error", "angular error", "svelte error", "vue error")
)
# Browsers name different things, or none; the function tells apart where it is known.
BY_FUNCTION = frozenset(("uninitialised", "read only", "redefine", "class without new", "in operand"))
