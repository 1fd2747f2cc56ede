"""Attributes of elements: which carry words, which carry addresses, and which the replay needs as they are."""

import re
from typing import Any

from retrospec_plugins.redact_default.keys import looks_opaque, looks_secret, says_nothing, words
from retrospec_plugins.redact_default.marks import REDACTED, without_addresses
from retrospec_plugins.redact_default.payload import clean_string
from retrospec_plugins.redact_default.texts import Source, clean_text, clean_typed

# Looks, geometry and kinds: no visitor's words, and the page falls apart without them.
_AS_IT_IS = words(
    "_csstext autocomplete charset class color coords crossorigin d dir fill filter gradienttransform height"
    " http-equiv imagesizes imagesrcset integrity lang loading mask media nonce offset opacity path pattern"
    " patterntransform points pointer-events rel rev role sandbox sizes srcset stroke stroke-dasharray style tabindex"
    " transform type values viewbox width x x1 x2 xmlns y y1 y2"
)
# Other elements and stylesheets refer to these by their value.
_NAMES = words("aria-controls aria-describedby aria-labelledby aria-owns for form headers id list name")
_ADDRESSES = words("action background cite data formaction href longdesc manifest ping poster rr_src src xlink:href")
_NEVER_LOADED = words("action cite formaction longdesc ping rr_src")
# What is followed or sent, not shown: their addresses do not matter to a replay.
_FOLLOWED = words("a area form button iframe frame")
_RESOURCE = re.compile(
    r"(?i)[^?#]*\.(?:avif|bmp|css|eot|gif|ico|jpe?g|m4[av]|mp[34]|og[gv]|otf|png|svg|ttf|webm|webp|woff2?)(?:[?#]|$)"
)
# The page's code chose these values; a visitor did not type them.
_CHOSEN = words("button checkbox color image radio range reset submit")
_TYPED_INTO = words("input textarea")


def clean_attributes(tag: str | None, attributes: dict[str, Any]) -> bool:
    """Replace the secrets within an element's attributes, in place; their names stay.

    Args:
        tag: The element's tag in lower case; None where the event does not tell.
        attributes: By name, as rrweb writes them: values may be strings, numbers, booleans, null or style objects.

    Returns:
        Whether anything was replaced.
    """
    changed = False
    for name, value in attributes.items():
        if not isinstance(value, str) or not value:
            continue
        cleaned = _clean(tag, name.lower(), value, attributes)
        if cleaned != value:
            attributes[name] = cleaned
            changed = True
    return changed


def holds_secret(tag: str | None, attributes: dict[str, Any]) -> bool:
    """Whether what is typed into this form field is a secret, by its type and names."""
    if tag is not None and tag not in _TYPED_INTO:
        return False
    kind = str(attributes.get("type", "")).lower()
    if kind in _CHOSEN:
        return False
    named = (attributes.get(name) for name in ("name", "id", "autocomplete"))
    return kind == "password" or any(isinstance(name, str) and looks_secret(name) for name in named)


def _clean(tag: str | None, name: str, value: str, attributes: dict[str, Any]) -> str:
    if name in _ADDRESSES:
        return value if _is_loaded(tag, name, value, attributes) else clean_text(value, Source.ADDRESS)
    if name in _AS_IT_IS or name.startswith("rr_") or name.endswith(("-src", "srcset")) or _is_pragma(name, attributes):
        return value
    if name in _NAMES:
        return without_addresses(value)
    if _is_secret(tag, name, value, attributes):
        return value if says_nothing(value) else REDACTED
    if name == "value" and (tag is None or tag in _TYPED_INTO):
        return clean_typed(value)
    return clean_string(value, Source.PAGE)


def _is_pragma(name: str, attributes: dict[str, Any]) -> bool:
    return name == "content" and "http-equiv" in attributes


def _is_loaded(tag: str | None, name: str, value: str, attributes: dict[str, Any]) -> bool:
    """Whether the address is one that a replay loads."""
    if value.startswith(("data:", "blob:", "#")):
        return True
    if name in _NEVER_LOADED:
        return False
    if tag is not None:
        return tag not in _FOLLOWED
    # A change of an attribute does not tell the element. Only links have a plain href that is not loaded.
    return name != "href" or "rel" in attributes or "_cssText" in attributes or bool(_RESOURCE.match(value))


def _is_secret(tag: str | None, name: str, value: str, attributes: dict[str, Any]) -> bool:
    if name == "value":
        return holds_secret(tag, attributes)
    if name == "content":
        titles = (attributes.get(title) for title in ("name", "property"))
        return any(isinstance(title, str) and looks_secret(title) for title in titles)
    # data-password-toggle="true" is the page's own; data-csrf-token="5f0c…" is not.
    return looks_secret(name) and looks_opaque(value)
