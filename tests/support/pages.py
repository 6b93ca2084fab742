"""What a page would make a browser do, read from its HTML."""

from html.parser import HTMLParser
from urllib.parse import urlsplit

_DATA_BLOCKS = {"application/json"}
_ADDRESSES = {"action", "data", "formaction", "href", "poster", "src", "srcset"}


class Inspection(HTMLParser):
    """Collects what a strict policy would refuse: inline code and styles, and addresses of other origins."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: list[str] = []
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Looks at an element and its attributes."""
        given = dict(attrs)
        if tag in ("style", "base", "iframe", "object", "embed"):
            self.refused.append(f"<{tag}>")
        self._in_script = tag == "script" and "src" not in given and given.get("type") not in _DATA_BLOCKS
        for name, value in attrs:
            if name == "style" or name.startswith("on") or (name in _ADDRESSES and not _is_ours(value or "")):
                self.refused.append(f"<{tag} {name}={value!r}>")

    def handle_data(self, data: str) -> None:
        """Looks at a script's text."""
        if self._in_script and data.strip():
            self.refused.append(f"<script> {data.strip()[:60]!r}")

    def handle_endtag(self, tag: str) -> None:
        """Ends a script."""
        self._in_script = False


def refused(page: str) -> list[str]:
    """What a strict policy would refuse of this page."""
    inspection = Inspection()
    inspection.feed(page)
    inspection.close()
    return inspection.refused


def _is_ours(address: str) -> bool:
    parts = urlsplit(address.strip())
    return not parts.scheme and not parts.netloc
