"""Opening a witness's directory."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from compliance.witness.cosigner import Cosigner
from compliance.witness.errors import WitnessError
from compliance.witness.keys import Key
from compliance.witness.logs import Logs


def opened(options: Mapping[str, Any]) -> Cosigner:
    """The witness of a directory, whose memory was looked at. Raises WitnessError."""
    folder: Path = options["dir"]
    path = folder / "key"
    key = Key.load(path) if path.exists() else _made(path, options)
    found = Cosigner(folder, key, Logs(folder / "logs", options.get("log", ())), options["beside"])
    found.logs.all()
    return found


def _made(path: Path, options: Mapping[str, Any]) -> Key:
    if "name" not in options:
        raise WitnessError(f"{path} is missing; a witness's name and memory are worth nothing without it")
    return Key.make(path, options["name"])
