"""The API keeps to its own description, whatever it is sent: what fits the description, and what does not."""

from functools import cache
from typing import Any

import pytest
import schemathesis
import yaml
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as bounded
from schemathesis import GenerationMode

from ledger import services
from qenex.access import approvals
from qenex.access.models import Approval, TokenFamily
from qenex.access.tokens import family_start
from tests.ledger.api.conftest import EVERYTHING, staff
from tests.support.approvals import by
from tests.support.ledger import Shop, give, hold, make_shop, one
from tests.support.marked import marked
from tests.support.tokens import bearer

EXAMPLES = 6
REFUSING = ["2xx", "304", "400", "404", "409", "412", "422"]
"""What fits the description may still be refused: it cannot say what accounts hold, or which fields go together."""


@cache
def application() -> Any:
    """Made by the first test: only by then are the static files where it looks for them."""
    return get_wsgi_application()


DOCUMENT: dict[str, Any] = yaml.safe_load((settings.BASE_DIR / "docs/api/openapi.yaml").read_text())
CONFIG = schemathesis.Config.from_dict(
    {
        "checks": {"positive_data_acceptance": {"expected-statuses": REFUSING}},
        "operations": [
            {
                "include-path-regex": "/auth/",
                "checks": {"positive_data_acceptance": {"expected-statuses": [*REFUSING, "401"]}},
            },
            {
                "include-path-regex": "/withdraw",
                "checks": {"positive_data_acceptance": {"expected-statuses": [*REFUSING, "403"]}},
            },
        ],
    }
)
"""Nor can it say whose passwords, tokens and requests there are."""
SCHEMA: Any = schemathesis.openapi.from_dict(DOCUMENT, config=CONFIG)
SCHEMA.app = lambda *request: application()(*request)
OPERATIONS = {operation.label: operation for operation in (each.ok() for each in SCHEMA.get_all_operations())}
World = dict[str, Any]


@pytest.fixture
def world(database: None) -> World:
    """Somebody's token, and the ids of things that are there, by the route that has them."""
    shop = make_shop(2, funds="1000000")
    payer, payee = shop.customers
    journal, _ = services.journal_post(book=shop.book, transfers=[give(payer, payee, 1)])
    trail = ("kernel.view_event", "compliance.view_checkpoint", "compliance.reveal_event")
    user = staff([*EVERYTHING, *trail, "access.view_approval", "access.check_approval"])
    return {
        "user": user,
        "book": shop.book.code,
        "books": shop.book.code,
        "approvals": str(_asked(shop).pk),
        "assets": shop.asset.code,
        "asset": shop.asset.code,
        "accounts": str(payer.pk),
        "debit_account": str(payer.pk),
        "credit_account": str(payee.pk),
        "journals": str(journal),
        "holds": str(one(shop.book, hold(payer, payee, 1)).id),
        "transfers": str(one(shop.book, give(payer, payee, 1)).id),
    }


def _asked(shop: Shop) -> Approval:
    """What somebody else waits for."""
    payload = {"book": str(shop.book.pk), "version": 1, "changes": {"name": "Another name"}}
    with by(staff(EVERYTHING)):
        return approvals.request(command="ledger.book.update", payload=payload, book=shop.book.pk)


FAULTLESS = {"GET /api/v1/auth/jwks"}
"""Nothing that is sent there can be wrong."""
CASES = [
    pytest.param(label, mode, id=f"{label}-{mode.value}")
    for label in OPERATIONS
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or label not in FAULTLESS
]


@pytest.mark.parametrize(("label", "mode"), CASES)
def test_the_api_does_what_it_says(world: World, label: str, mode: GenerationMode) -> None:
    @given(case=OPERATIONS[label].as_strategy(generation_mode=mode))
    @bounded(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def run(case: Any) -> None:
        case.call_and_validate(headers=_headers(world, label))
        if mode is GenerationMode.POSITIVE:
            _settle(case, world)
            case.call_and_validate(headers=_headers(world, label))

    run()


def _headers(world: World, label: str) -> dict[str, str]:
    """A token of the user; a new one where the last request may have ended it."""
    if "token" not in world or "/auth/" in label:
        world["token"] = bearer(world["user"])
        with marked():
            TokenFamily.objects.filter(user=world["user"]).update(method="password")
    return {"Authorization": f"Bearer {world['token']}"}


def _settle(case: Any, world: World) -> None:
    """Names what is there instead of what was made up."""
    for name in case.path_parameters or {}:
        kind = case.path.split("/")[3]
        case.path_parameters[name] = world.get(kind, case.path_parameters[name])
    if case.query and "book" in case.query:
        case.query["book"] = world["book"]
    if isinstance(case.body, dict) and "refresh" in case.body:
        case.body["refresh"] = family_start(user=world["user"], method="password").refresh
    if isinstance(case.body, dict):
        for each in (case.body, *case.body.get("transfers", ())):
            each.update({name: world[name] for name in each if name in world and isinstance(each[name], str)})
