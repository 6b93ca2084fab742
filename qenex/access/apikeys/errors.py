"""Why a key is not made, changed or accepted."""


class ApiKeyError(Exception):
    """The root of it; the message is one sentence without any secret."""


class KeyInvalid(ApiKeyError):
    """A key cannot be made of these terms."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        """The term that is wrong."""


class KeyRevoked(ApiKeyError):
    """The key is revoked for ever."""

    def __init__(self) -> None:
        super().__init__("The key is revoked.")


class TwoSecrets(ApiKeyError):
    """The key has two secrets that count already."""

    def __init__(self) -> None:
        super().__init__("The key has two secrets that count: retire the older one first.")


class OneSecret(ApiKeyError):
    """Without its only secret the key would be dead."""

    def __init__(self) -> None:
        super().__init__("The key has no second secret: revoke it, or make a new secret first.")


class OwnersOnly(ApiKeyError):
    """Somebody else than the owner wants a secret."""

    def __init__(self) -> None:
        super().__init__("Only its owner gets a secret of this key.")


class NothingWaits(ApiKeyError):
    """The secret was collected already, or nobody has asked for one."""

    def __init__(self) -> None:
        super().__init__("No secret of this key waits to be collected.")


class AddressRefused(ApiKeyError):
    """The signature is genuine, and the key is not to be used from there."""

    def __init__(self) -> None:
        super().__init__("The key does not work from this address.")
