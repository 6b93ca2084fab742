"""System checks of the keys."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error

from qenex.vault.errors import VaultError
from qenex.vault.providers.file import FileProvider

LONGEST_CACHE, MOST_CACHED = 3_600, 1_000_000


def check_provider(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E030 to E032: keys are where strangers cannot reach them."""
    if settings.KEY_PROVIDER == "file":
        return _check_files()
    missing = [name for name in ("MODULE", "TOKEN", "PIN") if not getattr(settings, f"PKCS11_{name}")]
    return [
        Error(f"The HSM needs QENEX_PKCS11_{name}.", hint="Set it in the environment.", id="qenex.E032")
        for name in missing
    ]


def check_cache(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E033: unwrapped keys stay for a bounded time, for a shredded one opens nothing after it, and up to a count."""
    found = [
        (not 0 <= settings.KEY_CACHE_SECONDS <= LONGEST_CACHE, f"KEY_CACHE_SECONDS must be 0 to {LONGEST_CACHE}"),
        (not 1 <= settings.KEY_CACHE_COUNT <= MOST_CACHED, f"KEY_CACHE_COUNT must be 1 to {MOST_CACHED}"),
    ]
    hint = "Shredded data stays readable, and keys stay in memory, for as long as they are at hand."
    return [Error(f"QENEX_{text}.", hint=hint, id="qenex.E033") for bad, text in found if bad]


def _check_files() -> list[CheckMessage]:
    if settings.PROFILE == "production":
        hint = "Set QENEX_KEY_PROVIDER=pkcs11 and the QENEX_PKCS11_* settings."
        return [Error("Key files beside the data protect nothing in production.", hint=hint, id="qenex.E030")]
    try:
        FileProvider(settings.KEY_DIR).check()
    except VaultError as error:
        return [Error(f"{error}.", hint="Keys are for their owner alone.", id="qenex.E031")]
    return []
