"""A visitor's hands: moves, clicks, types and reads at the pace of a person, so that a replay looks like one."""

import asyncio
import random
from dataclasses import dataclass

from playwright.async_api import Locator, Page

HOST = "http://shop.example"
FRAME_S = 0.025


@dataclass(frozen=True, slots=True)
class Device:
    """What the visitor holds. Sizes are CSS pixels."""

    name: str
    width: int
    height: int
    touch: bool = False
    user_agent: str | None = None


class Visitor:
    """One person on one page of one browser; all waits are drawn from a generator seeded by the visit's name."""

    def __init__(self, page: Page, device: Device, seed: str) -> None:
        self.page = page
        self.device = device
        self.chance = random.Random(seed)
        self._x, self._y = device.width * 0.6, device.height * 0.4

    async def arrive(self, path: str) -> None:
        """Open the shop by its address, as from a bookmark or an advertisement."""
        await self.page.goto(HOST + path)
        await self.page.locator("main h1, main h2").first.wait_for()
        await self.read(1.2)

    async def read(self, seconds: float) -> None:
        """Do nothing for about so long."""
        await asyncio.sleep(seconds * self.chance.uniform(0.8, 1.2))

    async def wonder(self, seconds: float) -> None:
        """Look for what happened: the pointer wanders, or the thumb nudges the page."""
        until = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < until:
            if self.device.touch:
                await self.page.evaluate("step => window.scrollBy(0, step)", self.chance.choice((-70, -40, 50, 80)))
            else:
                await self._glide(
                    min(max(self._x + self.chance.uniform(-220, 220), 20), self.device.width - 20),
                    min(max(self._y + self.chance.uniform(-140, 140), 60), self.device.height - 20),
                )
            await asyncio.sleep(self.chance.uniform(0.35, 0.7))

    async def scroll(self, pixels: int) -> None:
        """Move the page in small steps, and stop to look."""
        for _ in range(6):
            await self.page.evaluate("step => window.scrollBy(0, step)", pixels / 6)
            await asyncio.sleep(0.05)
        await self.read(0.7)

    async def click(self, selector: str, times: int = 1) -> None:
        """Click or tap the first match, `times` times in quick succession."""
        target = self.page.locator(selector).first
        await self._reach(target)
        for _ in range(times):
            if self.device.touch:
                await target.tap()
            else:
                await self.page.mouse.click(self._x, self._y)
            await asyncio.sleep(self.chance.uniform(0.22, 0.34))
        await self.read(0.5)

    async def follow(self, selector: str, path: str) -> None:
        """Click a link, and wait until its page has been drawn."""
        await self.click(selector)
        await self.page.wait_for_url(f"{HOST}{path}")
        await self.page.locator("main h1, main h2").first.wait_for()
        await self.read(1.2)

    async def fill(self, name: str, text: str) -> None:
        """Type into the field of that name, in place of what stands there."""
        target = self.page.locator(f'main [name="{name}"], main #{name}').first
        await self._reach(target)
        await target.click()
        if await target.input_value():
            await target.press("Control+a")
        await target.press_sequentially(text, delay=self.chance.uniform(45, 75))
        await asyncio.sleep(0.2)

    async def choose(self, name: str, option: str) -> None:
        """Pick from a list."""
        target = self.page.locator(f'select[name="{name}"]')
        await self._reach(target)
        await target.select_option(option)
        await asyncio.sleep(0.4)

    async def _reach(self, target: Locator) -> None:
        """Bring the target into view, and the pointer onto it."""
        await target.scroll_into_view_if_needed()
        await asyncio.sleep(0.15)
        box = await target.bounding_box()
        if box is None or self.device.touch:
            return
        await self._glide(
            box["x"] + box["width"] * self.chance.uniform(0.35, 0.65),
            box["y"] + box["height"] * self.chance.uniform(0.35, 0.65),
        )

    async def _glide(self, goal_x: float, goal_y: float) -> None:
        """Move the pointer along a slightly bent line, faster in the middle."""
        start_x, start_y, bend = self._x, self._y, self.chance.uniform(-40, 40)
        steps = max(6, int((abs(goal_x - start_x) + abs(goal_y - start_y)) / 45))
        for step in range(1, steps + 1):
            part = step / steps
            eased = part * part * (3 - 2 * part)
            self._x = start_x + (goal_x - start_x) * eased
            self._y = start_y + (goal_y - start_y) * eased + bend * eased * (1 - eased)
            await self.page.mouse.move(self._x, self._y)
            await asyncio.sleep(FRAME_S)
