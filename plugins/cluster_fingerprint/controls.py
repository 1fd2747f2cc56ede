"""Controls that do nothing, and pages that reload without end."""

import re
from functools import lru_cache

from retrospec.plugin import MarkerFacts
from retrospec_plugins.cluster_fingerprint.button_words import MEANINGS, VERBS
from retrospec_plugins.cluster_fingerprint.paths import template
from retrospec_plugins.cluster_fingerprint.styles import classes
from retrospec_plugins.cluster_fingerprint.tables import words
from retrospec_plugins.cluster_fingerprint.text import TEXT, bare, straight
from retrospec_plugins.cluster_fingerprint.tokens import NUMBERED, UUID, is_id
from retrospec_plugins.cluster_fingerprint.values import plain

Parts = list[tuple[str, str]]

_TESTS = ("test", "testid", "test-id", "data-testid", "data-test", "data-test-id", "data-qa", "data-cy", "qa", "cy")
_KEY = (
    r"(?:tag|id|name|class|role|aria-label|aria|title|href|type|text|label|placeholder|value|for|path|selector|css|xpath"
    r"|data-[a-z-]+|test-?id|test|qa|cy)"
)
_LABELLED = re.compile(rf"(?:^|[\s|])({_KEY})[:=]([^|]*)")
_HINTED = re.compile(rf"(?:^|[:-])({_KEY}):((?:(?!-{_KEY}:|:https?:|:/).)*)")
_PLACE_AMONG_OTHERS = re.compile(r":(?:nth|first|last|only)-[a-z-]+(?:\(\d+\))?|\[\d+\]")
# `button#save.btn`, `main > form [data-testid="pay"]`, as tools for the browser write it.
_BRACKETS = r"\[[\w-]{1,40}(?:[*^$~|]?=(?:\"[^\"]{0,120}\"|'[^']{0,120}'|[^\"'\]\s]{0,120}))?\]"
_SELECTOR = re.compile(
    rf"(?<![\w/])(?P<tag>[a-z][a-z0-9-]*)?(?P<rest>(?:[#.][\w:\\-]+|{_BRACKETS}|:nth-[a-z-]+\(\d+\))+)"
)
# From one part of a selector to the next that says more than a tag. A word behind a space may belong to the sentence.
_COMBINED = re.compile(r"(?:\s*[>+~]\s*[a-z][a-z0-9-]*(?=\s*[>+~]))*\s*[>+~]\s*|\s+")
_ATTRIBUTE = re.compile(r"\[([\w-]+)(?:[*^$~|]?=([^\"'\]]*|\"[^\"]*\"|'[^']*'))?\]")
_ID = re.compile(r"#([\w\\-]+)")
_CLASS = re.compile(r"\.([\w\\:-]+)")
_CAPTIONS = ("text", "aria-label", "aria", "label", "title", "placeholder")
_RELOAD = re.compile(r"re-?load|refresh", re.IGNORECASE)
_JOINTS = re.compile(r"[^A-Za-z0-9]+")
_GENERATED = re.compile(
    r":r\w{1,6}:|(?:radix|headlessui|mui|ember|yui|ext-gen|react-aria|downshift|mat|cdk|p-id)-?[\w:-]*\d[\w:-]*"
)
_CURRENCIES = words("""
    usd eur gbp chf jpy cny rmb inr rub krw try pln sek nok dkk czk huf ron bgn cad aud nzd brl mxn zar sgd hkd ils
    thb aed us r kr z kc lei ft tl
""")
# Words of classes and ids that any number of controls have.
_ANYTHING = words("""
    btn button cta pill link primary secondary tertiary default outline ghost solid large small medium lg sm md xs
    xl icon item row cell card tile box el element node option chip tab field input control action component wrapper
    container inner outer content root label text main base block full width round rounded
""")
# Every page has these, so the page says nothing about them.
_ON_EVERY_PAGE = words("""
    header footer nav navbar navigation sidebar topbar sidenav menu hamburger cookie cookies consent gdpr logout
    signout language locale theme newsletter chat
""")


@lru_cache(maxsize=4096)
def name(value: str) -> str:
    """A control's name in the page's source with `*` for the thing that it belongs to: `seat-*` of `seat-98238`."""
    if _GENERATED.search(value):
        return "*"
    words: list[str] = []
    mixed = any(map(str.islower, value))
    for word in _JOINTS.split(UUID.sub("-0-", value)):
        varies = bool(word) and (is_id(word) or (mixed and words[-1:] == ["*"] and word.isupper()))
        numbered = word.isdigit() and len(word) <= 2 and words and words[-1] in NUMBERED
        kept = "*" if varies and not numbered else word.casefold()
        if kept and not (kept == "*" and words and words[-1] == "*"):
            words.append(kept)
    return "-".join(words)


@lru_cache(maxsize=4096)
def caption(value: str) -> str:
    """What a control says, without numbers and prices, and in English where the wording is a common one."""
    text = bare(plain(value.replace("-", " ")).replace("*", " "))
    words = [word for word in text.split() if word not in _CURRENCIES and not word.isdigit()]
    said = " ".join(words)
    return MEANINGS.get(said) or said


def _locator(label: str, hint: str) -> dict[str, str]:
    """What the SDK wrote of the element: attribute to value."""
    if "tag:" in label or "id:" in label or "class:" in label or "text:" in label or "test:" in label:
        return dict(_LABELLED.findall(label))
    return selected(label) or dict(_HINTED.findall(hint)) or ({} if "/" in hint else selected(hint))


def selected(text: str) -> dict[str, str]:
    """What the first CSS selector in a text says of the element that it leads to: attribute to value."""
    if not ("#" in text or "[" in text or "." in text) or not (found := _SELECTOR.search(text)):
        return {}
    while (step := _COMBINED.match(text, found.end())) and (inner := _SELECTOR.match(text, step.end())):
        found = inner
    attributes = {key: value.strip("\"'") for key, value in _ATTRIBUTE.findall(found["rest"])}
    located, rest = {"tag": found["tag"] or "", **attributes}, _ATTRIBUTE.sub("", found["rest"])
    if identity := _ID.search(rest):
        located["id"] = identity[1]
    if styles := _CLASS.findall(rest):
        located["class"] = " ".join(styles)
    return located


def _named(located: dict[str, str]) -> str:
    """The name that a developer gave to this control alone; empty if there is none."""
    for key in (*_TESTS, "id", "name"):
        found = name(located[key]) if located.get(key) else ""
        words = set(found.split("-")) - _ANYTHING - {"*", ""}
        if words:
            return found
    return ""


def _steps(path: str) -> str:
    """A path of elements, `main>ul.list>li:nth-child(3)`, without places among others and classes made by tools."""
    found = []
    for step in _PLACE_AMONG_OTHERS.sub("", path).replace(">", " ").replace("/", " ").split():
        tag, _, styles = step.partition(".")
        found.append(".".join(part for part in (name(tag), classes(styles)) if part))
    return ">".join(found)


def _said(located: dict[str, str], styles: str) -> str:
    """A caption, unless a class says it in every language, as `add-to-cart` does."""
    own = {word for style in styles.split() for word in _JOINTS.split(style)} - _ANYTHING
    if len(own) > 1 and own & VERBS:
        return ""
    return next((caption(located[key]) for key in _CAPTIONS if located.get(key)), "")


def _described(located: dict[str, str]) -> Parts:
    """What tells a control without a name apart: its tag, where it leads or what it says, what it looks like."""
    styles = classes(located.get("class", ""))
    parts = [
        ("tag", located.get("tag", "").casefold()),
        ("class", styles),
        ("role", located.get("role", "").casefold()),
    ]
    if href := located.get("href"):
        path = href if href.startswith("/") else "/" + href.partition("//")[2].partition("/")[2]
        parts.append(("leads to", template(path)))
    else:
        parts.append(("says", _said(located, styles)))
    parts += [("within", _steps(located[key])) for key in ("path", "selector", "css", "xpath") if located.get(key)]
    return parts + [("one of", name(located[key])) for key in (*_TESTS, "id") if located.get(key)]


def _on_many_pages(named: str) -> bool:
    """Whether a name says which control it is on any page: `note-trash` does, `save` and `submit-button` do not."""
    own = set(named.split("-")) - _ANYTHING - {"*", ""}
    return len(own) > 1 or not own.isdisjoint(_ON_EVERY_PAGE)


def control(marker: MarkerFacts) -> Parts:
    """The control and the page that it is on; for endless reloads the page alone."""
    label, hint = straight(marker.label), marker.hint[:TEXT].removeprefix(f"{marker.kind}:")
    page = ("page", template(marker.route[:TEXT]))
    located = {key: value for key, value in _locator(label, hint).items() if value}
    if not located and (_RELOAD.search(label) or _RELOAD.match(hint)):
        return [("loop", "reload"), page]
    if not located:
        return [("message", plain(label)), ("hint", plain(straight(hint)) if not _telling(label) else ""), page]
    if named := _named(located):
        return [("control", named)] if _on_many_pages(named) else [("control", named), page]
    return [*_described(located), page]


def _telling(label: str) -> bool:
    """Whether a label says more than words, such as which control it is about."""
    return bool(label) and not label.replace(" ", "").isalpha()
