"""Passwords that are known to attackers, looked up without telling anybody.

Django's list of 20,000 common ones comes along. A site may add a file of hashes in the format in which Have I Been
Pwned offers its downloads: one upper-case SHA-1 in hexadecimal a line, sorted, perhaps followed by `:count`. The file
is searched by halving; a look-up in 40 GB reads some forty blocks.
"""

import hashlib
import mmap
from pathlib import Path

_HEX = 40


def contains(path: Path, password: str) -> bool:
    """Whether the file lists the password. Raises OSError where it cannot be read, ValueError where it is empty."""
    wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as lines:
        low, high = 0, len(lines)  # both are where a line begins
        while low < high:
            middle = lines.rfind(b"\n", low, (low + high) // 2) + 1 or low
            middle = max(middle, low)
            found = lines[middle : middle + _HEX].upper()
            if found == wanted:
                return True
            if found < wanted:
                end = lines.find(b"\n", middle, high)
                low = high if end < 0 else end + 1
            else:
                high = middle
        return False
