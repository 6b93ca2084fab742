"""Whether everybody can read a page: in the light and in the dark, on a telephone and on a wide screen."""

from typing import Any

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
CONTRAST = {"type": "rule", "values": ["color-contrast"]}
WIDTHS = (390, 1440)
SETTLED = "Promise.all(document.getAnimations().map((each) => each.finished.catch(() => null))).then(() => null)"
LOADED = "Boolean(window.axe)"
RUN = "(options) => axe.run(document, options).then((found) => found.violations)"
EXCESS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def unreadable(page: Any) -> dict[str, Any]:
    """What a reader of the page would stumble over, and where the page is wider than its window."""
    size = page.viewport_size
    page.emulate_media(color_scheme="light")
    found = {f"light {rule}": nodes for rule, nodes in violations(page, WCAG).items()}
    page.emulate_media(color_scheme="dark")
    # Nothing but colours differs.
    found |= {f"dark {rule}": nodes for rule, nodes in violations(page, CONTRAST).items()}
    page.emulate_media(color_scheme="light")
    return found | _too_wide(page, size)


def violations(page: Any, rules: Any = WCAG) -> dict[str, list[str]]:
    """The rules that the page breaks as it is shown now → where."""
    from axe_playwright_python.sync_playwright import Axe

    page.evaluate(SETTLED)  # links change their colour slowly
    if not page.evaluate(LOADED):
        page.evaluate(Axe().axe_script)
    found = page.evaluate(RUN, {"runOnly": rules, "resultTypes": ["violations"], "preload": False})
    return {violation["id"]: [node["html"] for node in violation["nodes"]] for violation in found}


def _too_wide(page: Any, size: Any) -> dict[str, int]:
    found = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        excess = page.evaluate(EXCESS)
        if excess > 0:
            found[f"{width} px"] = excess
    page.set_viewport_size(size)
    return found
