"""The commands that may need a second person. Each app registers its own when it is loaded.

Known names: `ledger.transfer.post`, `ledger.journal.post`, `ledger.journal.reverse`, `ledger.exchange.post`,
`ledger.hold.post`, `ledger.account.update`, `ledger.limit.change`, `ledger.book.update`; `access.role.change`,
`access.factors.reset`, `access.apikey.create`, `access.policy.change`; `compliance.subject.erase`,
`compliance.hold.lift`, `compliance.retention.change`. Names that are kept for rooms still to be built:
`ledger.period.reopen`, `amm.pool.change`, `risk.model.promote`, `chain.validator.change`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise

Payload = Mapping[str, Any]
Execute = Callable[[Payload], Any]


@dataclass(frozen=True)
class Difference:
    """What a command will do, for the person who decides: names, and values before and after."""

    headline: str
    changes: list[tuple[str, str, str]] = field(default_factory=list)
    """What, before, after."""
    facts: list[tuple[str, str]] = field(default_factory=list)
    """Whatever else is worth knowing: name and value."""

    def document(self) -> dict[str, Any]:
        """As it is stored and compared."""
        return {"headline": self.headline, "changes": self.changes, "facts": self.facts}


@dataclass(frozen=True)
class Command:
    """A command that may need a second person."""

    name: str
    label: str | Promise
    permission: str
    """What whoever asks must be allowed, when asking and when it is carried out."""
    execute: Execute
    """Calls one service, which runs one transaction. Raises what the service raises."""
    describe: Callable[[Payload], Difference]
    """What it will do, as things stand. Raises what the service would raise, where it would."""
    result: Callable[[Any], str]
    """The reference of what was done, of what the service's transaction returned; called inside of it, and raises where
    nothing was done after all."""
    measured: bool = False
    """Whether a policy may ask by asset and amount."""
    refusals: tuple[type[Exception], ...] = ()
    """Errors of the app that say no, each with a `code`; problems of the API need not be named."""
    covers: tuple[str, ...] = ()
    """Commands that it may contain, so that their policies count for it as well."""

    @property
    def governed_by(self) -> tuple[str, ...]:
        """The names whose policies count."""
        return (self.name, *self.covers)


_commands: dict[str, Command] = {}


def command(
    name: str,
    *,
    label: str | Promise,
    permission: str,
    describe: Callable[[Payload], Difference],
    result: Callable[[Any], str] = str,
    measured: bool = False,
    refusals: tuple[type[Exception], ...] = (),
    covers: tuple[str, ...] = (),
) -> Callable[[Execute], Execute]:
    """Registers the decorated function as what carries out a payload. Raises ValueError where a name is taken."""

    def register(execute: Execute) -> Execute:
        if name in _commands:
            raise ValueError(f"the command {name} is registered already")
        _commands[name] = Command(name, label, permission, execute, describe, result, measured, refusals, covers)
        return execute

    return register


def find(name: str) -> Command:
    """The command of this name. Raises LookupError."""
    try:
        return _commands[name]
    except KeyError:
        raise LookupError(f"no app has registered the command {name}") from None


def governing(name: str) -> tuple[str, ...]:
    """The names whose policies count for a command; its own, where no app has registered it."""
    return _commands[name].governed_by if name in _commands else (name,)


def commands() -> list[Command]:
    """Every registered command, by name."""
    return [_commands[name] for name in sorted(_commands)]
