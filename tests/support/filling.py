"""Filling in the form of a page as somebody would who wants it to go through."""

from html.parser import HTMLParser

VALUES = {"number": "1", "date": "2031-01-01", "datetime-local": "2031-01-01T00:00", "email": "a@example.org"}


class Form(HTMLParser):
    """The fields of the page's forms that are posted, but for the header's, with what stands in them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self._open = False
        self._select = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Takes a field, with a value where it has none."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = given.get("method", "").lower() == "post" and given.get("id") != "logout-form"
        name = given.get("name", "")
        if not self._open or (not name and tag != "option"):
            return
        if tag == "input":
            self._input(name, given)
        elif tag == "textarea":
            self.fields[name] = "because of a test"
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and ("selected" in given or not self.fields.get(self._select)):
            self.fields[self._select] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        """Ends a form or a choice."""
        if tag == "form":
            self._open = False
        if tag == "select":
            self._select = ""

    def _input(self, name: str, given: dict[str, str]) -> None:
        kind = given.get("type", "text")
        if kind in ("checkbox", "radio"):
            if "checked" in given:
                self.fields[name] = given.get("value", "on")
        elif kind not in ("submit", "button", "file"):
            self.fields[name] = given.get("value") or VALUES.get(kind, "1")
