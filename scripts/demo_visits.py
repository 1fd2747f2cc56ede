"""Who visited the demo shop, on what, and what each of them did: the script of the recordings."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from demo_visitor import Device, Visitor

LAPTOP = Device("laptop", 1280, 760)
DESKTOP = Device("desktop", 1440, 860)
TABLET = Device("tablet", 820, 1080, touch=True)
PHONE = Device(
    "phone",
    390,
    780,
    touch=True,
    user_agent="Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/124.0.0.0 Mobile Safari/537.36",
)

LANTERN, MUG, THROW = "/products/brass-lantern", "/products/stoneware-mug", "/products/linen-throw"


async def hero_to_large_lantern(v: Visitor) -> None:
    """From the front page to the size without a price, tried again in disbelief."""
    await v.arrive("/")
    await v.scroll(260)
    await v.scroll(-260)
    await v.follow(".hero .button", LANTERN)
    await v.click("[data-size=m]")
    await v.click("[data-size=l]")
    await v.wonder(3.0)
    await v.click("[data-size=l]")
    await v.wonder(3.2)
    await v.follow(".logo", "/")


async def advert_to_large_lantern(v: Visitor) -> None:
    """Straight to the lantern, the large size, and away."""
    await v.arrive(LANTERN)
    await v.scroll(380)
    await v.click("[data-size=l]")
    await v.wonder(3.7)


async def large_then_medium_lantern(v: Visitor) -> None:
    """Breaks the page with the large size, and settles for the medium one."""
    await v.arrive("/?room=light")
    await v.follow('.card[href$="brass-lantern"]', LANTERN)
    await v.click("[data-size=l]")
    await v.wonder(2.8)
    await v.click("[data-size=m]")
    await v.click("#add")
    await v.read(1.5)


async def mug_and_dead_code(v: Visitor) -> None:
    """Fills a basket and meets the button that nobody listens to."""
    await v.arrive("/?room=kitchen")
    await v.follow('.card[href$="stoneware-mug"]', MUG)
    await v.click("[data-size=m]")
    await v.click("#add")
    await v.follow(".note a", "/basket")
    await v.click('[data-step="1"]')
    await v.fill("code", "AUTUMN10")
    await v.click("#apply-code")
    await v.wonder(2.8)
    await v.click("#apply-code", times=4)
    await v.wonder(3.2)


async def throw_and_dead_code(v: Visitor) -> None:
    """Tries the code once, shrugs and leaves."""
    await v.arrive(THROW)
    await v.scroll(320)
    await v.click("#add")
    await v.follow(".note a", "/basket")
    await v.fill("code", "HELLO-AGAIN")
    await v.click("#apply-code")
    await v.wonder(3.4)
    await v.follow(".logo", "/")


async def search_and_dead_code(v: Visitor) -> None:
    """Comes back by the search field, and cannot use the gift card."""
    await v.arrive("/")
    await v.click(".search input")
    await v.page.locator(".search input").press_sequentially("candle", delay=80)
    await v.page.keyboard.press("Enter")
    await v.page.wait_for_url("**/?q=candle")
    await v.page.locator(".card").first.wait_for()
    await v.read(1.0)
    await v.follow(".card", "/products/candle-trio")
    await v.click("#add")
    await v.follow(".note a", "/basket")
    await v.fill("code", "GIFT-5521")
    await v.click("#apply-code", times=2)
    await v.wonder(3.6)


@dataclass(frozen=True, slots=True)
class Buyer:
    """What goes into the checkout form. Names, addresses and cards are made up; the card is a published test number."""

    email: str
    name: str
    street: str
    postcode: str
    city: str
    country: str
    card: str = "4242 4242 4242 4242"


async def to_checkout(v: Visitor, product: str, buyer: Buyer, *, express: bool) -> None:
    """Put one thing into the basket and fill in the whole form, up to but not including the order."""
    await v.arrive(product)
    await v.click("#add")
    await v.follow(".note a", "/basket")
    await v.follow(".summary .button.wide", "/checkout")
    for name in ("email", "name", "street", "postcode", "city"):
        await v.fill(name, getattr(buyer, name))
    await v.choose("country", buyer.country)
    if express:
        await v.click('.choice:has([value="express"])')
    await v.fill("card", buyer.card)
    await v.fill("expires", "09 / 29")
    await v.fill("cvc", "314")


async def express_fails_twice(v: Visitor) -> None:
    buyer = Buyer("farid.amari@mail.example", "Farid Amari", "Torstraße 61", "10119", "Berlin", "Germany")
    await to_checkout(v, THROW, buyer, express=True)
    await v.click("#place")
    await v.wonder(3.2)
    await v.click("#place")
    await v.wonder(3.7)


async def postcode_refused(v: Visitor) -> None:
    buyer = Buyer(
        "grace.okoro@post.example", "Grace Okoro", "14 Marsham Street", "SW1P 4DY", "London", "United Kingdom"
    )
    await to_checkout(v, MUG, buyer, express=False)
    await v.click("#place")
    await v.wonder(2.7)
    await v.fill("postcode", "SW1P4DY")
    await v.click("#place")
    await v.wonder(3.7)


async def postcode_worked_around_then_fails(v: Visitor) -> None:
    buyer = Buyer("hiro.tanaka@mail.example", "Hiro Tanaka", "2-11-3 Meguro", "153-0063", "Tokyo", "Japan")
    await to_checkout(v, "/products/glass-vase", buyer, express=True)
    await v.click("#place")
    await v.wonder(2.4)
    await v.fill("postcode", "15300")
    await v.click("#place")
    await v.wonder(3.7)


async def postcode_and_courier(v: Visitor) -> None:
    buyer = Buyer("ines.duarte@correio.example", "Inês Duarte", "Rua da Rosa 88", "1200-389", "Lisboa", "Portugal")
    await to_checkout(v, "/products/olive-board", buyer, express=True)
    await v.click("#place")
    await v.wonder(2.4)
    await v.fill("postcode", "12003")
    await v.click("#place")
    await v.wonder(2.8)
    await v.click("#place")
    await v.wonder(3.4)


async def buys_without_trouble(v: Visitor) -> None:
    """The ordinary case: signs in, buys by standard delivery, and all is well."""
    await v.arrive("/sign-in")
    await v.fill("email", "jonas.weber@mail.example")
    await v.fill("password", "correct-horse-9-battery")
    await v.click("#sign-in .button")
    await v.page.locator("text=Good to see you").wait_for()
    await v.read(1.0)
    buyer = Buyer("jonas.weber@mail.example", "Jonas Weber", "Karl-Heine-Straße 12", "04229", "Leipzig", "Germany")
    await to_checkout(v, "/products/oak-stool", buyer, express=False)
    await v.click("#place")
    await v.page.wait_for_url("**/thanks?order=*")
    await v.read(2.0)


async def looks_around(v: Visitor) -> None:
    """Browses, buys nothing, meets no defect."""
    await v.arrive("/")
    await v.scroll(500)
    await v.follow('.card[href$="wool-cushion"]', "/products/wool-cushion")
    await v.scroll(300)
    await v.follow(".crumbs a:nth-child(2)", "/?room=textiles")
    await v.read(1.5)


@dataclass(frozen=True, slots=True)
class Visit:
    """One session: its story, and the facts that the shop's recorder would send along.

    `route` is the page that the visit is about: where its markers lie, or where it ended. `minutes_ago` is when it
    began, before the moment at which the demo is sent.
    """

    name: str
    user: str
    device: Device
    locale: str
    route: str
    minutes_ago: int
    story: Callable[[Visitor], Awaitable[None]]
    release: str = "shop@2.14.0"
    tags: dict[str, str] = field(default_factory=dict)


VISITS = (
    Visit("01-anna-large-lantern", "anna", LAPTOP, "de-DE", LANTERN, 331, hero_to_large_lantern),
    Visit("02-emma-throw-code", "emma", PHONE, "en-US", "/basket", 302, throw_and_dead_code),
    Visit("03-farid-express", "farid", DESKTOP, "de-DE", "/checkout", 264, express_fails_twice),
    Visit("04-ben-large-lantern", "ben", PHONE, "en-US", LANTERN, 233, advert_to_large_lantern, tags={"source": "ad"}),
    Visit("05-grace-postcode", "grace", LAPTOP, "en-GB", "/checkout", 205, postcode_refused),
    Visit("06-jonas-buys", "jonas", LAPTOP, "de-DE", "/thanks", 171, buys_without_trouble, tags={"plan": "member"}),
    Visit("07-dev-mug-code", "dev", DESKTOP, "en-GB", "/basket", 140, mug_and_dead_code),
    Visit("08-hiro-checkout", "hiro", LAPTOP, "ja-JP", "/checkout", 112, postcode_worked_around_then_fails),
    Visit("09-chloe-lantern", "chloe", TABLET, "fr-FR", LANTERN, 78, large_then_medium_lantern, "shop@2.14.1"),
    Visit("10-ines-checkout", "ines", PHONE, "pt-PT", "/checkout", 51, postcode_and_courier, "shop@2.14.1"),
    Visit("11-anna-gift-card", "anna", LAPTOP, "de-DE", "/basket", 27, search_and_dead_code, "shop@2.14.1"),
    Visit("12-ben-looks-around", "ben", PHONE, "en-US", "/", 9, looks_around, "shop@2.14.1"),
)
