"""A connection to a PKCS#11 token that survives forks and a lost session.

python-pkcs11 initialises the library without asking it to be safe for threads (C_Initialize with no arguments), and
lets go of Python's lock while it calls it. So one thread at a time uses a process's libraries, and a session is never
in two threads at once; what needs more at a time runs in more processes.
"""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import pkcs11
from pkcs11 import Attribute
from pkcs11.exceptions import (
    MultipleTokensReturned,
    NoSuchToken,
    PinExpired,
    PinIncorrect,
    PinInvalid,
    PinLenRange,
    PinLocked,
    PKCS11Error,
    UserAlreadyLoggedIn,
)

from qenex.vault.errors import ProviderUnavailable, VaultError

T = TypeVar("T")
PIN_REFUSED = (PinIncorrect, PinInvalid, PinLenRange, PinLocked, PinExpired)

_turn = threading.RLock()
"""Held by the thread that calls a library."""
_owners: dict[str, int] = {}
"""The process that initialised each library."""
_parents: list[Any] = []
"""Libraries as the parent process had them: they must not be finalised by the garbage collector of a child."""


class Session:
    """An open session of one token, and the objects that were found through it."""

    def __init__(self, raw: Any) -> None:
        self.raw = raw
        """pkcs11.Session, whose own type lacks what only some tokens do."""
        self._found: dict[str, Any] = {}

    def find(self, name: str, template: dict[Attribute, Any]) -> Any:
        """The object of the template, looked for once. Raises ProviderUnavailable where there is none."""
        if name not in self._found:
            objects = list(self.raw.get_objects(template))  # to its end: a search left open blocks the session
            if not objects:
                raise ProviderUnavailable(f"the {name} is not in the HSM; is it the right token?")
            self._found[name] = objects[0]
        return self._found[name]


class Hsm:
    """One token, opened and logged in to when it is first needed."""

    def __init__(self, module: str, token: str, pin: str) -> None:
        self._module, self._label, self._pin = module, token, pin
        self._session: Session | None = None
        self._process = os.getpid()
        self._refused: str | None = None

    def run(self, action: Callable[[Session], T]) -> T:
        """What the action returns. With a session that is lost it is run once more with a new one.

        Raises ProviderUnavailable with one line where that fails too, and what the action raises of the vault's own.
        """
        with _turn:
            if self._process != os.getpid():
                self._process, self._session = os.getpid(), None
            if self._session is not None:
                try:
                    return action(self._session)
                except PKCS11Error:
                    self.close()
                    self._restart()
            self._session = self._open()
            try:
                return action(self._session)
            except PKCS11Error as error:
                self.close()
                raise ProviderUnavailable(f"the HSM failed: {_name(error)}") from None

    def close(self) -> None:
        """Ends the session, and with it the login."""
        with _turn:
            session, self._session = self._session, None
            if session is not None and self._process == os.getpid():
                with suppress(PKCS11Error):
                    session.raw.close()

    def _open(self) -> Session:
        if self._refused is not None:
            raise ProviderUnavailable(self._refused)
        try:
            return Session(_login(_library(self._module).get_token(token_label=self._label), self._pin))
        except PIN_REFUSED as error:
            # Tokens lock after a few wrong PINs: this process asks once, however often it is asked whether it is ready.
            self._refused = (
                f"the HSM refuses the PIN of the token {self._label!r} ({_name(error)}); mend it and restart"
            )
            raise ProviderUnavailable(self._refused) from None
        except NoSuchToken:
            raise ProviderUnavailable(f"the HSM has no token {self._label!r}") from None
        except MultipleTokensReturned:
            raise ProviderUnavailable(f"the HSM has several tokens {self._label!r}") from None
        except VaultError:
            raise
        except PKCS11Error as error:
            raise ProviderUnavailable(f"the HSM cannot be opened: {_name(error)}") from None

    def _restart(self) -> None:
        """Has the library look for its tokens anew; nobody else in this process is using it now."""
        with suppress(PKCS11Error):
            _library(self._module).reinitialize()


def _login(token: Any, pin: str) -> Any:
    try:
        return token.open(rw=True, user_pin=pin)
    except UserAlreadyLoggedIn:
        return token.open(rw=True)


def _library(module: str) -> Any:
    """The library, initialised in this very process."""
    here = os.getpid()
    if _owners.get(module, here) != here:
        _adopt(module)
    try:
        library = pkcs11.lib(module)
    except PKCS11Error as error:
        raise ProviderUnavailable(f"the PKCS#11 module {module} cannot be loaded: {_name(error)}") from None
    _owners[module] = here
    return library


def _adopt(module: str) -> None:
    """After a fork the library has to be initialised again (PKCS #11, 5.4), without ending the parent's session."""
    parents = pkcs11._loaded.pop(module, None)
    if parents is None:
        return
    _parents.append(parents)
    try:
        pkcs11.lib(module)
    except PKCS11Error:  # a library that does not notice forks says that it is initialised already
        pkcs11._loaded[module] = parents
        with suppress(PKCS11Error):
            parents.reinitialize()


def _name(error: PKCS11Error) -> str:
    text = str(error).strip()
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _after_fork() -> None:
    """The parent's thread that may have had its turn is not in the child."""
    global _turn
    _turn = threading.RLock()


os.register_at_fork(after_in_child=_after_fork)
