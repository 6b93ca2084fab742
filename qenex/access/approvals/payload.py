"""The bytes that are approved: stored as they are hashed, hashed as they are stored."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from qenex.kernel import canonical

DOMAIN = b"qenex:approval:v1\n"
"""Keeps the hash of an approval from ever being the hash of anything else."""


def encode(payload: Mapping[str, Any]) -> bytes:
    """The canonical bytes of a payload. Raises TypeError for what has no canonical form."""
    return canonical.encode(dict(payload))


def decode(stored: bytes | memoryview) -> dict[str, Any]:
    """The payload that was stored."""
    payload: dict[str, Any] = json.loads(bytes(stored))
    return payload


def digest(command: str, stored: bytes) -> bytes:
    """SHA-256 over the domain, the command's name, a line feed and the stored bytes; the database checks the same."""
    return hashlib.sha256(DOMAIN + command.encode() + b"\n" + bytes(stored)).digest()
