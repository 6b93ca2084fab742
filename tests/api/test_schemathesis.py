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
from tests.ledger.api.conftest import EVERYTHING, Api, staff
from tests.support.ledger import give, hold, make_shop, one

EXAMPLES = 6
REFUSING = ["2xx", "304", "400", "404", "409", "412", "422"]
"""What fits the description may still be refused: it cannot say what accounts hold, or which fields go together."""


@cache
def application() -> Any:
    """Made by the first test: only by then are the static files where it looks for them."""
    return get_wsgi_application()


DOCUMENT: dict[str, Any] = yaml.safe_load((settings.BASE_DIR / "docs/api/openapi.yaml").read_text())
CONFIG = schemathesis.Config.from_dict({"checks": {"positive_data_acceptance": {"expected-statuses": REFUSING}}})
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
    return {
        "token": Api(staff([*EVERYTHING, "kernel.view_event"])).token,
        "book": shop.book.code,
        "books": shop.book.code,
        "assets": shop.asset.code,
        "asset": shop.asset.code,
        "accounts": str(payer.pk),
        "debit_account": str(payer.pk),
        "credit_account": str(payee.pk),
        "journals": str(journal),
        "holds": str(one(shop.book, hold(payer, payee, 1)).id),
        "transfers": str(one(shop.book, give(payer, payee, 1)).id),
    }


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("label", OPERATIONS)
def test_the_api_does_what_it_says(world: World, label: str, mode: GenerationMode) -> None:
    headers = {"Authorization": f"Bearer {world['token']}"}

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
        case.call_and_validate(headers=headers)
        if mode is GenerationMode.POSITIVE:
            _settle(case, world)
            case.call_and_validate(headers=headers)

    run()


def _settle(case: Any, world: World) -> None:
    """Names what is there instead of what was made up."""
    for name in case.path_parameters or {}:
        kind = case.path.split("/")[3]
        case.path_parameters[name] = world.get(kind, case.path_parameters[name])
    if case.query and "book" in case.query:
        case.query["book"] = world["book"]
    if isinstance(case.body, dict):
        for each in (case.body, *case.body.get("transfers", ())):
            each.update({name: world[name] for name in each if name in world and isinstance(each[name], str)})
