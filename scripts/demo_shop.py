"""Serves the demo shop and its API on loopback, with the API's real defects.

Run by itself it shows the shop unrecorded: `python scripts/demo_shop.py 8090`, then open http://127.0.0.1:8090/.
"""

import json
import sys
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

WEB = Path(__file__).resolve().parent.parent / "web"
SHOP = WEB / "demo-shop"
VENDOR = {
    "/vendor/rrweb.js": WEB / "node_modules/rrweb/dist/rrweb.umd.min.cjs",
    "/vendor/console.js": WEB / "node_modules/@rrweb/rrweb-plugin-console-record/dist"
    "/rrweb-plugin-console-record.umd.min.cjs",
    "/vendor/network.js": WEB / "node_modules/@rrweb/rrweb-plugin-network-record/dist"
    "/rrweb-plugin-network-record.umd.min.cjs",
}
CONTENT_TYPES = {".css": "text/css", ".js": "text/javascript", ".cjs": "text/javascript", ".html": "text/html"}


class ShopServer(ThreadingHTTPServer):
    """The shop; counts the orders of each visitor, because every second express order fails differently."""

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), ShopHandler)
        self.orders: Counter[str] = Counter()


class ShopHandler(BaseHTTPRequestHandler):
    """Pages, scripts and the three API calls."""

    server: ShopServer

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/api/products":
            self._send(200, "application/json", (SHOP / "products.json").read_bytes())
        elif path.startswith("/api/"):
            self._answer(404, {"error": "no such call"})
        else:
            self._send_file(path)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        if self.path == "/api/sign-in":
            name = str(body["email"]).partition("@")[0].partition(".")[0].title()
            self._answer(200, {"name": name, "token": f"shop-demo-token-{name.lower()}"})
        elif self.path == "/api/orders":
            self._order(body)
        else:
            self._answer(404, {"error": "no such call"})

    def _order(self, order: dict[str, Any]) -> None:
        """Express orders ask the courier for a quote first, and the courier's service is down."""
        if order["delivery"] == "standard":
            self._answer(201, {"number": "FF-20418"})
            return
        self.server.orders[order["email"]] += 1
        attempt = self.server.orders[order["email"]]
        # Made from the order, so that recording again gives the same ids.
        request_id = uuid.uuid5(uuid.NAMESPACE_URL, f"{order['email']}/{attempt}")
        problem = "courier quote failed: upstream did not answer within 2000 ms"
        self._answer(503 if attempt % 2 == 0 else 500, {"error": problem, "requestId": str(request_id)})

    def _send_file(self, path: str) -> None:
        target = VENDOR.get(path) or (SHOP / path.lstrip("/")).resolve()
        if not target.suffix:
            target = SHOP / "index.html"
        if target.suffix not in CONTENT_TYPES or not target.is_relative_to(WEB) or not target.is_file():
            self._answer(404, {"error": "not found"})
        else:
            self._send(200, CONTENT_TYPES[target.suffix], target.read_bytes())

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        self._send(status, "application/json", json.dumps(body).encode())

    def _send(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", f"{content_type}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving(port: int = 0) -> Iterator[int]:
    """Serve from a thread; gives the port, a free one when asked for 0."""
    server = ShopServer(port)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main() -> None:
    with serving(int(sys.argv[1]) if len(sys.argv) > 1 else 8090) as port:
        print(f"http://127.0.0.1:{port}/  (stop with Ctrl-C)")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
