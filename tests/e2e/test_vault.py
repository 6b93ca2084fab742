"""The vault's pages can be read by everybody."""

from qenex.vault import keyring, signing
from qenex.vault.models import SigningKey
from tests.e2e.conftest import Visit
from tests.e2e.reading import unreadable


def test_pages_of_the_vault_can_be_read_by_everybody_and_break_no_policy(visit: Visit) -> None:
    keyring.live("notes")
    signing.signer("tokens")
    row = SigningKey.objects.filter(purpose="tokens")[0]
    for path in ("/admin/vault/signingkey/", f"/admin/vault/signingkey/{row.pk}/change/"):
        visit.go(path)
        assert unreadable(visit.page) == {}, path
    assert visit.complaints == []
