"""Keys that never leave an HSM, through PKCS#11.

Key-encryption keys are AES-256 objects `qenex-kek-00001`, sensitive and not extractable, and encrypt by GCM inside the
token. Signing keys are Ed25519 or P-256 key pairs under their labels.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pkcs11 import Attribute, GCMParams, KeyType, Mechanism, ObjectClass
from pkcs11.exceptions import EncryptedDataInvalid, EncryptedDataLenRange, GeneralError, PKCS11Error
from pkcs11.util.ec import encode_named_curve_parameters

from qenex.vault import aead
from qenex.vault.errors import Tampered
from qenex.vault.providers.base import EDDSA, ES256, Kek, MadeKey
from qenex.vault.providers.hsm import Hsm, Session

EDWARDS25519 = bytes.fromhex("130c656477617264733235353139")
"""The curve's name as a DER PrintableString, "edwards25519", for which python-pkcs11 has no helper."""
_LABEL = re.compile(r"qenex-kek-(\d{5})")
_ID_BYTES = 8
_NOTHING_BUT_GCM = {
    Attribute.TOKEN: True,
    Attribute.PRIVATE: True,
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
    Attribute.ENCRYPT: True,
    Attribute.DECRYPT: True,
    Attribute.WRAP: False,
    Attribute.UNWRAP: False,
    Attribute.SIGN: False,
    Attribute.VERIFY: False,
}
_NOTHING_BUT_SIGNING = {
    Attribute.TOKEN: True,
    Attribute.PRIVATE: True,
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
    Attribute.SIGN: True,
    Attribute.DECRYPT: False,
    Attribute.UNWRAP: False,
    Attribute.DERIVE: False,
}


class Pkcs11Provider:
    """The keys of one token."""

    name = "pkcs11"

    def __init__(self, module: str, token: str, pin: str) -> None:
        self._hsm = Hsm(module, token, pin)

    def newest(self) -> Kek | None:
        """The key of the highest version; of two with the same, that with the lower id, everywhere alike."""
        return self._hsm.run(_newest)

    def make(self, version: int) -> Kek:
        """Generates the key inside the token, unless it is there."""
        return self._hsm.run(lambda session: _make(session, version))

    def wrap(self, kek: Kek, secret: bytes, aad: bytes) -> bytes:
        """nonce ‖ ciphertext ‖ tag, encrypted inside the token."""
        return self._hsm.run(lambda session: _encrypt(_kek(session, kek.id), secret, aad))

    def unwrap(self, kek_id: str, wrapped: bytes, aad: bytes) -> bytes:
        """The wrapped key, decrypted inside the token. Raises Tampered."""
        if len(wrapped) < aead.OVERHEAD:
            raise Tampered("a wrapped key is cut short")
        return self._hsm.run(lambda session: _decrypt(_kek(session, kek_id), wrapped, aad))

    def algorithms(self) -> Sequence[str]:
        """EdDSA where the token has it, and ES256."""
        mechanisms = self._hsm.run(lambda session: session.raw.token.slot.get_mechanisms())
        return (EDDSA, ES256) if Mechanism.EDDSA in mechanisms else (ES256,)

    def make_signing_key(self, label: str, algorithm: str) -> MadeKey:
        """Generates the pair inside the token; its private half stays there."""
        make: Callable[[Session, str], bytes] = {EDDSA: _make_ed25519, ES256: _make_p256}[algorithm]
        return MadeKey(self._hsm.run(lambda session: make(session, label)), None)

    def sign(self, label: str, algorithm: str, data: bytes) -> bytes:
        """Ed25519's signature, or r ‖ s."""
        return self._hsm.run(lambda session: _sign(session, label, algorithm, data))

    def check(self) -> None:
        """The token answers."""
        self.newest()

    def close(self) -> None:
        """Ends the session."""
        self._hsm.close()


def _keks(session: Session) -> Iterator[tuple[int, bytes]]:
    template = {Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.KEY_TYPE: KeyType.AES}
    for key in list(session.raw.get_objects(template)):
        match = _LABEL.fullmatch(key.label or "")
        if match:
            yield int(match[1]), key.id


def _newest(session: Session) -> Kek | None:
    found = sorted(_keks(session), key=lambda each: (-each[0], each[1]))
    return Kek(_kek_id(found[0][1]), found[0][0]) if found else None


def _make(session: Session, version: int) -> Kek:
    if all(found != version for found, _ in _keks(session)):
        name: dict[str, Any] = {"label": f"qenex-kek-{version:05}", "id": os.urandom(_ID_BYTES)}
        session.raw.generate_key(KeyType.AES, 256, store=True, template=_NOTHING_BUT_GCM, **name)
    return Kek(_kek_id(min(id for found, id in _keks(session) if found == version)), version)


def _kek_id(id: bytes) -> str:
    return f"{Pkcs11Provider.name}:{id.hex()}"


def _kek(session: Session, kek_id: str) -> Any:
    id = bytes.fromhex(kek_id.partition(":")[2])
    return session.find(f"key {kek_id}", {Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.ID: id})


def _encrypt(key: Any, secret: bytes, aad: bytes) -> bytes:
    nonce = os.urandom(aead.NONCE_BYTES)
    sealed: bytes = key.encrypt(secret, mechanism=Mechanism.AES_GCM, mechanism_param=GCMParams(nonce, aad))
    return nonce + sealed


def _decrypt(key: Any, wrapped: bytes, aad: bytes) -> bytes:
    try:
        return _open(key, wrapped, aad)
    except (EncryptedDataInvalid, EncryptedDataLenRange):
        raise Tampered("a wrapped key was changed") from None
    except GeneralError:
        # SoftHSM says so of a wrong tag, others of a lost token: does the key open what it has just sealed?
        if _works(key):
            raise Tampered("a wrapped key was changed") from None
        raise


def _works(key: Any) -> bool:
    try:
        return _open(key, _encrypt(key, b"probe", b""), b"") == b"probe"
    except PKCS11Error:
        return False


def _open(key: Any, wrapped: bytes, aad: bytes) -> bytes:
    nonce, sealed = wrapped[: aead.NONCE_BYTES], wrapped[aead.NONCE_BYTES :]
    return bytes(key.decrypt(sealed, mechanism=Mechanism.AES_GCM, mechanism_param=GCMParams(nonce, aad)))


def _make_ed25519(session: Session, label: str) -> bytes:
    point = _pair(session, label, KeyType.EC_EDWARDS, EDWARDS25519, Mechanism.EC_EDWARDS_KEY_PAIR_GEN)
    return _der(ed25519.Ed25519PublicKey.from_public_bytes(point[-32:]))


def _make_p256(session: Session, label: str) -> bytes:
    point = _pair(session, label, KeyType.EC, encode_named_curve_parameters("secp256r1"), Mechanism.EC_KEY_PAIR_GEN)
    return _der(ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point[-65:]))


def _pair(session: Session, label: str, kind: KeyType, curve: bytes, mechanism: Mechanism) -> bytes:
    """Generates a pair and returns the public point, behind the DER header that most tokens put before it."""
    domain = session.raw.create_domain_parameters(kind, {Attribute.EC_PARAMS: curve}, local=True)
    public, _ = domain.generate_keypair(
        mechanism=mechanism, store=True, label=label, id=label.encode(), private_template=_NOTHING_BUT_SIGNING
    )
    return bytes(public[Attribute.EC_POINT])


def _der(public: ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey) -> bytes:
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _sign(session: Session, label: str, algorithm: str, data: bytes) -> bytes:
    key = session.find(f"signing key {label}", {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.LABEL: label})
    if algorithm == EDDSA:
        return bytes(key.sign(data, mechanism=Mechanism.EDDSA))
    return bytes(key.sign(hashlib.sha256(data).digest(), mechanism=Mechanism.ECDSA))
