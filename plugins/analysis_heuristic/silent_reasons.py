"""Why a control may do nothing, told from the control itself."""

from dataclasses import dataclass

from retrospec_plugins.analysis_heuristic.naming import Element
from retrospec_plugins.analysis_heuristic.wording import Quoter

_OUTSIDE = ("mailto:", "tel:", "sms:", "intent:", "blob:", "data:")
_NOWHERE = ("#", "javascript:void(0)", "javascript:void(0);", "javascript:;", "javascript:")


@dataclass(frozen=True, slots=True)
class Reason:
    """The likeliest reason, what to do about it, and how sure it is."""

    why: str
    fix: str
    confidence: float


def reason_for(element: Element, words: Quoter) -> Reason:
    """Why a click on the element, which nothing followed, was lost."""
    selector = f"`{words.plain(element.selector)}`"
    if element.disabled:
        return Reason(
            why=f"{selector} is disabled, and nothing on the page says why",
            fix=f"Say next to {selector} what is missing before it can be used, or leave it enabled and explain "
            "when it is clicked",
            confidence=0.8,
        )
    if element.href or element.elsewhere:
        return _of_link(element, selector)
    if not element.control:
        return Reason(
            why=f"{selector} is no button or link, and nothing listens to it; it probably looks as if it could "
            "be clicked",
            fix=f"Make {selector} a real button or link, or take away what makes it look like one (pointer, underline, "
            "shadow)",
            confidence=0.65,
        )
    if element.in_form and element.what == "button" and element.type in ("", "submit", "image"):
        return Reason(
            why="It should send its form, and the form was not sent: a listener cancels it without a word, or the "
            "browser refused a field that cannot be seen",
            fix=f"Check the `submit` listener of the form around {selector} for a way out that tells nothing, and the "
            "form's fields for constraints on hidden ones",
            confidence=0.72,
        )
    return _unheard(element, selector)


def _of_link(element: Element, selector: str) -> Reason:
    href = element.href.strip().lower()
    if element.elsewhere or href.startswith(_OUTSIDE):
        return Reason(
            why="It opens another window, file or program, which a recording cannot show; where none can be opened, "
            "nothing happens",
            fix=f"Say at {selector} what it opens, and show an address that can be copied",
            confidence=0.5,
        )
    if href in _NOWHERE or href.endswith("#"):
        return Reason(
            why=f"{selector} leads nowhere (its `href` is only a placeholder), and no listener does anything instead",
            fix=f"Give {selector} its real address, or make it a button with a listener",
            confidence=0.82,
        )
    return Reason(
        why=f"{selector} has an address, but no other page opened: a listener probably cancels the navigation without "
        "doing it itself, or the address is that of the page already open",
        fix=f"Check the `click` listener on {selector} for a `preventDefault()` whose own way of opening the page "
        "fails, and where the address leads",
        confidence=0.68,
    )


def _unheard(element: Element, selector: str) -> Reason:
    by_itself = ""
    if element.what == "button" and not element.in_form:
        by_itself = "; outside a form it does nothing by itself"
    elif element.type == "button":
        by_itself = "; being of type `button`, it does nothing by itself"
    return Reason(
        why="Most likely no listener is attached to it (for instance because the script looks for another id or class "
        f"than {selector}), or the listener returns before doing anything{by_itself}",
        fix=f"Search the script for the listener that {selector} should have, and correct the selector or the "
        "moment at which it is attached; let it tell the visitor what came of the click. A test that clicks "
        f"{selector} and expects a change keeps it so",
        confidence=0.82,
    )
