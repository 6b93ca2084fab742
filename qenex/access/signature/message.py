"""The parts of an HTTP message that a signature can cover (RFC 9421, section 2)."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl, quote

from qenex.access.signature.errors import SignatureMalformed

Headers = Mapping[str, str] | Iterable[tuple[str, str]]
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#@\s]+)([^?#\s]*)(\?[^#\s]*)?", re.ASCII)
_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FOLDED = re.compile(r"[ \t]*\r?\n[ \t]+")
_VALUE = re.compile(r"[\t -~]*")
_UNESCAPED = "*-._"
"""What application/x-www-form-urlencoded leaves as it is, beside letters and digits."""
_PORTS = {"http": ":80", "https": ":443"}


@dataclass(frozen=True)
class Message:
    """A request, or with a `status` the response to it. Raises SignatureMalformed for what no message could have."""

    method: str
    url: str
    """The target URI: absolute, and byte for byte as it is on the wire."""
    fields: Mapping[str, list[str]]
    """By their names in lower case, the values in order."""
    status: int | None = None

    @classmethod
    def of(cls, method: str, url: str, headers: Headers, status: int | None = None) -> "Message":
        """A message with the headers of a mapping or of pairs."""
        fields: dict[str, list[str]] = {}
        for name, value in headers.items() if isinstance(headers, Mapping) else headers:
            fields.setdefault(name.lower(), []).append(value)
        return cls(method, url, fields, status)

    def field(self, name: str) -> str | None:
        """All values of a field as one; none where there is none. Raises SignatureMalformed."""
        values = self.fields.get(name)
        if values is None:
            return None
        return _clean(values[0]) if len(values) == 1 else ", ".join(map(_clean, values))

    def raw(self, name: str) -> list[str]:
        """The values of a field apart, none where there is none. Raises SignatureMalformed."""
        return [_clean(value) for value in self.fields.get(name, ())]

    def derived(self, name: str) -> str | None:
        """A component whose name begins with @; none where there is no such thing. Raises SignatureMalformed."""
        read = _DERIVED.get(name)
        return None if read is None else read(self)

    def query_parameter(self, name: str) -> str | None:
        """A parameter of the query by its encoded name, encoded again; none where it is not there exactly once."""
        query = self.parts[3].removeprefix("?")
        found = [value for key, value in parse_qsl(query, keep_blank_values=True) if _encode(key) == name]
        return _encode(found[0]) if len(found) == 1 else None

    @property
    def parts(self) -> tuple[str, str, str, str]:
        """Scheme, authority, path and query of the URL. Raises SignatureMalformed."""
        return _parts(self.url)


@lru_cache(maxsize=64)
def _parts(url: str) -> tuple[str, str, str, str]:
    found = _URL.fullmatch(url) if url.isascii() and url.isprintable() else None
    if found is None:
        raise SignatureMalformed("the target is an absolute URL in ASCII without user, spaces and fragment")
    return found[1], found[2], found[3] or "/", found[4] or ""


def _clean(value: str) -> str:
    value = (_FOLDED.sub(" ", value) if "\n" in value else value).strip(" \t")
    if _VALUE.fullmatch(value) is None:
        raise SignatureMalformed("a field that is signed is ASCII in one line")
    return value


def _encode(text: str) -> str:
    return quote(text, safe=_UNESCAPED).replace("~", "%7E")


def _method(message: Message) -> str:
    if _METHOD.fullmatch(message.method) is None:
        raise SignatureMalformed("the method is a word")
    return message.method


def _target_uri(message: Message) -> str:
    scheme, authority, path, query = message.parts
    return f"{scheme}://{authority}{path}{query}"


def _authority(message: Message) -> str:
    scheme, authority = message.parts[0].lower(), message.parts[1].lower()
    return authority.removesuffix(_PORTS.get(scheme, "@"))


def _status(message: Message) -> str | None:
    return None if message.status is None else f"{message.status:03d}"


_DERIVED: Mapping[str, Callable[[Message], str | None]] = {
    "@method": _method,
    "@target-uri": _target_uri,
    "@authority": _authority,
    "@scheme": lambda message: message.parts[0].lower(),
    "@request-target": lambda message: message.parts[2] + message.parts[3],
    "@path": lambda message: message.parts[2],
    "@query": lambda message: message.parts[3] or "?",
    "@status": _status,
}
