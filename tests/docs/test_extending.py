"""The guide's gate does what the guide says."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import override_settings

from tests.docs.pages import ROOT, blocks
from tests.support.ledger import give, make_shop, outcomes, post

PAGE = ROOT / "docs" / "guide" / "extending.md"


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The page's gate as a module, named in the settings beside the ledger's own."""
    (tmp_path / "gate_of_the_guide.py").write_text(blocks(PAGE, "python")[0])
    monkeypatch.syspath_prepend(tmp_path)
    with override_settings(LEDGER_GATES=["ledger.gates.Limits", "gate_of_the_guide.CashIsExplained"]):
        yield


@pytest.mark.usefixtures("database", "example")
def test_the_gate_refuses_holds_and_allows() -> None:
    shop = make_shop(2)
    customer, _ = shop.pair
    results = post(
        shop.book,
        give(shop.cash, customer, 1, code=40),
        give(shop.cash, customer, 1, code=40, reference="till 3"),
        give(shop.cash, customer, 1, code=40, reference="till 3", metadata={"receipt": "17"}),
        give(shop.cash, customer, 1),
    )
    assert outcomes(results) == ["gate_refused", "held", "posted", "posted"]
    assert results[0].detail == "cash needs a reference"
