"""A dump of this process's database, to be searched for what must not lie in it in clear."""

import base64
import os
import subprocess
from collections.abc import Iterator

from django.conf import settings
from django.contrib.sessions.models import Session

from qenex.embedded.wheel import binary

FORMATS = ("plain", "custom")
SHORTEST = 8
"""Fewer bytes than these are found by chance."""


def dump(format: str = "plain") -> bytes:
    """The whole database as `pg_dump` writes it, uncompressed: texts as they are, bytes in hexadecimal.

    What Django has compressed stands behind it, as it was before.
    """
    owner = settings.DATABASES["owner"]
    environment = os.environ | {
        "PGHOST": owner["HOST"],
        "PGPORT": owner["PORT"],
        "PGDATABASE": owner["NAME"],
        "PGUSER": owner["USER"],
        "PGPASSWORD": owner["PASSWORD"],
    }
    environment = {name: value for name, value in environment.items() if value}
    command = [str(binary("pg_dump")), f"--format={format}", "--compress=0"]
    dumped = subprocess.run(command, env=environment, check=True, capture_output=True).stdout
    sessions = (str(session.get_decoded()).encode() for session in Session.objects.all())
    return b"\n".join([dumped, *sessions])


def shows(dumped: bytes, secret: str | bytes) -> list[str]:
    """The forms in which a dump shows a secret, empty where it shows it in none.

    They are the bytes themselves, in hexadecimal, base 32 and both alphabets of base 64, wherever the encoded text
    begins; and each of them once more in hexadecimal, for texts in columns of bytes. Letters of either case count.
    """
    raw = secret.encode() if isinstance(secret, str) else secret
    if len(raw) < SHORTEST:
        raise ValueError(f"{len(raw)} bytes would be found by chance")
    lower = dumped.lower()
    found = []
    for name, form in _forms(raw):
        folded = "base64" not in name and name != "plain"
        if (form.lower() in lower if folded else form in dumped) and name not in found:
            found.append(name)
        if form.hex().encode() in lower and f"{name} in hex" not in found and name != "plain":
            found.append(f"{name} in hex")
    return found


def _forms(raw: bytes) -> Iterator[tuple[str, bytes]]:
    yield "plain", raw
    yield "hex", raw.hex().encode()
    for skipped in range(5):
        part = raw[skipped:]
        yield "base32", base64.b32encode(part[: len(part) // 5 * 5])
    for skipped in range(3):
        part = raw[skipped:]
        whole = part[: len(part) // 3 * 3]
        yield "base64", base64.b64encode(whole)
        yield "urlsafe base64", base64.urlsafe_b64encode(whole)
