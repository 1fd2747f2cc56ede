"""Classes of elements: which were named by people, and which were made by tools or only say how things look."""

import re
from functools import lru_cache

from retrospec_plugins.cluster_fingerprint.tables import words
from retrospec_plugins.cluster_fingerprint.tokens import NAMES, is_id

# Styled components, Emotion, CSS modules, JSS, Svelte, Angular, Vue and others name by digest.
_MADE = re.compile(
    r"(?:css|sc|jsx|jss|emotion|svelte|astro|stitches|linaria|ng-tns|_ngcontent|_nghost|ng|data-v|v|c|r|s|e|tss|chakra)"
    r"-(?=[\w-]*\d|[A-Za-z]*[A-Z])[\w-]{1,40}|_?[a-zA-Z]{0,2}\d\w{0,10}|sc-[a-zA-Z]{5,8}|:r\w+:"
)
# Vite's CSS modules: `_submit_1x7yz_12`, whose number is a line of the style sheet.
_LINED = re.compile(r"_(?P<name>[A-Za-z][\w-]*)_[0-9a-z]{5}_\d{1,5}")
# `Button_root__x7Yz1`, `styles__submit--3fk2`, `header-module--nav--a1b2c`.
_SUFFIXED = re.compile(r"(?P<name>[A-Za-z][\w-]*?)(?:___?|--|[-_])(?P<digest>[A-Za-z0-9+-]{4,10})")
_UTILITY = re.compile(
    r"!?-?(?:[pm][trblxyse]?|gap(?:-[xy])?|space-[xy]|w|h|min-[wh]|max-[wh]|size|inset(?:-[xy])?|top|left|right|bottom|z"
    r"|text|bg|border(?:-[trblxyse])?|rounded(?:-[trbl]{1,2})?|ring|shadow|opacity|duration|ease|delay|scale|rotate"
    r"|translate-[xy]|grid-cols|grid-rows|col|row|col-span|row-span|order|leading|tracking|font|cursor|fill|stroke"
    r"|items|justify|self|content|place|overflow(?:-[xy])?|object|aspect|line-clamp|from|via|to|divide(?:-[xy])?"
    r"|outline|transition|animate|select|flex|grid|basis|grow|shrink|d|float|align|fs|fw|lh|g[xy]?|offset|position)"
    r"-(?:\[[^\]]*\]|[\w./%-]+)"
)
# Alone these are utilities or states too.
_LOOKS = words("""
    flex grid block inline inline-block inline-flex hidden visible relative absolute fixed sticky static truncate
    uppercase lowercase capitalize italic underline antialiased container rounded border shadow ring outline
    transition transform filter blur group peer sr-only not-sr-only grow shrink isolate contents table collapse
    prose row col w-100 active inactive hover focus focused focus-visible disabled enabled loading loaded busy
    selected checked open opened closed expanded collapsed current visited pressed error invalid valid dirty
    pristine touched untouched show shown hide fade in out animated clicked dark light first last odd even mobile
    desktop tablet ripple no-js js ng-untouched ng-touched ng-pristine ng-dirty ng-valid ng-invalid ng-star-inserted
    clearfix pull-left pull-right
""")
_STATE = re.compile(r"(?:is|has|was|js)-[\w-]+")
_VARIANT = re.compile(r"(?:[a-z@!&-]+(?:\[[^\]]*\])?:)+")
_SEPARATOR = re.compile(r"[\s.,]+")


def _made(name: str) -> bool:
    if _MADE.fullmatch(name):
        return True
    return name not in NAMES and name.isalnum() and name.isascii() and len(name) >= 5 and is_id(name)


def _lasting(name: str) -> str:
    if not name or name.casefold() in _LOOKS or _STATE.fullmatch(name) or _UTILITY.fullmatch(name) or "[" in name:
        return ""
    if ":" in name and _VARIANT.match(name):
        return ""
    if lined := _LINED.fullmatch(name):
        return lined["name"].casefold()
    if _made(name):
        return ""
    suffixed = _SUFFIXED.fullmatch(name)
    digest = suffixed["digest"] if suffixed else ""
    if suffixed and (any(map(str.isdigit, digest)) or not (digest.islower() or digest.isupper())) and is_id(digest):
        name = suffixed["name"].rstrip("_-")
    return name.casefold()


@lru_cache(maxsize=2048)
def classes(value: str) -> str:
    """The classes of an element that stay from build to build and from state to state, in alphabetical order.

    Args:
        value: As SDKs write it, separated by spaces, dots or commas.
    """
    return " ".join(sorted({kept for name in _SEPARATOR.split(value) if (kept := _lasting(name))}))
