"""Which clicks go to one control, and which only look alike. Add to the tables."""

import pytest

from tests.plugins.cluster_fingerprint.builders import apart, rage, same, ui

ALIKE = {
    "ids of things": (
        rage("tag:button|id:seat-98238"),
        rage("tag:button|id:seat-7"),
        rage("tag:button|id:seat-0b6f5a1e-8f0a-4c55-9d0e-3f1f9a7c2b11"),
        rage("tag:button|id:seat-V1StGXR8Z5jdHi6BmyT"),
    ),
    "ids within test ids": (rage("tag:a|test:row-17-remove|text:remove"), rage("tag:a|test:row-9931-remove|text:x")),
    "prices and counters": (
        rage("tag:button|class:cta|text:start-for-chf-1081-57"),
        rage("tag:button|class:cta|text:start-for-9-99-eur"),
        rage("tag:button|class:cta|text:start-for-$12.50"),
    ),
    "what it says beside its name": (
        rage("tag:button|id:buy|text:buy-2-tickets"),
        rage("tag:button|id:buy|text:acheter-17-billets"),
        rage("tag:button|id:buy|class:btn|text:Kaufen"),
    ),
    "languages of a button without a name": (
        rage("tag:button|class:btn|text:add-to-cart"),
        rage("tag:button|class:btn|text:in-den-warenkorb"),
        rage("tag:button|class:btn|text:ajouter-au-panier"),
        rage("tag:button|class:btn|text:a-adir-al-carrito"),
        rage("tag:button|class:btn|text:Añadir al carrito"),
        rage("tag:button|class:btn|text:カートに入れる"),
    ),
    "languages of a class that says it": (
        rage("tag:button|class:newsletter-subscribe|text:yes-please"),
        rage("tag:button|class:newsletter-subscribe|text:ja-bitte"),
    ),
    "classes made by tools": (
        rage("tag:button|class:css-1q2w3e4|text:apply"),
        rage("tag:button|class:css-x9y8z7|text:apply"),
        rage("tag:button|class:sc-bdVaJa jsx-310|text:apply"),
        rage("tag:button|class:px-4 py-2 hover:bg-blue-500 rounded-lg w-[32px]|text:apply"),
        rage("tag:button|class:svelte-1abc23|text:apply"),
        rage("tag:button|text:apply"),
    ),
    "classes of modules": (
        rage("tag:button|class:_toolbar_bold_5da87_81|text:b"),
        rage("tag:button|class:_toolbar_bold_x7yz1_4|text:b"),
        rage("tag:button|class:Toolbar_bold__x7Yz1|text:b"),
        rage("tag:button|class:Toolbar_bold__Q9r2k|text:b"),
        rage("tag:button|class:toolbar_bold_9x2kd|text:b"),
    ),
    "states": (rage("tag:button|class:tab is-active|text:fees"), rage("tag:button|class:tab loading|text:fees")),
    "generated ids": (
        rage("tag:button|id::r1a:|text:apply"),
        rage("tag:button|id::r7:|text:apply"),
        rage("tag:button|id:radix-:r3:|text:apply"),
    ),
    "ids in the page's path": (
        rage("tag:button|text:apply", route="/products/oak-table"),
        rage("tag:button|text:apply", route="/de/products/blue-velvet-chair-7"),
    ),
    "titles at the root of a site": (
        rage("tag:button|text:share", route="/what-the-new-harbour-costs"),
        rage("tag:button|text:share", route="/fr/five-ways-to-keep-bees"),
    ),
    "pages of what every page has": (
        rage("tag:button|id:header-search", route="/a"),
        rage("tag:button|id:header-search", route="/b/7"),
    ),
    "reloads of one page": (
        ui("Page reloaded 4 times in 10s", route="/orders/7"),
        ui("Page reloaded 12 times in 31s", route="/orders/991"),
    ),
    "titles of what a link leads to": (
        rage("tag:a|href:/products/oak-table|text:oak-table"),
        rage("tag:a|href:/products/blue-velvet-chair|text:blue-velvet-chair"),
    ),
    "pages of a name that says enough": (
        rage("tag:div|test:note-trash|aria:move-to-trash", route="/a"),
        rage("tag:div|test:note-trash|aria:in-den-papierkorb", route="/n/x7Yz1"),
    ),
    "places among others": (
        rage("tag:li|path:main>ul.list>li:nth-child(3)"),
        rage("tag:li|path:main>ul.list>li:nth-child(12)"),
    ),
    "selectors": (
        ui("Dead click on button#save-17.btn"),
        ui("Dead click on button#save-931.btn.is-active"),
        ui("Dead click on #save-9:nth-child(3)"),
    ),
    "selectors of one element": (
        ui("Dead click on button#save"),
        ui("Dead click on form#order > div.row > button#save"),
        ui("Dead click on form#order button#save"),
        ui('Click on "Save" changed nothing', hint="ui_no_effect:button#save"),
        ui("Klick auf „Speichern“ ohne Wirkung", hint="ui_no_effect:form.order > button[id='save'].btn"),
    ),
    "a label without a control": (
        ui("Repeated clicks", hint="ui_no_effect:rage:tag:button-id:save-text:save:https://a.example/x"),
        rage("tag:button|id:save|text:save"),
    ),
}

APART = {
    "controls": (rage("tag:button|id:save"), rage("tag:button|id:send"), rage("tag:a|test:save-all")),
    "what they say": (
        rage("tag:button|class:btn|text:apply"),
        rage("tag:button|class:btn|text:cancel"),
        rage("tag:button|class:btn|text:löschen"),
        rage("tag:button|class:btn|text:show-the-terms"),
    ),
    "classes with names": (rage("tag:div|class:seat"), rage("tag:div|class:aisle")),
    "pages of a few words": (
        rage("tag:button|text:share", route="/terms-of-service"),
        rage("tag:button|text:share", route="/how-it-works"),
    ),
    "pages": (
        rage("tag:button|class:pill|text:apply", route="/box/7"),
        rage("tag:button|class:pill|text:apply", route="/subscribe/x7Yz1"),
    ),
    "reloads": (ui("Page reloaded 4 times", route="/orders/7"), ui("Page reloaded 4 times", route="/cart")),
    "links": (rage("tag:a|href:/help"), rage("tag:a|href:/contact")),
    "paths": (rage("tag:li|path:main>ul>li"), rage("tag:li|path:aside>ul>li")),
    "steps": (rage("tag:button|id:step-2"), rage("tag:button|id:step-3")),
    "actions on a thing": (rage("tag:a|test:row-17-remove"), rage("tag:a|test:row-17-edit")),
    "what items of one generic id say": (
        rage("tag:li|id:item-17|text:delete"),
        rage("tag:li|id:item-18|text:rename"),
    ),
    "elements of one form": (
        ui("Dead click on form#order > button#save"),
        ui("Dead click on form#order > p > button#send"),
        ui("Dead click on form#order button#drop"),
        ui("Dead click on form#order"),
    ),
    "elements that only hints tell": (
        ui('Click on "Apply" changed nothing', hint="ui_no_effect:button#apply-code"),
        ui('Click on "Apply" changed nothing', hint="ui_no_effect:button#apply-gift-card"),
        ui('Click on "Apply" changed nothing', hint='ui_no_effect:button[data-testid="apply-points"]'),
        ui('Click on "Apply" changed nothing'),
    ),
    "values in brackets": (
        ui('Dead click on a[href="/help"]'),
        ui('Dead click on a[href="/terms"]'),
        ui("Dead click on input[name='guests[2].name']"),
        ui("Dead click on input[name='guests[2].mail']"),
    ),
    "hints": (ui("", hint="ui_no_effect:#save"), ui("", hint="ui_no_effect:#send")),
}


@pytest.mark.parametrize("name", ALIKE)
def test_sees_through_different(name: str) -> None:
    same(*ALIKE[name])


@pytest.mark.parametrize("name", APART)
def test_keeps_apart_different(name: str) -> None:
    apart(*APART[name])
