"""Structured logs."""

import logging
from typing import Any


def configure(config: dict[str, Any]) -> None:
    """Sets the root logger up."""
    logging.basicConfig(level=config["level"])
