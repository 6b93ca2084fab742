"""Keys of programs: who has them, what they are for, and how they are made and ended."""

from qenex.access.apikeys.errors import (
    AddressRefused,
    ApiKeyError,
    KeyInvalid,
    KeyRevoked,
    NothingWaits,
    OneSecret,
    OwnersOnly,
    TwoSecrets,
)
from qenex.access.apikeys.services import (
    Secret,
    apikey_ask,
    apikey_collect,
    apikey_create,
    apikey_prepare,
    apikey_retire,
    apikey_revoke,
    apikey_rotate,
)

__all__ = [
    "AddressRefused",
    "ApiKeyError",
    "KeyInvalid",
    "KeyRevoked",
    "NothingWaits",
    "OneSecret",
    "OwnersOnly",
    "Secret",
    "TwoSecrets",
    "apikey_ask",
    "apikey_collect",
    "apikey_create",
    "apikey_prepare",
    "apikey_retire",
    "apikey_revoke",
    "apikey_rotate",
]
