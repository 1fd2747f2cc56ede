"""The page of the documentation, in a real browser."""

import base64
import hashlib
import json
import re
import shlex
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, async_playwright

from retrospec.apidocs.curl import curl
from retrospec.apidocs.prose import inline, json_block, paragraphs
from retrospec.apidocs.routes import ApiDocument
from retrospec.app import endpoints
from tests.client import Client
from tests.demo.replaying import ARGUMENTS, chromium_path


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture(params=["sqlite"])
def dialect(request: pytest.FixtureRequest) -> str:
    """The page knows no database, so one is enough."""
    name: str = request.param
    return name


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_page_is_whole_without_loading_anything(client: Client, browser: Browser, scheme: Any) -> None:
    page = await browser.new_page(color_scheme=scheme, viewport={"width": 1440, "height": 900})
    said: list[str] = []
    requested: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: requested.append(request.url))

    await page.goto(f"{client.url}/docs")

    assert said == []
    assert [url for url in requested if not url.startswith("data:")] == [f"{client.url}/docs"]
    assert await page.title() == "Retrospec API"
    assert await page.locator("h1").inner_text() == "Retrospec API"
    groups = await page.locator("main h2").all_inner_texts()
    assert {"Keys", "Errors", "Issues", "Admin", "Operations"} <= set(groups)
    assert await page.locator("section.operation").count() == len(endpoints())
    # The style sheet is in force, so its hash in the policy is right.
    light = await page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert light == (scheme == "light")
    assert await page.evaluate("getComputedStyle(document.querySelector('nav')).position") == "sticky"


async def test_every_link_of_the_page_leads_somewhere(client: Client, browser: Browser) -> None:
    page = await browser.new_page()
    await page.goto(f"{client.url}/docs")

    targets = set(await page.eval_on_selector_all("a[href]", "links => links.map(link => link.getAttribute('href'))"))
    ids = set(await page.eval_on_selector_all("[id]", "elements => elements.map(element => element.id)"))

    assert {target for target in targets if not target.startswith("#")} == {"/docs/openapi.json"}
    assert {target.removeprefix("#") for target in targets if target.startswith("#")} <= ids


async def test_a_struct_within_a_struct_opens_on_a_click(client: Client, browser: Browser) -> None:
    page = await browser.new_page()
    await page.goto(f"{client.url}/docs#getIssue")
    inner = page.locator("#getIssue .name", has_text="representativeSessionId").first
    assert not await inner.is_visible()

    await page.locator("#getIssue summary", has_text="IssueAnswer").click()
    await page.locator("#getIssue summary", has_text="IssueDetail").click()

    assert await inner.is_visible()


@pytest.mark.parametrize("width", [390, 800, 1440])
async def test_nothing_is_wider_than_the_window(client: Client, browser: Browser, width: int) -> None:
    page = await browser.new_page(viewport={"width": width, "height": 900})
    await page.goto(f"{client.url}/docs")

    assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def test_the_policy_allows_the_style_sheet_and_nothing_else(client: Client) -> None:
    answer = await client.http.get("/docs")

    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    style = re.search(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["style-src"] == f"'sha256-{digest}'"
    assert "script-src" not in policy
    assert "<script" not in answer.text
    assert " style=" not in answer.text


def test_the_page_is_made_once() -> None:
    documentation = ApiDocument(endpoints())

    assert documentation.page is documentation.page
    assert documentation.openapi is documentation.openapi


def test_the_command_of_an_operation_is_what_a_shell_reads() -> None:
    operation = {
        "security": [{"admin": []}],
        "parameters": [
            {"name": "key", "in": "path", "required": True, "example": "a:b/c"},
            {"name": "queue", "in": "query", "required": True, "example": "replay"},
            {"name": "limit", "in": "query", "required": False, "example": 3},
        ],
        "requestBody": {"content": {"application/json": {"example": {"note": "it's $HOME"}}}},
    }
    security = {"admin": {"name": "X-Retrospec-Admin"}}

    command = curl("http://localhost:8080", "POST", "/v1/x/{key}", operation, security)

    words = shlex.split(command.replace("\\\n", ""))
    assert words[:4] == ["curl", "-X", "POST", "http://localhost:8080/v1/x/a%3Ab%2Fc?queue=replay"]
    assert words[4:6] == ["-H", "X-Retrospec-Admin: $RETROSPEC_ADMIN"]
    assert json.loads(words[-1]) == {"note": "it's $HOME"}


def test_words_of_docstrings_stay_words() -> None:
    assert str(inline("a < b & `x<y>`")) == "a &lt; b &amp; <code>x&lt;y></code>"
    assert str(paragraphs("One\ntwo.\n\n- first\n- second\n  half")) == "<p>One two.<ul><li>first<li>second half</ul>"
    assert str(json_block({"a": "</pre>"})).count("</pre>") == 1
