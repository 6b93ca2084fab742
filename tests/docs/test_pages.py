"""What the pages point to is there."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from tests.docs.pages import ROOT, anchors, code, links, name, pages

_OUTSIDE = re.compile(r"[a-z]+:")
_MAKE = re.compile(r"^(?:\$ )?(?:[A-Z_]+=\S+ )*make ([a-z][a-z-]*)", re.MULTILINE)
_MANAGE = re.compile(r"manage\.py ([a-z_]+)")
_TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)


@pytest.mark.parametrize("page", pages(), ids=name)
def test_every_link_within_the_project_leads_somewhere(page: Path) -> None:
    broken = [link for link in links(page) if not _OUTSIDE.match(link) and not _resolves(page, link)]
    assert broken == []


def _resolves(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists() or not target.is_relative_to(ROOT):
        return False
    return not anchor or (target.suffix == ".md" and anchor in anchors(target))


@pytest.mark.parametrize("page", pages(), ids=name)
def test_every_make_target_and_command_that_is_named_exists(page: Path) -> None:
    targets, commands = set(_TARGET.findall((ROOT / "Makefile").read_text())), set(get_commands())
    texts = code(page)
    assert {target for text in texts for target in _MAKE.findall(text)} - targets == set()
    assert {command for text in texts for command in _MANAGE.findall(text)} - commands == set()


def test_every_page_is_reached_from_the_index() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / link.partition("#")[0]).resolve() for link in links(index)}
    within = {page for page in pages() if page.is_relative_to(ROOT / "docs")} - {index}
    assert {name(page) for page in within - linked} == set()


def test_decisions_are_numbered_without_gaps_in_two_paragraphs() -> None:
    decisions = sorted((ROOT / "docs" / "adr").glob("*.md"))
    assert [page.name[:4] for page in decisions] == [f"{number:04d}" for number in range(1, len(decisions) + 1)]
    paragraphs = {page.name: len(page.read_text().strip().split("\n\n")) - 1 for page in decisions}
    assert {name: count for name, count in paragraphs.items() if count != 2} == {}
