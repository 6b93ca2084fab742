"""Public keys, in the forms that others read."""

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from qenex.vault.providers.base import EDDSA, ES256

Public = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey
COORDINATE_BYTES = 32


@dataclass(frozen=True, slots=True)
class PublicKey:
    """What verifies signatures of one version of a purpose's key."""

    kid: str
    algorithm: str
    """`EdDSA` (Ed25519) or `ES256` (P-256 with SHA-256)."""
    public: Public
    not_before: datetime
    """From when it signs; it is published earlier."""
    not_after: datetime | None
    """When it stops being published; none: never."""

    def verify(self, data: bytes, signature: bytes) -> bool:
        """Whether the 64 bytes are this key's signature of the data."""
        try:
            if isinstance(self.public, ed25519.Ed25519PublicKey):
                self.public.verify(signature, data)
            else:
                self.public.verify(_der(signature), data, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True

    def jwk(self) -> dict[str, str]:
        """The JSON Web Key (RFC 7517, RFC 8037)."""
        return {**_members(self.public), "alg": self.algorithm, "kid": self.kid, "use": "sig"}

    def pem(self) -> str:
        """SubjectPublicKeyInfo."""
        return self.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def load(der: bytes) -> Public:
    """The key of a SubjectPublicKeyInfo. Raises ValueError for one of another kind."""
    key = load_der_public_key(der)
    if not isinstance(key, ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey):
        raise ValueError(f"{type(key).__name__} is no key of ours")
    return key


def algorithm_of(key: Public) -> str:
    """The algorithm that the key is for."""
    return EDDSA if isinstance(key, ed25519.Ed25519PublicKey) else ES256


def thumbprint(key: Public) -> str:
    """The key's id: its JWK thumbprint (RFC 7638), which anybody can compute from the key itself."""
    canonical = json.dumps(_members(key), sort_keys=True, separators=(",", ":")).encode()
    return _base64url(hashlib.sha256(canonical).digest())


def _members(key: Public) -> dict[str, str]:
    if isinstance(key, ed25519.Ed25519PublicKey):
        return {"kty": "OKP", "crv": "Ed25519", "x": _base64url(key.public_bytes(Encoding.Raw, PublicFormat.Raw))}
    numbers = key.public_numbers()
    x, y = (_base64url(number.to_bytes(COORDINATE_BYTES, "big")) for number in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _der(signature: bytes) -> bytes:
    if len(signature) != 2 * COORDINATE_BYTES:
        raise InvalidSignature
    r, s = signature[:COORDINATE_BYTES], signature[COORDINATE_BYTES:]
    return encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
