"""Whether keys can be used: a part of /readyz."""

from qenex.kernel.health import Unready
from qenex.vault import keyring, providers
from qenex.vault.errors import VaultError
from qenex.vault.models import DataKey


def check_keys() -> None:
    """The provider answers, and unwraps the newest data key past every cache. Raises Unready with one line."""
    try:
        providers.current().check()
        newest = DataKey.objects.filter(shredded_at=None).order_by("-id").first()
        if newest is not None:
            keyring.unwrap(newest)
    except VaultError as problem:
        raise Unready(str(problem)) from None
