"""What a witness remembers of a log: the last tree that it cosigned, twice, so that one copy cannot be set back alone.

The first copy is written, then the key's file names the log, then the second copy is written, and only then is anything
signed. Whoever is killed on the way leaves a first copy that is one step ahead, which was checked and is taken; every
other difference is somebody's doing, and refused.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import NamedTuple

from compliance.trail.merkle import EMPTY
from compliance.witness import durable
from compliance.witness.errors import StateRefused
from compliance.witness.keys import Key


class State(NamedTuple):
    """A tree that was cosigned."""

    origin: str
    size: int
    root: bytes
    serial: int
    """How often the state was written; a state that was put back has a smaller one."""

    def next(self, size: int, root: bytes) -> "State":
        """The state that follows."""
        return State(self.origin, size, root, self.serial + 1)

    @property
    def text(self) -> str:
        """What the key seals."""
        return f"{self.origin}\n{self.size}\n{self.root.hex()}\n{self.serial}\n"


def name_of(origin: str) -> str:
    """By which files and addresses know a log: SHA-256 of its origin, in hexadecimal."""
    return sha256(origin.encode()).hexdigest()


class States:
    """The states of all logs, in two directories; best on two disks."""

    def __init__(self, key: Key, first: Path, second: Path) -> None:
        self._key, self._first, self._second = key, first, second
        for folder in (first, second):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            durable.sync(folder.parent)

    @contextmanager
    def locked(self, origin: str) -> Iterator["Slot"]:
        """The state of a log, for one thread of one process at a time."""
        name = name_of(origin)
        with durable.locked(self._first / f"{name}.lock"):
            yield Slot(self._key, origin, self._first / f"{name}.json", self._second / f"{name}.json")

    def check(self) -> None:
        """Every log that the key has signed for has a state that can be true. Raises StateRefused."""
        for origin in sorted(self._key.known()):
            with self.locked(origin) as slot:
                slot.read()


class Slot:
    """The state of one log, while its lock is held."""

    def __init__(self, key: Key, origin: str, first: Path, second: Path) -> None:
        self._key, self._origin = key, origin
        self._paths = (first, second)

    def read(self) -> State:
        """The last tree; the empty one where nothing was cosigned. Raises StateRefused where that cannot be true."""
        ahead, state = map(self._copy, self._paths)
        if ahead == state:
            return state or self._nothing()
        if ahead is None or ahead.serial != (state.serial if state else 0) + 1:
            raise self._refused("its two copies differ")
        self._finish(ahead)
        return ahead

    def write(self, state: State) -> None:
        """Remembers a tree, on the disk, before this returns. Raises OSError."""
        self._put(self._paths[0], state)
        self._finish(state)

    def readable(self) -> list[State]:
        """The copies that this key has written, whatever they say."""
        found = []
        for path in self._paths:
            with suppress(StateRefused):
                found.append(self._copy(path))
        return [state for state in found if state is not None]

    def _finish(self, state: State) -> None:
        self._key.signs_for(state.origin)
        self._put(self._paths[1], state)

    def _nothing(self) -> State:
        if self._origin in self._key.known():
            raise self._refused("it is missing, and the key has signed for that log")
        return State(self._origin, 0, EMPTY, 0)

    def _put(self, path: Path, state: State) -> None:
        kept = state._asdict() | {"root": state.root.hex(), "seal": self._key.seal(state.text)}
        durable.write(path, json.dumps(kept).encode())

    def _copy(self, path: Path) -> State | None:
        try:
            text = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._refused(f"{path} cannot be read ({type(error).__name__})") from None
        with suppress(ValueError, KeyError, TypeError):
            kept = json.loads(text)
            state = State(kept["origin"], int(kept["size"]), bytes.fromhex(kept["root"]), int(kept["serial"]))
            if state.origin == self._origin and compare_digest(self._key.seal(state.text), str(kept["seal"])):
                return state
        raise self._refused(f"{path} is not what this key has written")

    def _refused(self, why: str) -> StateRefused:
        way_out = "give `witness adopt` the newest checkpoint of the log that this witness has cosigned"
        return StateRefused(f"the state of {self._origin} is refused: {why}; {way_out}")
