"""Secrets that show by their own form, wherever they stand: e-mail addresses, bearer and Basic credentials, JWTs."""

import binascii
import re

from retrospec_plugins.redact_default.keys import words

REDACTED = "[redacted]"
EMAIL = "[email]"

# Every pattern takes time linear in the text: it starts only where a run begins, or is bounded, and never goes back
# over a run it has taken (possessive quantifiers).
_ADDRESS = re.compile(
    r"(?:(?<![\w.+-])|(?<=%[0-9A-Fa-f]{2}))(?<!%)(?:[\w.+-]|%2[bB]){1,128}+(?:@|%40)"
    r"(?P<domain>(?:[^\W_][\w-]{0,62}\.){1,8}(?P<top>[^\W\d_]{2,24}))(?![\w-])"
)
# What ends a file name is no top-level domain: logo@2x.png, chunk@main.js.
_FILE_ENDS = words(
    "avif bmp cjs css csv cur eot gif htm html ico jpeg jpg js json jsx less map md mjs mp3 mp4 ogg otf pdf png scss"
    " svg tif tiff ts tsx ttf txt vue wasm wav webm webmanifest webp woff xml"
)
_UNFINISHED = re.compile(r"[\w.+-]{1,128}@(?:[^\W\d][\w.-]{0,255})?")
_VERSION = re.compile(r"v?\d+\.\d+[.-]")
_USER = re.compile(r"://[^\s/@?#\"'<>\\]{1,256}@")
_BEARER = re.compile(r"(?i)\b(bearer(?: |%20|\+){1,4})([\w.~+/=-]{6,}+)")
_PROSE = re.compile(r"(?i)(?:auth\w*|tokens?|bonds?|scheme|realm=?|error=?|header|format|prefix)[.,]?$")
_BASIC = re.compile(r"(?i)\b(basic(?: |%20|\+){1,4})([a-z0-9+/_-]{6,}+={0,2}+)")
_JWT = re.compile(r"(?<![\w-])eyJ[\w-]{8,}+\.[\w-]{2,}+(?:\.[\w-]*+){0,3}+")


def _address(found: re.Match[str]) -> str:
    if found["top"].lower() in _FILE_ENDS or _VERSION.match(found["domain"]):
        return found[0]
    return EMAIL


def _bearer(found: re.Match[str]) -> str:
    return found[0] if _PROSE.match(found[2]) else found[1] + REDACTED


def _basic(found: re.Match[str]) -> str:
    """Basic credentials are base64 of `user:password`; anything else is the word "basic" in a sentence."""
    bare = found[2].rstrip("=")
    try:
        plain = binascii.a2b_base64(bare + "=" * (-len(bare) % 4))
    except binascii.Error:
        return found[0]
    return found[1] + REDACTED if b":" in plain and plain.isascii() else found[0]


def without_addresses(text: str) -> str:
    """The text without e-mail addresses, and without who logs in within a URL (`https://user:password@host`)."""
    if "@" in text:
        text = _USER.sub(f"://{REDACTED}@", text)
    return _ADDRESS.sub(_address, text) if "@" in text or "%40" in text else text


def is_unfinished_address(text: str) -> bool:
    """Whether this is an e-mail address in the middle of being typed: recorders write an event for each key."""
    return bool(_UNFINISHED.fullmatch(text))


def without_bearers(text: str) -> str:
    """The text without bearer tokens, Basic credentials and JSON web tokens."""
    folded = text.lower()
    if "bearer" in folded:
        text = _BEARER.sub(_bearer, text)
    if "basic" in folded:
        text = _BASIC.sub(_basic, text)
    return _JWT.sub(REDACTED, text) if "eyJ" in text else text
