from qenex.vault.models.data_key import DataKey
from qenex.vault.models.rotation import Rotation
from qenex.vault.models.signing_key import SigningKey

__all__ = ["DataKey", "Rotation", "SigningKey"]
