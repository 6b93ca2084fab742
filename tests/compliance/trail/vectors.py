"""The published vectors: a copy, and whole files where QENEX_SHARED_VECTORS or a directory beside us has them."""

import json
import os
from base64 import b64decode
from pathlib import Path
from typing import Any

from django.conf import settings

_COPY = Path(__file__).with_name("vectors.json")
_SHARED = Path(os.environ.get("QENEX_SHARED_VECTORS") or settings.BASE_DIR.parent / "shared" / "vectors")


def published(name: str) -> Any:
    """A set of the copy."""
    return json.loads(_COPY.read_text())[name]


def shared(file: str) -> Any:
    """A whole file, none where it is not at hand."""
    path = _SHARED / file
    return json.loads(path.read_text()) if path.exists() else None


def hashes(proof: list[str] | None) -> list[bytes] | None:
    """A proof as it is published."""
    return None if proof is None else [b64decode(each) for each in proof]
