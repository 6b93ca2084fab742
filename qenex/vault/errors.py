"""What can go wrong with a key or with what it seals."""


class VaultError(Exception):
    """The root of the vault's errors; the message is one line without any secret."""


class Tampered(VaultError):
    """Sealed bytes that were changed, cut, moved to another place, or sealed under another key."""


class Shredded(VaultError):
    """The subject's keys were destroyed for ever, and with them what they sealed."""


class ProviderUnavailable(VaultError):
    """The key provider cannot be used: a lost HSM, a wrong PIN, a missing or open key file. Nothing was sealed."""


class Unsealed(VaultError):
    """A plain value was about to be written to a sealed column past its row, where nobody could seal it."""


class RolloverPending(VaultError):
    """The purpose's next signing key is published already and has yet to take over."""
