#!/usr/bin/env python3
"""A client that signs its requests (RFC 9421, hmac-sha256). Python 3.10 or newer and nothing else.

Set QENEX_KEY=qk_... and QENEX_SECRET=<64 hexadecimal digits>, then: signed_client.py METHOD URL [BODY]
"""

import base64
import hashlib
import hmac
import os
import secrets
import sys
import time
import urllib.error
import urllib.request


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def sign(key: str, secret: bytes, method: str, url: str, body: bytes, fields: dict[str, str]) -> dict[str, str]:
    """These fields and those that sign them, the method, body and URL; the URL as it is sent, byte for byte."""
    fields = dict(fields)
    if body:
        fields["Content-Digest"] = f"sha-256=:{_base64(hashlib.sha256(body).digest())}:"
    covered = [("@method", method), ("@target-uri", url)] + [(name.lower(), fields[name]) for name in fields]
    names = " ".join(f'"{name}"' for name, _ in covered)
    signed = f'({names});created={int(time.time())};nonce="{secrets.token_hex(16)}";keyid="{key}"'
    base = "".join(f'"{name}": {value}\n' for name, value in covered) + f'"@signature-params": {signed}'
    fields["Signature-Input"] = f"sig1={signed}"
    fields["Signature"] = f"sig1=:{_base64(hmac.digest(secret, base.encode(), 'sha256'))}:"
    return fields


def call(
    key: str, secret: bytes, method: str, url: str, body: bytes = b"", idempotency_key: str = ""
) -> tuple[int, bytes]:
    """Status and body of the answer. To repeat a request, call it again with the same idempotency_key."""
    fields = {"Content-Type": "application/json"} if body else {}
    if method == "POST":
        fields["Idempotency-Key"] = idempotency_key or secrets.token_hex(16)
    fields = sign(key, secret, method, url, body, fields)
    request = urllib.request.Request(url, body or None, fields, method=method)  # noqa: S310  # your own address
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  # see above
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


if __name__ == "__main__":
    way, address, *text = sys.argv[1:]
    who, hidden = os.environ["QENEX_KEY"], bytes.fromhex(os.environ["QENEX_SECRET"])
    status, content = call(who, hidden, way, address, "".join(text).encode())
    print(content.decode())
    sys.exit(status >= 400)
