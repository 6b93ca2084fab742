"""The page of what is recorded lists every type of event that the code writes, and no other."""

import ast
import re
from collections.abc import Iterator
from functools import cache

from tests.docs.pages import ROOT, table

PAGE = ROOT / "docs" / "guide" / "audit.md"
APPS = ("access", "kernel", "ledger", "vault", "compliance")
_TYPE = re.compile(rf"(?:{'|'.join(APPS)})(?:\.[a-z_]+){{2}}")
WRITERS = frozenset({"emit", "draft", "observed", "_done", "Read"})
"""What is given an event's type."""


@cache
def _trees() -> list[tuple[str, ast.Module]]:
    paths = (path for root in ("qenex", "ledger", "compliance") for path in sorted((ROOT / root).rglob("*.py")))
    return [(text, ast.parse(text)) for path in paths if "migrations" not in path.parts for text in [path.read_text()]]


def _written() -> Iterator[str]:
    """The types as the code has them; where a part is only known when it runs, `*` stands for it."""
    for _, tree in _trees():
        known = {
            target.id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _name(node.func) in WRITERS:
                for argument in node.args:
                    yield from _texts(known.get(argument.id, argument) if isinstance(argument, ast.Name) else argument)
    for text, _ in _trees():
        yield from re.findall(r'^[A-Z]+ = "((?:kernel|ledger)\.\w+\.(?:exported|refused|posted))"$', text, re.MULTILINE)


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(each.value) if isinstance(each, ast.Constant) else "*" for each in node.values)
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)


def test_every_type_of_event_is_in_the_table_and_no_other() -> None:
    listed = [row[0].strip("`") for row in table(PAGE, "## Types of events")]
    assert listed == sorted(set(listed))
    written = set(_written())
    whole = {each for each in written if _TYPE.fullmatch(each)}
    assert len(whole) > 30
    assert whole - set(listed) == set()
    families = [each for each in written if "*" in each and each.startswith(APPS)]
    patterns = [re.compile(re.escape(each).replace(r"\*", r"([a-z_.]+)")) for each in families]
    texts = "\n".join(text for text, _ in _trees())
    for type_ in set(listed) - whole:
        found = [match for pattern in patterns if (match := pattern.fullmatch(type_))]
        assert any(f'"{match[1]}"' in texts for match in found), type_
    assert [
        each for each, pattern in zip(families, patterns, strict=True) if not any(map(pattern.fullmatch, listed))
    ] == []
