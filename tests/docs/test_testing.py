"""The guide's test is a test."""

import runpy
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, blocks


@pytest.mark.usefixtures("database")
def test_the_example_of_a_test_passes(tmp_path: Path) -> None:
    [source] = blocks(ROOT / "docs" / "guide" / "testing.md", "python")
    (tmp_path / "example.py").write_text(source)
    example = runpy.run_path(str(tmp_path / "example.py"))
    assert example["test_a_payment_moves_what_it_says"](None) is None
