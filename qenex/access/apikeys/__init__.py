"""Keys of programs: who has them, what they are for, and how they are made and ended."""

from qenex.access.apikeys.errors import AddressRefused, ApiKeyError, KeyInvalid, KeyRevoked, OneSecret, TwoSecrets
from qenex.access.apikeys.services import Secret, apikey_create, apikey_retire, apikey_revoke, apikey_rotate

__all__ = [
    "AddressRefused",
    "ApiKeyError",
    "KeyInvalid",
    "KeyRevoked",
    "OneSecret",
    "Secret",
    "TwoSecrets",
    "apikey_create",
    "apikey_retire",
    "apikey_revoke",
    "apikey_rotate",
]
