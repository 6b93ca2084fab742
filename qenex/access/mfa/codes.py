"""Recovery codes as texts: 120 random bits in letters and digits that cannot be mistaken for one another. Pure.

With 112 bits or more, a plain hash of a code cannot be searched (NIST SP 800-63B, 5.1.2.2), so there is no key whose
loss would make the codes worthless.
"""

import hashlib
import secrets

COUNT = 8
LENGTH = 24
GROUP = 4
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: five bits a character, without I, L, O and U."""
_READ_AS = str.maketrans({"I": "1", "L": "1", "O": "0", "-": None, " ": None})


def generate() -> str:
    """A new code, in groups."""
    plain = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return "-".join(plain[start : start + GROUP] for start in range(0, LENGTH, GROUP))


def normal(text: str) -> str | None:
    """What was typed, as it was made; none where it cannot be a code."""
    plain = text.upper().translate(_READ_AS)
    return plain if len(plain) == LENGTH and set(plain) <= set(ALPHABET) else None


def hashed(code: str) -> str:
    """What the database knows of a code. Raises ValueError for what is no code."""
    plain = normal(code)
    if plain is None:
        raise ValueError("this is no recovery code")
    return hashlib.sha256(b"qenex recovery code\0" + plain.encode()).hexdigest()
