"""Personal data in events: sealed under a key of whom it is about before it is hashed, so that it can be erased.

What is hashed, proven and exported is the ciphertext. Without its key it is noise, and every proof stays what it was.
The kernel knows no keys: settings name the sealer (`PERSONAL_SEALER`).

    "personal": [{"places": ["actor.address"], "key": <id of the key>, "sealed": <base64>}]

The sealed bytes are the canonical JSON of place → value. A block whose subject is erased before it is written has its
places alone. An event has at most a block for each subject.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

from qenex.kernel import canonical

STRANGERS = "strangers"
"""Whose data it is that comes with a request of somebody who has not shown who he is."""
ERASED = "erased"
"""What stands in the place of a value whose key is gone."""
WITHHELD = "withheld"
"""What stands in the place of a value that is somebody else's."""
Values = Mapping[str, Any]
"""Where a value belongs in the body, such as `actor.address` or `changes.email`, → the value."""
Block = dict[str, Any]


class Sealed(NamedTuple):
    """Bytes that open with this key and in this event only."""

    key: UUID
    data: bytes


class Sealer(Protocol):
    """What the vault does for the log."""

    def seal(self, plain: bytes, *, event: UUID, subject: str) -> Sealed | None:
        """Sealed for an event; none where the subject is erased. Raises what keys raise: nothing stays in clear."""

    def unseal(self, data: bytes, *, event: UUID) -> bytes | None:
        """The plaintext; none where the key is gone. Raises for bytes that were changed or belong to another event."""

    def preload(self, keys: Iterable[UUID]) -> None:
        """Makes these keys ready at once."""


class Revealed(NamedTuple):
    """An event's body with its personal data in its places."""

    body: dict[str, Any]
    places: tuple[str, ...]
    """Where the values were sealed."""
    erased: tuple[str, ...]
    """Those of them that nobody can read any more; `ERASED` stands in their places."""


@cache
def _sealer() -> Sealer:
    sealer: Sealer = import_string(settings.PERSONAL_SEALER)
    return sealer


def person(user_id: int | None) -> str:
    """Whose data it is that comes from this user; nobody's, where it is not known who it is."""
    return STRANGERS if user_id is None else f"{settings.AUTH_USER_MODEL.lower()}:{user_id}"


def of_month(subject: str, moment: datetime) -> str:
    """The part of a subject's data that goes when the month is long over, whoever stays."""
    return f"{subject}#{moment:%Y-%m}"


def seal(event: UUID, of: Sequence[tuple[str, Values]]) -> list[Block]:
    """The blocks of an event: one for each subject that has values which are not None."""
    gathered: dict[str, dict[str, Any]] = {}
    for subject, values in of:
        for place, value in values.items():
            if value is not None:
                gathered.setdefault(subject, {})[place] = value
    return [_block(event, subject, values) for subject, values in gathered.items()]


def _block(event: UUID, subject: str, values: dict[str, Any]) -> Block:
    sealed = _sealer().seal(canonical.encode(values), event=event, subject=subject)
    if sealed is None:
        return {"places": sorted(values)}
    return {"places": sorted(values), "key": sealed.key, "sealed": b64encode(sealed.data).decode()}


def reveal(body: bytes | memoryview, *, only: Container[UUID] | None = None) -> Revealed:
    """An event with its personal data: who calls it has checked that he may, and records that it was read.

    `only` the blocks under these keys are opened; what is others' is `WITHHELD`. Raises what keys raise, and Tampered.
    """
    document: dict[str, Any] = json.loads(bytes(body))
    places: list[str] = []
    erased: list[str] = []
    for block in document.pop("personal", ()):
        if only is not None and ("key" not in block or UUID(block["key"]) not in only):
            _put_all(document, dict.fromkeys(block["places"], WITHHELD))
            continue
        places += block["places"]
        values = _values(UUID(document["id"]), block)
        erased += block["places"] if values is None else []
        _put_all(document, dict.fromkeys(block["places"], ERASED) if values is None else values)
    return Revealed(document, tuple(sorted(places)), tuple(sorted(erased)))


def reveal_all(bodies: Sequence[bytes | memoryview]) -> list[Revealed]:
    """The same for many, with one query for their keys."""
    blocks = (block for body in bodies for block in json.loads(bytes(body)).get("personal", ()))
    _sealer().preload(UUID(block["key"]) for block in blocks if "key" in block)
    return [reveal(body) for body in bodies]


def _values(event: UUID, block: Block) -> dict[str, Any] | None:
    if "sealed" not in block:
        return None
    plain = _sealer().unseal(b64decode(block["sealed"]), event=event)
    return None if plain is None else json.loads(plain)


def _put_all(document: dict[str, Any], values: Values) -> None:
    for place, value in values.items():
        part, _, name = place.partition(".")
        both = part == "changes" and value in (ERASED, WITHHELD)
        document[part][name] = {"before": value, "after": value} if both else value
