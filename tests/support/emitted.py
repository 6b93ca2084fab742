"""Which types of events the code can emit, in which version: read from the code itself.

An argument is followed through constants, conditions and the calls of the function that passes it on. What cannot be
followed stands for anything.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
APPS = ("qenex", "ledger", "compliance")
ANYTHING = "*"
_CALLS = ("emit", "draft")


class Emitted(NamedTuple):
    """A type, perhaps with `*` in it, and the version that is written down where it is emitted."""

    type: str
    version: int
    where: str


@dataclass(frozen=True)
class _Module:
    name: str
    tree: ast.Module


@dataclass(frozen=True)
class _Place:
    """A call, with the functions around it."""

    module: _Module
    call: ast.Call
    functions: tuple[ast.FunctionDef, ...]


def emitted() -> list[Emitted]:
    """All that the code emits."""
    found = set()
    for place in _places():
        function = place.call.func
        if not isinstance(function, ast.Attribute) or function.attr not in _CALLS or not place.call.args:
            continue
        if isinstance(function.value, ast.Name) and function.value.id == "events":
            versions = [each.value for each in place.call.keywords if each.arg == "version"]
            version = _values(versions[0], place) if versions else {"1"}
            types = _values(place.call.args[0], place)
            found |= {Emitted(type, _version(version), place.module.name) for type in types}
    return sorted(found)


def _version(found: set[str]) -> int:
    """One that is written down, or 0 where it is passed on from elsewhere."""
    return int(next(iter(found))) if len(found) == 1 and found != {ANYTHING} else 0


def _values(node: ast.expr, place: _Place) -> set[str]:
    if isinstance(node, ast.Constant):
        return {str(node.value)}
    if isinstance(node, ast.IfExp):
        return _values(node.body, place) | _values(node.orelse, place)
    if isinstance(node, ast.JoinedStr):
        parts = [_values(each, place) for each in node.values]
        return {"".join(each) for each in product(*parts)}
    if isinstance(node, ast.FormattedValue):
        return _values(node.value, place)
    if isinstance(node, ast.Name):
        return _named(node.id, place)
    return {ANYTHING}


def _named(name: str, place: _Place) -> set[str]:
    for function in reversed(place.functions):
        arguments = [each.arg for each in function.args.args]
        if name in arguments:
            return _passed(function, arguments.index(name), place.module) or {ANYTHING}
    value: Any = getattr(import_module(place.module.name), name, None)
    return {value} if isinstance(value, str) else {ANYTHING}


def _passed(function: ast.FunctionDef, index: int, module: _Module) -> set[str]:
    """What callers pass for a parameter."""
    found: set[str] = set()
    for place in _places():
        called = place.call.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        same = place.module == module and isinstance(called, ast.Name)
        if name != function.name or len(place.call.args) <= index or not (same or _meant(place, called, module)):
            continue
        found |= _values(place.call.args[index], place)
    return found


def _meant(place: _Place, called: ast.expr, module: _Module) -> bool:
    """Whether a call in another module is one of a function of this module."""
    here = import_module(place.module.name)
    if isinstance(called, ast.Name):
        return getattr(getattr(here, called.id, None), "__module__", "") == module.name
    owner = called.value if isinstance(called, ast.Attribute) else None
    return isinstance(owner, ast.Name) and getattr(getattr(here, owner.id, None), "__name__", "") == module.name


@cache
def _places() -> list[_Place]:
    return [place for module in _modules() for place in _calls(module, module.tree, ())]


def _calls(module: _Module, node: ast.AST, functions: tuple[ast.FunctionDef, ...]) -> Iterator[_Place]:
    if isinstance(node, ast.Call):
        yield _Place(module, node, functions)
    inner = (*functions, node) if isinstance(node, ast.FunctionDef) else functions
    for child in ast.iter_child_nodes(node):
        yield from _calls(module, child, inner)


def _modules() -> list[_Module]:
    found = []
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            text = path.read_text()
            if "migrations" in path.parts or not any(word in text for word in ("emit", "events", "tell")):
                continue
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            found.append(_Module(name, ast.parse(text)))
    return found
