"""Whether letters make a word that somebody chose, or were drawn at random."""

import re
from functools import lru_cache
from itertools import pairwise

from retrospec_plugins.cluster_fingerprint.tables import words

# For each letter those that hardly ever follow it within a word of English or of an identifier: fewer than one in
# 8,000 pairs of letters. A random string soon has such a pair: two in three of six letters have two of them.
_RARELY_FOLLOWED_BY = {
    "a": "oq",
    "b": "ghkqvwxz",
    "c": "gjqvxz",
    "d": "hkqxz",
    "e": "jz",
    "f": "hjkpqvwxz",
    "g": "bfjkqvwxz",
    "h": "bcfghjkpqvxz",
    "i": "hijqwy",
    "j": "bcdfghijklmnpqrtvwxyz",
    "k": "bcfhjkmqvxz",
    "l": "hjqxz",
    "m": "cfghjqrvwxz",
    "n": "qxz",
    "o": "hqy",
    "p": "bjqvwxz",
    "q": "abcdefghijkmnopqrtvwxyz",
    "r": "hjqxz",
    "s": "bjxz",
    "t": "jqxz",
    "u": "hjkquvwyz",
    "v": "bdfghjklmnpqrstuvwxyz",
    "w": "bcfgjkmpqtuvwxyz",
    "x": "bdfghjklnqruvwz",
    "y": "dhjkquvxyz",
    "z": "bcdfghjklmnpqrstuvwxyz",
}
_RARE = frozenset(first + second for first, row in _RARELY_FOLLOWED_BY.items() for second in row)

# No word begins with these, though each pair occurs within words.
_NO_BEGINNING = words("""
    bd bt cd cf cm cp ct dc df dg dl dm dn dp dt ft gd gm gt kd kg kp kr kt lb lc ld lf lg lk lm ln lp lr ls lt lv
    lw mb md mk ml mn mp mt nb nc nd nf ng nj nk nl nm np nr ns nt nv nw pd pf pg pk pm pt rb rc rd rf rg rk rl rm
    rn rp rs rt rv rw sg tb tc td tf tg tk tl tm tn tp tt tv wd wl wn ws
""")
_VOWEL = re.compile("[aeiouy]")
_HUMPS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

# Parts of camelCase names that are shorter than words, or shaped like none.
SHORT_WORDS = words("""
    a add all an and any api app as at bar bff bid bot box by car cdn cell cms cpu crm css csv day db dns do doc dom
    dto end eta faq fee for fs get go gps gql gw has hls hq hr html http https hub id ids if in io iot ip is it job
    js jwt key kpi kyc let lms log map max me mfa min ml mp my nav net new no non not npm nps oem of ok old on one
    op opt or os otp out pay pdf pet pin pk pm png pos pre pro psp pub put qa qr ref rgb row rpc rss rtc run rx saml
    sdk seo set sku sla sms so sql ssl sso sub sum svg tab tag tax the tls to top try tv two tx txn ui up uri url
    urls us use utm uuid ux v var vat vip vm vpn vs we web wms ws x xhr xml xp y zip
""")


def rare_pairs(word: str) -> int:
    """Count the pairs of neighbours in a lower-case word that words hardly have."""
    return sum(map(_RARE.__contains__, map("".join, pairwise(word))))


def _hump(part: str, of_many: bool) -> bool:
    """Whether letters between capitals are a word or a common abbreviation.

    Args:
        part: A lower-case run with or without a capital before it, or a run of capitals.
        of_many: Longer words stand beside it, so that an unknown abbreviation is likely one.
    """
    lower = part.casefold()
    if lower in SHORT_WORDS:
        return True
    if len(lower) <= 2 or lower[:2] in _NO_BEGINNING or not _VOWEL.search(lower):
        return of_many and part.isupper() and len(part) > 1
    if len(lower) == 3 or part.isupper():
        return of_many
    return rare_pairs(lower) == 0 or len(lower) > 7


@lru_cache(maxsize=4096)
def drawn(letters: str) -> bool:
    """Whether ASCII letters, case as it stands, were drawn at random: `kptoGi` was, `getUserId` and `mgmt` were not.

    One case throughout says little, so it takes six letters and several rare pairs there.
    """
    if letters.islower() or letters.isupper() or letters[1:].islower():
        rare = rare_pairs(letters.casefold()) if len(letters) >= 6 else 0
        return rare >= 2 and rare * 6 >= len(letters)
    humps = _HUMPS.findall(letters.replace("OAuth", "Oauth").replace("GraphQL", "Graphql"))
    words = sum(len(hump) >= 4 and _hump(hump, of_many=False) for hump in humps)
    return len(humps) > len(letters) / 2.5 or not all(_hump(hump, of_many=words > 0) for hump in humps)


def unlike_words(letters: str) -> bool:
    """Whether a lower-case stem with digits behind it is hardly a name: `wjepf`, not `phase`."""
    return bool(rare_pairs(letters)) or (
        len(letters) > 3 and (letters[:2] in _NO_BEGINNING or not _VOWEL.search(letters))
    )
