"""Whose signed requests are: the keys of the last second, the check of a signature, and the use of its nonce."""

from collections.abc import Callable
from dataclasses import replace

from ledger.api.hot.noncedesk import NonceDesk
from ledger.api.hot.principals import Found, Principal, principal
from ledger.api.hot.remembered import Remembered
from qenex.access import throttling
from qenex.access.apikeys import AddressRefused, callers, checking
from qenex.access.apikeys.callers import Caller
from qenex.access.apikeys.checking import Asked, Signed
from qenex.access.apikeys.nonces import Used
from qenex.access.models import KeyOwner
from qenex.access.signatures import SignatureError

Signer = tuple[Caller, Principal] | None


class _Unseen(Exception):
    """The check has to wait for a key."""

    def __init__(self, key_id: str) -> None:
        super().__init__(key_id)
        self.key_id = key_id


class Signers:
    """Those who sign their requests."""

    def __init__(self, find: Callable[[str], Signer] | None = None) -> None:
        self._keys: Remembered[str, Signer] = Remembered(find or _find)
        self._nonces = NonceDesk()

    async def of(self, asked: Asked) -> tuple[Found, Used | None]:
        """The owner of the key, narrowed to what it is for, and the nonce that was used for this very request.

        No owner where the request is not in order, and no nonce where none was used. Raises database errors.
        """
        try:
            signer, signed = await self.check(asked)
        except (SignatureError, AddressRefused):  # Django's own way says why
            return None, None
        if not await self._nonces.use(signed, asked.address):
            return None, None
        return signer, signed.used

    async def check(self, asked: Asked) -> tuple[Principal, Signed]:
        """Checks the signature with the key that it names, once that is known.

        Raises SignatureError and AddressRefused. The nonce is yet to be used.
        """
        signer: Signer = None

        def known(key_id: str | None) -> Caller | None:
            nonlocal signer
            seen, signer = self._keys.at_once(key_id or "")
            if not seen:
                raise _Unseen(key_id or "")
            return signer[0] if signer else None

        def looked_up(_: str | None) -> Caller | None:
            return signer[0] if signer else None

        try:
            signed = checking.check(asked, known)
        except _Unseen as unseen:
            signer = await self._keys.of(unseen.key_id)
            signed = checking.check(asked, looked_up)
        assert signer is not None  # nothing else is signed by anybody
        return signer[1], signed


def _find(key_id: str) -> Signer:
    caller = callers.find(key_id)
    owner = KeyOwner.objects.filter(pk=caller.owner, is_active=True).first() if caller else None
    if caller is None or owner is None:
        return None
    owner.granted = caller.scopes
    whole = principal(owner, callers.METHOD, throttling.principal_of(owner.pk, caller), caller.key_id)
    if caller.books is None:
        return caller, whole
    books = caller.books if whole.books is None else caller.books & whole.books
    return caller, replace(whole, books=books)
