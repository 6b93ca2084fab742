"""A dump of this process's database, to be searched for what must not lie in it in clear."""

import base64
import os
import subprocess

from django.conf import settings

from qenex.embedded.wheel import binary


def dump() -> bytes:
    """The whole database as `pg_dump` writes it: texts as they are, bytes in hexadecimal."""
    owner = settings.DATABASES["owner"]
    environment = os.environ | {
        "PGHOST": owner["HOST"],
        "PGPORT": owner["PORT"],
        "PGDATABASE": owner["NAME"],
        "PGUSER": owner["USER"],
        "PGPASSWORD": owner["PASSWORD"],
    }
    environment = {name: value for name, value in environment.items() if value}
    return subprocess.run([str(binary("pg_dump"))], env=environment, check=True, capture_output=True).stdout


def shows(dumped: bytes, secret: str | bytes) -> list[str]:
    """The forms in which a dump shows a secret: plain, hex, base64. Empty where it shows it in none."""
    raw = secret.encode() if isinstance(secret, str) else secret
    forms = {"plain": raw, "hex": raw.hex().encode(), "base64 in hex": _base64(raw).hex().encode()}
    found = [name for name, form in forms.items() if form in dumped]
    # Base64 of a text that does not begin at a multiple of three bytes looks different.
    return found + ["base64" for skipped in range(3) if _base64(raw[skipped:]) in dumped][:1]


def _base64(raw: bytes) -> bytes:
    return base64.b64encode(raw[: len(raw) // 3 * 3])
