"""Reading events of every version as if they had been written today.

The bytes of an event never change, but what a type says may grow. Each step from one version to the next is an
upcaster beside the app that emits the type; whoever reads an event gets the latest version, whatever was stored.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

Data = dict[str, Any]
Changes = dict[str, tuple[Any, Any]]
"""Field name → (before, after), as plain JSON values."""
Upcaster = Callable[[Data, Changes], tuple[Data, Changes]]


class Unknown(Enum):
    """The type of UNKNOWN."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN
"""What an event of an earlier version does not tell, and nobody can find out."""
_upcasters: dict[tuple[str, int], Upcaster] = {}


class FromTheFuture(ValueError):
    """An event of a version that this code does not know: it was written by a later one."""


@dataclass(frozen=True, slots=True)
class Told:
    """What an event says, in the latest version of its type."""

    id: str
    type: str
    version: int
    recorded_at: str
    """RFC 3339, in UTC."""
    book: str | None
    subject: str
    """The subject's id."""
    actor_id: int | None
    data: Data
    changes: Changes

    @property
    def after(self) -> dict[str, Any]:
        """Field name → the value that it has been given."""
        return {field: pair[1] for field, pair in self.changes.items()}


def upcaster(type: str, version: int) -> Callable[[Upcaster], Upcaster]:
    """Registers the step from this version of a type to the next one. Raises ValueError for a second one."""

    def register(step: Upcaster) -> Upcaster:
        if (type, version) in _upcasters:
            raise ValueError(f"there are two steps from version {version} of {type}")
        _upcasters[type, version] = step
        return step

    return register


def grown(type: str, version: int, *fields: str) -> None:
    """Registers that this version of a type did not tell these fields of its data yet."""
    unknown: Mapping[str, Any] = dict.fromkeys(fields, UNKNOWN)
    upcaster(type, version)(lambda data, changes: ({**unknown, **data}, changes))


def current(type: str) -> int:
    """The latest version of a type: 1 where no upcaster says otherwise."""
    return 1 + max((version for known, version in _upcasters if known == type), default=0)


def read(body: bytes | memoryview) -> Told:
    """An event from its canonical bytes. Raises FromTheFuture, and ValueError for what is no event."""
    event = json.loads(bytes(body))
    changes: Changes = {field: (each["before"], each["after"]) for field, each in event["changes"].items()}
    version, data, changes = upcast(event["type"], event["version"], event["data"], changes)
    return Told(
        event["id"],
        event["type"],
        version,
        event["recorded_at"],
        event["book"],
        event["subject"]["id"],
        event["actor"]["id"],
        data,
        changes,
    )


def upcast(type: str, version: int, data: Data, changes: Changes) -> tuple[int, Data, Changes]:
    """Takes data and changes of a version to the latest one. Raises FromTheFuture."""
    latest = current(type)
    if version > latest:
        raise FromTheFuture(f"{type} is known up to version {latest}, and an event has {version}")
    for step in range(version, latest):
        data, changes = _upcasters[type, step](data, changes)
    return latest, data, changes
