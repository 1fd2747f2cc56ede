"""A real S3 server: moto in a process of its own, spoken to over HTTP on loopback."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

from retrospec_plugins.storage_s3 import S3Settings

_START = "import sys; sys.argv = ['moto_server', '-H', '127.0.0.1', '-p', '0']; from moto.server import main; main()"
_ADDRESS = re.compile(r"Running on (http://127\.0\.0\.1:\d+)")
_NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"
# moto looks at nobody's signature; it only asks that there be one.
KEYS: dict[str, Any] = {"access_key": "test-access-key", "secret_key": "test-secret-key"}
SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=test-access-key/20261122/us-east-1/s3/aws4_request"}


class S3Server:
    """moto on a free port. Used as `with S3Server(folder) as server:`."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "moto.log"
        self.endpoint = ""

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen([sys.executable, "-c", _START], stdout=log, stderr=log, cwd="/")
        while not (found := _ADDRESS.search(self._log.read_text())):
            try:
                self._process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
            raise RuntimeError(f"moto does not start: {self._log.read_text()}")
        self.endpoint = found[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()

    def make_bucket(self, name: str) -> "S3Bucket":
        """Make an empty bucket."""
        bucket = S3Bucket(self.endpoint, name)
        bucket.ask("PUT", "")
        return bucket

    def forget(self) -> None:
        """Drop every bucket and what it holds: moto keeps them in memory."""
        httpx.post(f"{self.endpoint}/moto-api/reset").raise_for_status()


@dataclass(frozen=True, slots=True)
class S3Bucket:
    """A bucket as somebody else sees it, past our own code."""

    endpoint: str
    name: str

    def settings(self, **others: Any) -> S3Settings:
        """Settings of a storage in this bucket."""
        return S3Settings(**{"endpoint": self.endpoint, "bucket": self.name, **KEYS, **others})

    def server_settings(self, **others: Any) -> dict[str, Any]:
        """Settings of a server with its storage in this bucket."""
        given = {f"s3_{name}": value for name, value in KEYS.items()}
        return {**given, "s3_endpoint": self.endpoint, "s3_bucket": self.name, **others}

    def keys(self) -> list[str]:
        """Which objects there are."""
        found: list[str] = []
        # A page holds a thousand.
        while page := self._listed(f"?list-type=2&start-after={quote(found[-1] if found else '')}", "Key"):
            found += page
        return found

    def uploads(self) -> list[str]:
        """The keys of uploads in parts that are neither finished nor given up."""
        return self._listed("?uploads", "Key")

    def ask(self, method: str, path: str, content: str = "") -> httpx.Response:
        """Ask for something in it, and see that it is answered."""
        url = f"{self.endpoint}/{self.name}{path}"
        answer = httpx.request(method, url, content=content, headers=SIGNED, timeout=30)
        answer.raise_for_status()
        return answer

    def _listed(self, what: str, element: str) -> list[str]:
        root = ET.fromstring(self.ask("GET", what).text)
        return sorted(found.text or "" for found in root.iter(f"{_NAMESPACE}{element}"))
