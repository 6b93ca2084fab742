"""Whose checkpoints a witness looks at: the public keys of logs, given once or kept in a file that may change."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from compliance.trail import note
from compliance.witness.errors import WitnessError

Stamp = tuple[int, int, int] | None


def parse(line: str) -> tuple[str, str]:
    """The origin and the key of `VKEY`, or of `VKEY ORIGIN` where the key has another name. Raises WitnessError."""
    vkey, _, origin = line.strip().partition(" ")
    try:
        key = note.parse_vkey(vkey)
    except note.NoteInvalid as problem:
        raise WitnessError(f"{vkey!r} is no key of a log: {problem}") from None
    if key.algorithm != note.ED25519:
        raise WitnessError(f"{vkey!r} is a witness's key, and no log's")
    return origin.strip() or key.name, vkey


class Logs:
    """The keys of every log. The file is read again when it has changed, so that a log's next key takes no restart."""

    def __init__(self, path: Path, further: Iterable[str] = ()) -> None:
        self.path, self._further = path, [parse(line) for line in further]
        self._stamp: Stamp = (0, 0, 0)
        self._keys: Mapping[str, frozenset[str]] = {}

    def keys(self, origin: str) -> frozenset[str]:
        """The keys that sign for an origin; none where the log is unknown. Raises WitnessError on a broken file."""
        return self.all().get(origin, frozenset())

    def all(self) -> Mapping[str, frozenset[str]]:
        """The keys by origin. Raises WitnessError on a broken file."""
        stamp = self._seen()
        if stamp != self._stamp:
            lines = self._lines() if stamp else []
            pairs = [*self._further, *(parse(line) for line in lines if line.strip() and not line.startswith("#"))]
            self._keys = {origin: frozenset(key for name, key in pairs if name == origin) for origin, _ in pairs}
            self._stamp = stamp
        return self._keys

    def _lines(self) -> list[str]:
        try:
            return self.path.read_text().splitlines()
        except UnicodeDecodeError:
            raise WitnessError(f"{self.path} is not UTF-8") from None

    def _seen(self) -> Stamp:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
