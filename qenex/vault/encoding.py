"""Unambiguous bytes for what is authenticated beside a ciphertext."""


def parts(domain: str, *values: str | bytes | int) -> bytes:
    """The values, each behind its kind and its length, so that no two lists give the same bytes.

    `domain` names what the bytes are for; bytes of one domain are never those of another.
    """
    return b"".join(map(_part, (domain, *values)))


def _part(value: str | bytes | int) -> bytes:
    if isinstance(value, int):
        kind, raw = b"i", str(value).encode()
    elif isinstance(value, str):
        kind, raw = b"s", value.encode()
    else:
        kind, raw = b"b", value
    return kind + len(raw).to_bytes(4, "big") + raw
