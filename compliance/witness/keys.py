"""The witness's key: an Ed25519 seed in a file for its owner alone, which also names the logs that it signs for."""

import json
import time
from contextlib import suppress
from hmac import digest
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from compliance.trail import note
from compliance.trail.text import decode64, encode64
from compliance.witness import durable
from compliance.witness.errors import WitnessError

_STATE_KEY = b"qenex witness state v1"


class Key:
    """The key under its name, and what only its holder can compute."""

    def __init__(self, path: Path, name: str, seed: bytes, origins: frozenset[str]) -> None:
        self.path, self.name, self.origins = path, name, origins
        self._seed, self._private = seed, Ed25519PrivateKey.from_private_bytes(seed)
        self._state_key = digest(seed, _STATE_KEY, "sha256")
        self.public = self._private.public_key().public_bytes_raw()
        self.vkey = note.vkey(name, self.public, note.COSIGNATURE)

    @classmethod
    def make(cls, path: Path, name: str) -> Self:
        """A new key in a new file. Raises WitnessError where there is one, or where the name is unfit."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        seed = Ed25519PrivateKey.generate().private_bytes_raw()
        try:
            made = cls(path, name, seed, frozenset())
        except note.NoteInvalid:
            raise WitnessError(f"{name!r} is no name for a witness: it has no spaces and no plus signs") from None
        with durable.locked(_lock(path)):
            if path.exists():
                raise WitnessError(f"{path} is there already")
            made._write()
        return made

    @classmethod
    def load(cls, path: Path) -> Self:
        """The key of a file. Raises WitnessError where there is none, it is open to others, or broken."""
        try:
            mode, text = path.stat().st_mode, path.read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise WitnessError(f"{path} cannot be read ({type(error).__name__})") from None
        if mode & 0o077:
            raise WitnessError(f"{path} is open to others than its owner: chmod 600, and think of who has read it")
        with suppress(ValueError, KeyError, TypeError):
            kept = json.loads(text)
            name, seed, origins = str(kept["name"]), decode64(kept["seed"]), frozenset(map(str, kept["origins"]))
            return cls(path, name, seed, origins)
        raise WitnessError(f"{path} is no key of a witness; restore it, or make another witness in another directory")

    def signs_for(self, origin: str) -> None:
        """Writes into the key's file that it signs for a log: whoever restores the key alone will be told so."""
        if origin in self.origins:
            return
        with durable.locked(_lock(self.path)):
            self.origins = type(self).load(self.path).origins | {origin}
            self._write()

    def known(self) -> frozenset[str]:
        """The logs that the file names now; another process may have added one. Raises WitnessError."""
        self.origins |= type(self).load(self.path).origins
        return self.origins

    def cosign(self, text: str, at: int | None = None) -> str:
        """The line of a cosignature over a checkpoint's text, by this machine's clock (seconds since 1970)."""
        at = int(time.time()) if at is None else at
        signature = self._private.sign(note.cosignature_text(at, text).encode())
        return note.cosignature_line(self.name, self.public, at, signature)

    def seal(self, text: str) -> str:
        """What shows that the holder of this key has written a text for himself, in hexadecimal."""
        return digest(self._state_key, text.encode(), "sha256").hex()

    def _write(self) -> None:
        kept = {"name": self.name, "seed": encode64(self._seed), "origins": sorted(self.origins)}
        durable.write(self.path, json.dumps(kept).encode())


def _lock(path: Path) -> Path:
    return path.with_name(f"{path.name}.lock")
