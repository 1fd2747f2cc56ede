"""Single words of paths, names and texts: ids that differ from case to case, or names that stay."""

import re
from functools import lru_cache

from retrospec_plugins.cluster_fingerprint.letters import drawn, unlike_words
from retrospec_plugins.cluster_fingerprint.tables import words

# Names with digits in them that look like ids.
NAMES = words("""
    hl7 2d 2fa 3d 3ds 3ds2 4k 8k a11y a2a ab4 b2b b2c b2g base32 base58 base64 c2c c2b d2c d3 e2e e2ee ec2 es5 es6
    es2015 es2017 es2020 es2022 g2g g11n h2 h264 h265 html5 css3 i18n ipv4 ipv6 iso8601 k8s l10n log4j m2m md5 mp3
    mp4 mpeg4 n11n o2o oauth1 oauth2 p2p pkcs12 r2 rfc2822 rfc3339 rfc7807 s2s s3 sha1 sha256 sha384 sha512 sql92
    t9n totp2 u2f utf8 utf16 v2ray w3c web2 web3 win32 win64 x509 x64 x86
""")
# Words that count kinds, not things: `step-2` is another page than `step-3`.
NUMBERED = words("""
    step level tier phase stage part line address addr street version tls http oauth top
""")

UUID = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![0-9A-Za-z])")
_VERSION = re.compile(r"[vV]\d{1,3}(?:(?:alpha|beta|rc|preview)\d*)?")
_STEM = re.compile(r"([A-Za-z]{2,})(\d+)")
_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
# Words of these letters alone, as `decade`, have six at most, or are past tenses that no path has.
_HEX_LETTERS = re.compile(r"[a-f]+|[A-F]+")
_LETTERS = re.compile(r"[A-Za-z]+")


def _mixed(token: str) -> bool:
    """Whether letters and digits mixed are an id: `3zZ0zV` is, `line2item` is not."""
    runs = _LETTERS.findall(token)
    named = token.islower() and token[0].isalpha() and len(runs) == 2 and min(map(len, runs)) >= 3
    return not named or len(token) - sum(map(len, runs)) > 2 or any(map(unlike_words, runs))


@lru_cache(maxsize=8192)
def is_id(token: str) -> bool:
    """Whether a run of ASCII letters and digits stands for one thing among many.

    Numbers do, hexadecimal, whatever mixes digits into letters (`3zZ0zV`, `01HSRQVHN24MSX2C82J0CP5D46`) and letters
    drawn at random (`zhnauL`). Names with one or two digits at their end (`oauth2`), versions and names in the table
    do not.
    """
    if token.isdigit():
        return True
    if token.isalpha():
        return drawn(token) or (len(token) > 6 and _HEX_LETTERS.fullmatch(token) is not None)
    if token.casefold() in NAMES or _VERSION.fullmatch(token):
        return False
    if stem := _STEM.fullmatch(token):
        name, number = stem.groups()
        if len(number) > 2 or len(name) < 3:
            return True
        odd = len(name) < 6 and not name[1:].islower() and not name.isupper()
        return odd or drawn(name) or unlike_words(name.casefold())
    return _HEX.fullmatch(token) is not None or _mixed(token)


def is_version(token: str) -> bool:
    return bool(_VERSION.fullmatch(token))
