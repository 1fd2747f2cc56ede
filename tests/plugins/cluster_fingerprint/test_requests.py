"""Which requests fail for one reason, and which only look alike. Add to the tables."""

import pytest

from tests.plugins.cluster_fingerprint.builders import apart, api, get, same

IDS = {
    "numbers": ("7", "42", "881273", "1729384756102938475"),
    "UUIDs": ("0b6f5a1e-8f0a-4c55-9d0e-3f1f9a7c2b11", "A3C1D2E4-1111-4222-8333-444455556666"),
    "UUIDs without hyphens": ("0b6f5a1e8f0a4c559d0e3f1f9a7c2b11", "a3c1d2e4111142228333444455556666"),
    "ULIDs": ("01HSRQVHN24MSX2C82J0CP5D46", "01arz3ndektsv4rrffq69g5fav"),
    "nano ids": ("V1StGXR8_Z5jdHi6B-myT", "a8Kz-0Pq3_Wn5Lm7RtYx2", "_xDpduZBi3", "-NkqWz81_aB"),
    "ids of MongoDB": ("507f1f77bcf86cd799439011", "65f1a0c2e4b0a7d3c8e9f012"),
    "digests": ("9f86d08", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
    "base64": ("TWFueSBoYW5kcw%3D%3D", "bWFrZSBsaWdodA", "d29yaw-_9A"),
    "short ids": ("3zZ0zV", "kptoGi", "dQw4w9WgXcQ", "PUozZs"),
    "CUIDs": ("cjld2cjxh0000qzrmn831i7rn", "clh3bpi1q0000mp08a1b2c3d4"),
    "ids with a prefix": ("cus_Nffrv4w9aQ2kXz", "ord_8812", "pi_3MtwBwLkdIwHu7ix28a3tqPa"),
    "numbers of documents": ("INV-2024-00031", "INV-2023-11822", "PO-77812"),
    "titles with a number": ("blue-velvet-chair-316", "oak-table-7", "lamp-90218"),
    "numbers with a title": ("316-blue-velvet-chair", "9-oak-table"),
    "titles with an id": ("blue-velvet-chair-9f3a2b1c", "oak-table-x7Yq2Lp"),
    "dates": ("2024-04-19", "2025-12-01", "2024-04", "20240419", "2024-W15"),
    "times": ("2024-04-19T10:00:00Z", "2025-01-02T03:04:05.678Z"),
    "places": ("52.5200,13.4050", "-33.8688,151.2093"),
    "e-mail addresses": ("ann@mail.example", "bo.b%2Bx@b.co"),
    "several ids": ("1,2,3", "7,19"),
}

ALIKE = {
    **{
        f"{name} in a path": tuple(get(f"/shelves/{each}/parts") for each in examples) for name, examples in IDS.items()
    },
    **{f"{name} at the end": tuple(get(f"/shelves/{each}") for each in examples) for name, examples in IDS.items()},
    "titles": (get("/products/blue-velvet-chair"), get("/products/oak-table"), get("/products/open-air-lamp-of-glass")),
    "codes": (get("/rates/EUR"), get("/rates/USD")),
    "codes in lower case": (get("/countries/de/towns"), get("/countries/us/towns")),
    "dates in parts": (get("/archive/2024/04/19"), get("/archive/2025/12/01")),
    "files with digests": (get("/assets/main.8f3a2b1c.js", "404"), get("/assets/main.00ff17a2.js", "404")),
    "numbered files": (get("/files/invoice-20881.pdf"), get("/files/invoice-993.pdf")),
    "keys in brackets": (get("/odata/Shelves(17)/Parts"), get("/odata/Shelves(9931)/Parts")),
    "verbs of an id": (get("/v1/shelves/17:close"), get("/v1/shelves/931:close")),
    "locales": (get("/api/de/cart"), get("/api/pt-BR/cart"), get("/api/cart")),
    "queries": (get("/cart?page=2&q=tea"), get("/cart?page=9"), get("/cart"), get("/cart?sort=asc#top")),
    "slashes": (get("/cart/"), get("/cart"), get("//cart")),
    "schemes": (api("GET http://a.example/x -> 500"), api("GET https://a.example/x -> 500")),
    "ports": (get("/x", host="api.shop.example:8443"), get("/x")),
    "stages": (
        get("/x"),
        *(
            get("/x", host=host)
            for host in (
                "api.staging.shop.example",
                "staging.api.shop.example",
                "api-staging.shop.example",
                "staging-api.shop.example",
                "api.uat.shop.example:8080",
                "api-dev.shop.example",
                "api.qa2.shop.example",
                "api.preprod.shop.example",
                "api-preview.shop.example",
                "api.pr-123.preview.shop.example",
            )
        ),
    ),
    "regions": (
        get("/x"),
        *(
            get("/x", host=host)
            for host in (
                "api-eu-west-1.shop.example",
                "api.us-east-2.shop.example",
                "eu.api.shop.example",
                "api-us.shop.example",
                "api.europe-west3.shop.example",
                "api.westeurope.shop.example",
                "api-eu-west-1.staging.shop.example",
                "fra1.api.shop.example",
            )
        ),
    ),
    "copies": (get("/x", host="api2.shop.example"), get("/x", host="api-03.shop.example"), get("/x")),
    "5xx": tuple(get("/x", status) for status in ("500", "502", "503", "504", "599")),
    "statuses with words": (get("/x", "404"), get("/x", "404 Not Found"), get("/x", "HTTP 404")),
    "no answer": (
        get("/x", "network_error"),
        get("/x", "network error"),
        get("/x", "Failed to fetch"),
        get("/x", "NetworkError when attempting to fetch resource."),
        get("/x", "Load failed"),
        get("/x", "net::ERR_CONNECTION_RESET"),
        get("/x", "0"),
    ),
    "a late answer": (get("/x", "timeout"), get("/x", "timed out"), get("/x", "timeout of 5000ms exceeded")),
    "other arrows": (api("GET /x -> 500"), api("GET /x => 503"), api("GET /x: 500"), api("GET /x failed with 502")),
    "a method in lower case": (api("get /x -> 500"), api("GET /x -> 500")),
    "an address that only the hint has in full": (
        api("GET /shelves/7 -> 500", hint="api_error:GET:https://api.shop.example/shelves/7:5xx"),
        get("/shelves/8"),
    ),
    "operations of GraphQL, wherever they stand": (
        api("POST https://a.example/graphql?operationName=SaveNote -> 500"),
        api("POST https://a.example/graphql?op=SaveNote&v=3 -> 502"),
        api("POST https://a.example/graphql SaveNote -> 500"),
        api("POST https://a.example/graphql (SaveNote) -> 500"),
        api("POST https://a.example/graphql -> 500", evidence='{"operationName":"SaveNote","variables":{"id":7}}'),
        api("POST https://a.example/graphql -> 500", evidence="mutation SaveNote($id: ID!) { save(id: $id) { id } }"),
    ),
    "values of operations": (
        get("/rpc?action=save_cart&id=7&token=x"),
        get("/rpc?id=9&action=save_cart"),
        get("/rpc?action=SAVE_CART"),
    ),
    "trails": (
        api("GET /x -> 500", evidence="statusText=unknown | trail=fetch:GET:https://a.example/y:404"),
        api("GET /x -> 500", evidence="statusText=Bad Gateway"),
    ),
}

APART = {
    "statuses": tuple(get("/x", outcome) for outcome in ("400", "401", "403", "404", "409", "422", "429", "500")),
    "ways to fail": tuple(get("/x", outcome) for outcome in ("network_error", "timeout", "500", "408", "aborted")),
    "methods": tuple(api(f"{method} /x -> 500") for method in ("GET", "POST", "PUT", "PATCH", "DELETE")),
    "services": tuple(
        get("/x", host=host)
        for host in (
            "api.shop.example",
            "pay.shop.example",
            "api.shop2.example",
            "search.shop.example",
            "pay-gateway.shop.example",
            "s3.shop.example",
        )
    ),
    "versions": tuple(get(f"{version}/x") for version in ("/v1", "/v2", "/v3beta", "/api/1.0", "/api/1.1", "/api/2")),
    "names below one collection": tuple(
        get(f"/shelves/{name}")
        for name in (
            "7",
            "featured",
            "upcoming",
            "search",
            "recently-viewed",
            "best-sellers",
            "new-arrivals",
            "bulk-update",
            "add-ons",
            "check-in",
            "step-2",
            "step-3",
            "2fa",
            "oauth2",
            "getTotals",
            "exportPDF",
            "v2",
        )
    ),
    "names below people and orders": tuple(
        get(f"/users/{name}")
        for name in ("password-reset", "two-factor", "apple-pay", "google-pay", "time-zones", "privacy-policy", "9")
    ),
    "names below settings": (get("/settings/dark-mode"), get("/settings/light-mode")),
    "below an id": (get("/shelves/7/parts"), get("/shelves/7/notes"), get("/shelves/7"), get("/shelves/7/8")),
    "files": (get("/feed.xml"), get("/robots.txt"), get("/export.csv"), get("/export.json")),
    "scripts": (get("/assets/main.8f3a2b1c.js"), get("/assets/cart.8f3a2b1c.js"), get("/assets/main.8f3a2b1c.css")),
    "verbs of an id": (get("/v1/shelves/17:close"), get("/v1/shelves/17:open"), get("/v1/shelves/17")),
    "operations of GraphQL in a query that a form has encoded": (
        api("GET https://a.example/query?query=query+HomeFeed($n:Int)&variables=%7B%22n%22%3A7%7D -> 500"),
        api("GET https://a.example/query?query=query+TopFeed($n:Int)&variables=%7B%22n%22%3A7%7D -> 500"),
        api("GET https://a.example/query?query=mutation%20Vote&variables=%7B%7D -> 500"),
    ),
    "operations of GraphQL": (
        api("POST https://a.example/graphql?operationName=SaveNote -> 500"),
        api("POST https://a.example/graphql?operationName=ListNotes -> 500"),
        api("POST https://a.example/graphql -> 500", evidence='{"operationName":"DropNote"}'),
        api("POST https://a.example/graphql -> 500"),
    ),
    "persisted operations": (
        api("GET https://a.example/graphql?doc_id=4412788&variables=x -> 500"),
        api("GET https://a.example/graphql?doc_id=9981235&variables=x -> 500"),
    ),
    "operations in queries": tuple(
        get(f"/ajax?{query}") for query in ("action=save", "action=load", "method=cart.save", "cmd=drop", "x=save")
    ),
    "statuses before the address": (
        api("404 Not Found: https://api.shop.example/orders/7"),
        api("HTTP 409: https://api.shop.example/orders/7"),
        api("500 Internal Server Error: https://api.shop.example/orders/7"),
        api("Timeout of 3000 ms: https://api.shop.example/orders/7"),
        api("Failed to fetch https://api.shop.example/orders/7"),
    ),
    "addresses that only hints tell": (
        api("Request failed", hint="api_error:GET:https://api.shop.example/orders:5xx"),
        api("Request failed", hint="api_error:GET:https://api.shop.example/carts:5xx"),
        api("Request failed", hint="api_error:GET:https://api.shop.example/carts:404"),
    ),
}


@pytest.mark.parametrize("name", ALIKE)
def test_sees_through_different(name: str) -> None:
    same(*ALIKE[name])


@pytest.mark.parametrize("name", APART)
def test_keeps_apart_different(name: str) -> None:
    apart(*APART[name])
