"""The checklist of OWASP ASVS: complete, and every test that it names is there."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, links, table

PAGE = ROOT / "docs" / "security" / "asvs.md"
VERDICTS = ("met", "not met", "not applicable")
# How many requirements of level 1 and 2 each chapter of version 5.0.0 has.
CHAPTERS = {
    "1": 27,
    "2": 11,
    "3": 19,
    "4": 10,
    "5": 9,
    "6": 35,
    "7": 18,
    "8": 7,
    "9": 7,
    "10": 29,
    "11": 14,
    "12": 9,
    "13": 13,
    "14": 9,
    "15": 13,
    "16": 16,
    "17": 7,
}
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
_HEADING = re.compile(r"^## V.+$", re.MULTILINE)


@cache
def rows() -> list[list[str]]:
    """Every requirement: number, level, what it asks, verdict, evidence."""
    return [row for heading in _HEADING.findall(PAGE.read_text()) for row in table(PAGE, heading)]


@cache
def names_in(path: Path) -> frozenset[str]:
    """The names of a module's tests."""
    tree = ast.parse(path.read_text())
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_every_requirement_has_one_row_in_order() -> None:
    numbers = [tuple(map(int, row[0].split("."))) for row in rows()]
    assert numbers == sorted(set(numbers))
    assert Counter(row[0].partition(".")[0] for row in rows()) == CHAPTERS
    assert {row[1] for row in rows()} == {"1", "2"}


def test_the_sums_are_those_of_the_rows() -> None:
    written = {verdict: int(number) for verdict, number in table(PAGE, "## How it stands")}
    assert written == Counter(row[3] for row in rows())
    assert tuple(written) == VERDICTS


def test_every_test_that_is_named_exists() -> None:
    named = {found for row in rows() for found in _TEST.findall(row[4])}
    assert {f"{path}::{name}" for path, name in named if name not in names_in(ROOT / path)} == set()
    assert len(named) > 100


def test_what_is_met_names_a_test() -> None:
    """A page alone is enough where documentation is what is asked for."""
    pages = {"14.1.1", "14.1.2", "15.1.1"}
    assert [row[0] for row in rows() if row[3] == "met" and not _TEST.search(row[4]) and row[0] not in pages] == []


@pytest.mark.parametrize("verdict", ["not met", "not applicable"])
def test_what_is_not_has_a_reason(verdict: str) -> None:
    assert [row[0] for row in rows() if row[3] == verdict and len(row[4]) < 6] == []


def test_nothing_of_the_standard_s_text_is_copied() -> None:
    """Its licence asks for the same licence; a few words of our own are no copy."""
    assert max(len(row[2].split()) for row in rows()) <= 10


def test_both_pages_lead_to_one_another() -> None:
    assert "asvs.md" in links(ROOT / "docs" / "security" / "threat-model.md")
    assert "threat-model.md#ways-in" in links(PAGE)
