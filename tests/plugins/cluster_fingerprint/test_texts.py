"""What varies within the texts that sites write themselves, and what does not. Add to the tables."""

import pytest

from tests.plugins.cluster_fingerprint.builders import apart, js, same

ALIKE = {
    "numbers": (
        "Basket 7 is gone",
        "Basket 7718263512 is gone",
        "Basket #12 is gone",
        "Basket #A-1023 is gone",
        "Basket 1,299 is gone",
    ),
    "ids": (
        "Hold R6eUrEyyyeQeXXKCiWjQc expired",
        "Hold kSxHMtOLug678wq1-1UO6 expired",
        "Hold _xDpduZBi3aQ expired",
        "Hold 0b6f5a1e-8f0a-4c55-9d0e-3f1f9a7c2b11 expired",
        "Hold 507f1f77bcf86cd799439011 expired",
        "Hold 01HSRQVHN24MSX2C82J0CP5D46 expired",
        "Hold cus_Nffrv4w9aQ2kXz expired",
        "Hold INV-2024-00031 expired",
    ),
    "counts, one and many": ("Gave up after 1 retry", "Gave up after 3 retries", "Gave up after 52 retries"),
    "counts of other words": ("Lost 1 box of tea", "Lost 12 boxes of tea"),
    "durations": ("Gave up after 30s", "Gave up after 1500 ms", "Gave up after 2.5 s"),
    "amounts": (
        "Cannot charge 1,299.00",
        "Cannot charge 7.5",
        "Cannot charge $12",
        "Cannot charge 12,50 €",
        "Cannot charge EUR 12.50",
        "Cannot charge CHF 1'081.57",
        "Cannot charge -3 USD",
    ),
    "currencies": (
        "Cannot convert from EUR to SEK",
        "Cannot convert from CHF to USD",
        "Cannot convert from PLN to JPY",
    ),
    "shares": ("Disk 91% full", "Disk 7.5 % full"),
    "addresses of people": ("No basket for ann@mail.example", "No basket for bob.b+shop@b.co.uk"),
    "times": (
        "Stale since 2024-04-09T06:42:42.810Z",
        "Stale since 2025-11-30T23:00:01+02:00",
        "Stale since 2025-11-30 23:00:01",
        "Stale since Tue, 09 Apr 2024 06:42:42 GMT",
        "Stale since Tue Apr 09 2024 06:42:42 GMT+0200 (Central European Summer Time)",
        "Stale since 4/9/2024, 6:42:42 AM",
        "Stale since 09.04.2024",
        "Stale since 10:42",
        "Stale since April 9, 2024 at 6:42 pm",
        "Stale since 1712644962810",
    ),
    "quoted values": ('Unknown plan "pro plus"', 'Unknown plan "a4 & more"', "Unknown plan “12 months”"),
    "snippets of JSON": (
        'Bad payload {"id":17,"name":"tea"}',
        'Bad payload {"id":9,"tags":["a","b"]}',
        'Bad payload {"id":17,"name":"te',
        'Bad payload [{"id":1},{"id":2}]',
    ),
    "snippets of pages": ("Bad answer <!DOCTYPE html><html><body>x", "Bad answer <!doctype html>"),
    "addresses": (
        "Cannot load https://cdn.shop.example/shelves/81/a.png?v=1",
        "Cannot load https://cdn.shop.example:81/shelves/5/a.png",
    ),
    "images within": ("Bad image data:image/png;base64,iVBORw0KGgo=", "Bad image data:image/png;base64,AAAA/+8="),
    "the class of an error": ("PaymentError: Card refused", "Card refused", "Uncaught PaymentError: Card refused"),
    "full stops": ("Card refused", "Card refused.", "Card refused!"),
}

APART = {
    "words that look like currencies": ("cannot TRY again", "cannot TOP up", "cannot find eur", "cannot find usd"),
    "messages": ("Basket is gone", "Basket is full", "Basket 7 is full of tea"),
    "codes": ("Socket closed with code 1006", "Socket closed with code 1011"),
    "statuses": ("Upload failed with status 404", "Upload failed with status 413", "Upload failed with status 500"),
    "quoted names": ("Unknown plan 'basic'", "Unknown plan 'premium'"),
    "words with digits": ("No codec for h264", "No codec for h265", "No codec for mp3"),
    "versions": ("No reader for v1", "No reader for v2"),
    "endpoints": ("Cannot load /shelves/7", "Cannot load /shelves/7/parts"),
    "names in camel case": ("initCheckout has no form", "initBasket has no form"),
}


@pytest.mark.parametrize("name", ALIKE)
def test_sees_through_different(name: str) -> None:
    same(*map(js, ALIKE[name]))


@pytest.mark.parametrize("name", APART)
def test_keeps_apart_different(name: str) -> None:
    apart(*map(js, APART[name]))


def test_a_long_message_cut_off_elsewhere_is_the_same() -> None:
    long = "Basket could not be written because " * 4
    same(*(js(f"{long}{each * 40}"[:220]) for each in ("ab cd ", "abc def ")))
