"""The documentation of the API: for people, and for machines."""

import base64
import hashlib
from dataclasses import dataclass
from functools import cached_property
from importlib import resources

import msgspec
from sanic import HTTPResponse

from retrospec.apidocs.page import render
from retrospec.apidocs.vocabulary import ABOUT
from retrospec.core.openapi import document
from retrospec.core.routing import Access, Endpoint, Routes

apidocs = Routes("apidocs", tag="Documentation")


@dataclass(frozen=True)
class ApiDocument:
    """The documentation of an application's routes, made when it is first asked for and kept.

    Attributes:
        endpoints: What is documented, in this order.
        address: Where the examples say that the server is.
    """

    endpoints: tuple[Endpoint, ...]
    address: str = "http://localhost:8080"

    @cached_property
    def openapi(self) -> bytes:
        """The OpenAPI document, as JSON in UTF-8."""
        return msgspec.json.format(msgspec.json.encode(document(self.endpoints, ABOUT)), indent=1)

    @cached_property
    def page(self) -> str:
        """The page, as HTML that loads nothing else."""
        return render(msgspec.json.decode(self.openapi), address=self.address, style=self._style)

    @cached_property
    def policy(self) -> str:
        """What the page may do: nothing but use its own style sheet."""
        # The browser hashes what stands between the tags, to the letter.
        digest = base64.b64encode(hashlib.sha256(self._style.encode()).digest()).decode()
        return (
            f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )

    @cached_property
    def _style(self) -> str:
        return (resources.files("retrospec.apidocs") / "page.css").read_text(encoding="utf-8")


@apidocs.get("/docs", access=Access.PUBLIC, media_type="text/html")
async def show_docs(documentation: ApiDocument) -> HTTPResponse:
    """Show this page.

    It is made of `/docs/openapi.json`, and loads nothing from anywhere.
    """
    headers = {
        "Content-Security-Policy": documentation.policy,
        "Cache-Control": "no-cache",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return HTTPResponse(documentation.page, headers=headers, content_type="text/html; charset=utf-8")


@apidocs.get("/docs/openapi.json", access=Access.PUBLIC)
async def get_openapi(documentation: ApiDocument) -> HTTPResponse:
    """Get the OpenAPI document of this server."""
    return HTTPResponse(documentation.openapi, headers={"Cache-Control": "no-cache"}, content_type="application/json")
