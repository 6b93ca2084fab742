"""Who may call which route: nobody without a token, and nobody without just its permission."""

from uuid import UUID

import pytest
from django.test import Client

from tests.ledger.api.conftest import EVERYTHING, Api, staff

ID = str(UUID(int=7))
ROUTES = {
    ("GET", "books"): "ledger.view_book",
    ("POST", "books"): "ledger.add_book",
    ("GET", f"books/{ID}"): "ledger.view_book",
    ("PATCH", f"books/{ID}"): "ledger.change_book",
    ("GET", "assets"): "ledger.view_asset",
    ("POST", "assets"): "ledger.add_asset",
    ("GET", f"assets/{ID}"): "ledger.view_asset",
    ("GET", "accounts"): "ledger.view_account",
    ("POST", "accounts"): "ledger.add_account",
    ("GET", f"accounts/{ID}"): "ledger.view_account",
    ("PATCH", f"accounts/{ID}"): "ledger.change_account",
    ("GET", f"accounts/{ID}/balance"): "ledger.view_account",
    ("GET", f"accounts/{ID}/transfers"): "ledger.view_transfer",
    ("GET", "transfers"): "ledger.view_transfer",
    ("POST", "transfers"): "ledger.post_transfer",
    ("POST", "transfers/batch"): "ledger.post_transfer",
    ("GET", f"transfers/{ID}"): "ledger.view_transfer",
    ("GET", "journals"): "ledger.view_journal",
    ("POST", "journals"): "ledger.post_journal",
    ("GET", f"journals/{ID}"): "ledger.view_journal",
    ("POST", f"journals/{ID}/reverse"): "ledger.reverse_journal",
    ("POST", "exchanges"): "ledger.post_exchange",
    ("GET", "holds"): "ledger.view_hold",
    ("GET", f"holds/{ID}"): "ledger.view_hold",
    ("POST", f"holds/{ID}/post"): "ledger.resolve_hold",
    ("POST", f"holds/{ID}/void"): "ledger.resolve_hold",
    ("GET", "limits"): "ledger.view_rolelimit",
    ("POST", "limits"): "ledger.add_rolelimit",
    ("GET", f"limits/{ID}"): "ledger.view_rolelimit",
    ("DELETE", f"limits/{ID}"): "ledger.delete_rolelimit",
    ("GET", "reports/trial-balance"): "ledger.view_account",
}


@pytest.mark.parametrize(("route", "permission"), ROUTES.items(), ids=lambda value: " ".join(value))
def test_each_route_needs_its_permission(database: None, route: tuple[str, str], permission: str) -> None:
    method, path = route
    nobody = Client().generic(method, f"/api/v1/{path}", "{}", "application/json")
    assert (nobody.status_code, nobody.json()["code"]) == (401, "not_authenticated")
    everything_else = Api(staff(each for each in EVERYTHING if each != permission))
    refused = everything_else.send(method, path, "{}")
    assert (refused.status, refused.code) == (403, "permission_denied")
    assert Api(staff([permission])).send(method, path, "{}").status not in (401, 403)
