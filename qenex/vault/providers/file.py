"""Key-encryption keys in files of this machine: the default of the embedded profile, refused in production.

The directory is 0700 and each file 0600; anything looser is refused. `kek-00001` holds the 32 bytes of version 1.
"""

import hashlib
import os
import re
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from qenex.vault import aead
from qenex.vault.errors import ProviderUnavailable
from qenex.vault.providers.base import EDDSA, ES256, Kek, MadeKey

_NAME = re.compile(r"kek-(\d{5})")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class FileProvider:
    """Keys in a directory. Signing keys are made here and kept by the vault, wrapped like data keys."""

    name = "file"

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._ciphers: dict[str, aead.Cipher] = {}

    def newest(self) -> Kek | None:
        """The file with the highest number."""
        versions = sorted(self._versions())
        return self._load(versions[-1]) if versions else None

    def make(self, version: int) -> Kek:
        """Writes the file unless another process has just done so."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._check_mode(self._directory)
        # Written whole beside its place first: of two processes that start at once, neither reads half of it.
        draft = self._directory / f".draft-{os.getpid()}-{secrets.token_hex(4)}"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(aead.new_key())
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, self._path(version))
        draft.unlink()
        _sync(self._directory)  # a key that seals something must not be lost with the power
        return self._load(version)

    def wrap(self, kek: Kek, secret: bytes, aad: bytes) -> bytes:
        """nonce ‖ ciphertext ‖ tag."""
        return self._cipher(kek.id).encrypt(secret, aad)

    def unwrap(self, kek_id: str, wrapped: bytes, aad: bytes) -> bytes:
        """The wrapped key. Raises Tampered."""
        return self._cipher(kek_id).decrypt(wrapped, aad)

    def algorithms(self) -> Sequence[str]:
        """Both."""
        return (EDDSA, ES256)

    def make_signing_key(self, label: str, algorithm: str) -> MadeKey:
        """A key in software, to be wrapped by the caller."""
        private = (
            ed25519.Ed25519PrivateKey.generate() if algorithm == EDDSA else ec.generate_private_key(ec.SECP256R1())
        )
        return MadeKey(
            private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
        )

    def sign(self, label: str, algorithm: str, data: bytes) -> bytes:
        """Never: it keeps no signing keys."""
        raise ProviderUnavailable(f"the signing key {label} is not in a file; is it in the HSM?")

    def check(self) -> None:
        """The directory and every key in it are there for their owner alone, and whole."""
        if self._directory.exists():
            for version in self._versions():
                self._load(version)

    def close(self) -> None:
        """Forgets the keys."""
        self._ciphers.clear()

    def _versions(self) -> Iterator[int]:
        try:
            names = [path.name for path in self._directory.iterdir()]
        except FileNotFoundError:
            return
        except OSError as error:
            raise ProviderUnavailable(f"{self._directory}: {error.strerror}") from None
        self._check_mode(self._directory)
        yield from (int(match[1]) for match in map(_NAME.fullmatch, names) if match)

    def _cipher(self, kek_id: str) -> aead.Cipher:
        if kek_id not in self._ciphers:
            for version in self._versions():
                self._load(version)
        try:
            return self._ciphers[kek_id]
        except KeyError:
            raise ProviderUnavailable(f"the key {kek_id} is not in {self._directory}; restore it") from None

    def _load(self, version: int) -> Kek:
        path = self._path(version)
        self._check_mode(path)
        try:
            key = path.read_bytes()
        except OSError as error:
            raise ProviderUnavailable(f"{path}: {error.strerror}") from None
        if len(key) != aead.KEY_BYTES:
            raise ProviderUnavailable(f"{path} must have {aead.KEY_BYTES} bytes and has {len(key)}; restore it")
        kek = Kek(f"{self.name}:{hashlib.sha256(b'qenex kek ' + key).hexdigest()[:16]}", version)
        self._ciphers.setdefault(kek.id, aead.Cipher(key))
        return kek

    def _path(self, version: int) -> Path:
        return self._directory / f"kek-{version:05}"

    @staticmethod
    def _check_mode(path: Path) -> None:
        try:
            mode = path.lstat().st_mode
        except OSError as error:
            raise ProviderUnavailable(f"{path}: {error.strerror}") from None
        if stat.S_ISLNK(mode) or mode & _OTHERS:
            wanted = "700" if stat.S_ISDIR(mode) else "600"
            raise ProviderUnavailable(f"{path} is open to others than its owner: chmod {wanted} {path}")


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
