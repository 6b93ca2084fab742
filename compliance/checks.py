"""System checks of the witnesses."""

from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error

from compliance.sealing.cosigning.witnesses import Entry, EntryInvalid, parse


def check_witnesses(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E050 to E053: as many witnesses as are asked for, each another one, and reached so that nobody listens."""
    try:
        entries = parse(settings.WITNESSES)
    except EntryInvalid as problem:
        return [_error("E050", f"QENEX_WITNESSES: {problem}.", "Write VKEY=URL, with commas between.")]
    return [*_quorum(entries), *_twice(entries), *_in_clear(entries)]


def _quorum(entries: Sequence[Entry]) -> Iterator[Error]:
    if not 0 <= settings.WITNESS_QUORUM <= len(entries) or settings.WITNESS_SECONDS <= 0:
        text = (
            f"{settings.WITNESS_QUORUM} of {len(entries)} witnesses can never cosign in {settings.WITNESS_SECONDS} s."
        )
        yield _error("E051", text, "Name more in QENEX_WITNESSES, or lower QENEX_WITNESS_QUORUM.")


def _twice(entries: Sequence[Entry]) -> Iterator[Error]:
    names, keys = {entry.name for entry in entries}, {entry.key.public for entry in entries}
    if min(len(names), len(keys)) < len(entries):
        yield _error("E052", "A witness is named twice.", "One that counts as two is no quorum: name each once.")


def _in_clear(entries: Sequence[Entry]) -> Iterator[Error]:
    for entry in entries:
        parts = urlsplit(entry.url)
        if settings.PROFILE == "production" and parts.scheme == "http" and not _here(parts.hostname or ""):
            text = f"The witness {entry.name} is asked over a network in clear."
            yield _error("E053", text, "Reach it by https.")


def _here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _error(number: str, text: str, hint: str) -> Error:
    return Error(text, hint=hint, id=f"qenex.{number}")
