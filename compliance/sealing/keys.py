"""The log's key: Ed25519 from the vault, under the log's name."""

from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

from compliance.sealing.errors import Reason, Refused
from compliance.trail import note
from qenex.vault import signing
from qenex.vault.providers.base import EDDSA

PURPOSE = "checkpoints"
SIGNED_AT = "signed-at"


def ready() -> signing.Signer:
    """The key that signs now; made where there was none. Raises Refused where it is no Ed25519 key."""
    signer = signing.signer(PURPOSE)
    if signer.algorithm != EDDSA:
        raise Refused(
            Reason.KEY_UNFIT, f"checkpoints are signed with Ed25519, and the vault's key is {signer.algorithm}"
        )
    return signer


def sign(text: str) -> tuple[str, str]:
    """The note of a checkpoint's text, and the id of the key. Raises Refused and ProviderUnavailable."""
    signer = ready()
    public = next(raw for kid, raw in _published() if kid == signer.kid)
    line = note.signature_line(settings.TRAIL_ORIGIN, public, signer.sign(text.encode()))
    return note.encode(text, [line]), signer.kid


def vkeys() -> list[str]:
    """The keys that checkpoints may be signed with, as verifiers take them (C2SP signed-note); newest first."""
    return [note.vkey(settings.TRAIL_ORIGIN, raw) for _, raw in _published()]


def by_kid() -> dict[str, str]:
    """The same keys by the vault's names of them."""
    return {kid: note.vkey(settings.TRAIL_ORIGIN, raw) for kid, raw in _published()}


def extensions(signed_at: datetime) -> tuple[str, ...]:
    """What a checkpoint says beside the tree: when it was signed, so that nobody can change that alone."""
    return (f"{SIGNED_AT} {signed_at.astimezone(UTC).isoformat(timespec='microseconds').replace('+00:00', 'Z')}",)


def _published() -> list[tuple[str, bytes]]:
    keys = ((key.kid, key.public) for key in signing.public_keys(PURPOSE))
    return [
        (kid, public.public_bytes(Encoding.Raw, PublicFormat.Raw))
        for kid, public in keys
        if isinstance(public, Ed25519PublicKey)
    ]
