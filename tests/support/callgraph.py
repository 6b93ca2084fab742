"""Which functions of ours call which, read from their source: enough to see which transactions have an event."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).parents[2]
ROOTS = ("qenex/access", "qenex/kernel", "qenex/vault", "ledger", "compliance")
EVENTS = frozenset({"qenex.kernel.events.emit", "qenex.kernel.events.write"})
RUN = "qenex.kernel.transactions.run"


class CallGraph:
    """The functions and methods of every app, by their full names; names are followed through imports."""

    def __init__(self) -> None:
        self._trees = dict(_modules())
        self._imports = {module: dict(_imported(tree)) for module, tree in self._trees.items()}
        self._functions = {f"{module}.{node.name}": node for module, node in self._definitions()}
        self._calls = {name: set(self._called(name)) for name in self._functions}

    def reaching(self, targets: frozenset[str]) -> set[str]:
        """The functions from which one of the targets may be reached."""
        callers: dict[str, set[str]] = defaultdict(set)
        for name, called in self._calls.items():
            for each in called:
                callers[each].add(name)
        found, left = set(targets), list(targets)
        while left:
            new = callers[left.pop()] - found
            found |= new
            left += new
        return found

    def services(self) -> set[str]:
        """Public functions that carry out a command in a transaction of their own."""
        return {
            name
            for name, called in self._calls.items()
            if RUN in called and not name.rpartition(".")[2].startswith("_")
        }

    def _definitions(self) -> Iterator[tuple[str, ast.FunctionDef]]:
        for module, tree in self._trees.items():
            yield from ((module, node) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))

    def _called(self, name: str) -> Iterator[str]:
        """What the function names, its inner functions included."""
        module = name.rpartition(".")[0]
        imported = self._imports[module]
        for node in ast.walk(self._functions[name]):
            if isinstance(node, ast.Name):
                yield self._resolved(imported.get(node.id, f"{module}.{node.id}"))
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                yield self._resolved(f"{imported.get(node.value.id, module)}.{node.attr}")

    def _resolved(self, name: str) -> str:
        """The name where it is defined, however often it is passed on."""
        for _ in range(5):
            module, _, last = name.rpartition(".")
            if name in self._functions or last not in self._imports.get(module, {}):
                return name
            name = self._imports[module][last]
        return name


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for root in ROOTS:
        for path in sorted((PROJECT / root).rglob("*.py")):
            parts = path.relative_to(PROJECT).with_suffix("").parts
            if "migrations" not in parts:
                yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), ast.parse(path.read_text())


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((each.asname or each.name, f"{node.module}.{each.name}") for each in node.names)
