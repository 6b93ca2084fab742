"""Who keeps the key-encryption keys: files of this machine, or an HSM."""

import os
import threading
from collections.abc import Callable

from django.conf import settings

from qenex.vault.errors import ProviderUnavailable
from qenex.vault.providers.base import Kek, KeyProvider, MadeKey

__all__ = ["Kek", "KeyProvider", "MadeKey", "by_kek", "current", "forget"]

_made: dict[str, KeyProvider] = {}
_admitted: set[str] = set()
"""Providers beside the configured one, of which keys are unwrapped but under which none is wrapped."""
_lock = threading.RLock()


def current() -> KeyProvider:
    """The provider of the settings, made once a process."""
    return _provider(settings.KEY_PROVIDER)


def by_kek(kek_id: str) -> KeyProvider:
    """The provider that holds a key-encryption key. Raises ProviderUnavailable where it is not the configured one."""
    name = kek_id.partition(":")[0]
    if name not in (settings.KEY_PROVIDER, *_admitted):
        raise ProviderUnavailable(f"a key is wrapped by the {name} provider, and QENEX_KEY_PROVIDER is another one")
    return _provider(name)


def admit(name: str) -> None:
    """Lets this process unwrap with a second provider: for the move from one to another."""
    _admitted.add(name)


def forget() -> None:
    """Makes the providers anew at the next call, from the settings as they are then."""
    with _lock:
        for provider in _made.values():
            provider.close()
        _made.clear()
        _admitted.clear()


def _provider(name: str) -> KeyProvider:
    with _lock:
        if name not in _made:
            _made[name] = _MAKERS[name]()
        return _made[name]


def _file() -> KeyProvider:
    from qenex.vault.providers.file import FileProvider

    return FileProvider(settings.KEY_DIR)


def _pkcs11() -> KeyProvider:
    from qenex.vault.providers.pkcs11 import Pkcs11Provider

    return Pkcs11Provider(settings.PKCS11_MODULE, settings.PKCS11_TOKEN, settings.PKCS11_PIN)


_MAKERS: dict[str, Callable[[], KeyProvider]] = {"file": _file, "pkcs11": _pkcs11}


def _after_fork() -> None:
    """A child has neither the parent's threads, one of which may hold the lock, nor its sessions."""
    global _lock
    _lock = threading.RLock()
    _made.clear()


os.register_at_fork(after_in_child=_after_fork)
