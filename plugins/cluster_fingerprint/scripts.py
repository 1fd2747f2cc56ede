"""Files that code comes from, without what every build renames."""

import re
from functools import lru_cache

from retrospec_plugins.cluster_fingerprint.letters import drawn
from retrospec_plugins.cluster_fingerprint.tables import words
from retrospec_plugins.cluster_fingerprint.tokens import is_version

EXTENSION = re.compile(
    r"(?:chrome|moz|safari|safari-web|ms-browser|edge|opera|webkit-masked-url|webkit)-?extension:|webkit-masked-url:",
    re.I,
)
# Eight characters of base64 for addresses, which may hold the joints of names themselves: `index-D3a-_kPq`.
_BASE64 = re.compile(r"(?<=.)[-.](?=[\w-]*[A-Z])(?=[\w-]*[\d_-])[\w-]{8}$")
_POSITION = re.compile(r"(?::\d+){1,2}\)?$")
_SCRIPT = re.compile(r"\.(?:[cm]?[jt]sx?|vue|svelte|astro|wasm|hbs|elm)$", re.IGNORECASE)
_TOKENS = re.compile(r"[.\-_~+]+")
_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
# What bundlers put around names: `main.8f3a2b1c.chunk.js`, `app-es2015.min.js`.
_DECORATION = words("""
    chunk bundle min prod production dev development esm cjs umd legacy modern es5 es2015 es2017
""")


def _is_digest(token: str) -> bool:
    """Whether a bundler made it from contents: hexadecimal, or the eight characters of Vite, Rollup and esbuild."""
    if is_version(token):
        return False
    if token.isdigit():
        return True
    if _HEX.fullmatch(token):
        return (len(token) >= 4 and not token.isalpha()) or len(token) >= 16
    if token.isalpha():
        return (len(token) == 8 and not token[1:].islower() and _capitals_inside(token)) or drawn(token)
    letters = sum(map(str.isalpha, token))
    return len(token) >= 6 and (len(token) - letters > 2 or not token[-2:].isdigit() or not token.islower())


def _capitals_inside(token: str) -> bool:
    return token.isupper() or drawn(token)


@lru_cache(maxsize=8192)
def script(address: str) -> str:
    """Name of the script at an address; empty when a page, the browser or nothing is there.

    `https://cdn.shop.example/assets/checkout-BxYz12Qw.js:1:222` is `checkout`, `webpack-internal:///./src/Cart.tsx`
    is `cart`, `/_next/static/chunks/app-b7f04` (cut off) is `app`, and `204.c10d3192.js` is `*`.
    """
    path = _POSITION.sub("", address.partition("?")[0].partition("#")[0])
    folder, _, name = path.rpartition("/")
    whole = _SCRIPT.search(name)
    if whole:
        name = name[: whole.start()]
    elif (
        not folder.endswith(("/chunks", "/assets", "/static", "/js", "/dist", "/build", "/_nuxt", "/immutable"))
        or (cut := max(map(name.rfind, ".-"))) < 0
    ):
        return ""
    else:
        name = name[:cut]
    return undigested(name) or ("*" if whole else "")


def undigested(name: str) -> str:
    """Name of a built file without digest and decoration: `main` of `main.8f3a2b1c.chunk`; empty if nothing stays."""
    kept = [token.casefold() for token in _TOKENS.split(_BASE64.sub("", name)) if token and not _is_digest(token)]
    return ".".join([token for token in kept if token not in _DECORATION] or kept)
