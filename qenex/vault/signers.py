"""Private keys that sign: unwrapped in this process, or in the HSM by name."""

from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_private_key

from qenex.vault import providers
from qenex.vault.encoding import parts
from qenex.vault.models import SigningKey
from qenex.vault.publickeys import COORDINATE_BYTES

Sign = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Signer:
    """The key of a purpose that signs now."""

    kid: str
    algorithm: str
    _sign: Sign = field(repr=False)

    def sign(self, data: bytes) -> bytes:
        """64 bytes: Ed25519's signature, or r ‖ s as in JSON Web Signatures. Raises ProviderUnavailable."""
        return self._sign(data)


def open_signer(row: SigningKey) -> Signer:
    """The signer of a stored key. Raises ProviderUnavailable and Tampered."""
    return Signer(row.kid, row.algorithm, _held(row) if row.wrapped is None else _unwrapped(row))


def wrap_aad(row: SigningKey) -> bytes:
    """What a wrapped private key is bound to."""
    return parts("qenex.vault.signingkey", row.pk.bytes, row.purpose, row.version, row.kid, row.algorithm)


def _held(row: SigningKey) -> Sign:
    kek_id, label, algorithm = row.kek_id, row.label, row.algorithm
    return lambda data: providers.by_kek(kek_id).sign(label, algorithm, data)  # a forked process has another provider


def _unwrapped(row: SigningKey) -> Sign:
    assert row.wrapped is not None
    key = load_der_private_key(
        providers.by_kek(row.kek_id).unwrap(row.kek_id, bytes(row.wrapped), wrap_aad(row)), password=None
    )
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return lambda data: _ecdsa(key, data)


def _ecdsa(key: ec.EllipticCurvePrivateKey, data: bytes) -> bytes:
    numbers = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    return b"".join(number.to_bytes(COORDINATE_BYTES, "big") for number in numbers)
