"""What the columns of a file mean, as data: a TOML file says which column is what and which accounts a line moves."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Formatter
from typing import Any

from ledger.choices import AccountType
from ledger.importing.problems import FileProblem

SHIPPED = Path(__file__).with_name("profiles")
FIELDS = ("id", "occurred_at", "account", "counterparty", "amount", "asset", "reference")
REQUIRED = frozenset({"occurred_at", "amount"})
SIGNS = ("positive", "signed")


@dataclass(frozen=True, slots=True)
class AccountRule:
    """How the account of one side is found, and made on first sight. Patterns name fields in braces."""

    path: str
    code: str
    type: str
    name: str = ""
    owner: str = ""

    def fields(self) -> list[str]:
        """The fields that the patterns name, each once."""
        patterns = (self.path, self.code, self.name, self.owner)
        return sorted(
            {name for pattern in patterns for _, name, _, _ in Formatter().parse(pattern) if name is not None}
        )


@dataclass(frozen=True, slots=True)
class Profile:
    """The meaning of a file's columns. Columns that it does not name are left out."""

    name: str
    columns: Mapping[str, Sequence[str]]
    """Field → the headings under which it may stand, whatever their case."""
    debit: AccountRule
    credit: AccountRule
    sign: str = "positive"
    """`positive` refuses a negative amount, `signed` lets it change the sides."""
    optional: Sequence[str] = ()
    """Fields that a file need not have."""
    metadata: Sequence[str] = ()
    """Fields or headings that are kept in the transfer's metadata."""
    defaults: Mapping[str, str] = field(default_factory=dict)
    """Field → its value where the file has no such column."""
    decimal_comma: bool = False
    date_format: str = ""
    """As for strptime; ISO 8601 unless given."""
    transfer_code: int = 1


def load(name: str) -> Profile:
    """The profile that ships under this name, or that a `.toml` file holds. Raises FileProblem."""
    path = Path(name) if name.endswith(".toml") else SHIPPED / f"{name}.toml"
    try:
        data = tomllib.loads(path.read_text())
    except FileNotFoundError:
        choices = ", ".join(sorted(each.stem for each in SHIPPED.glob("*.toml")))
        raise FileProblem(f"there is no profile {name}; there are {choices}, or name a .toml file") from None
    except (OSError, ValueError) as error:
        raise FileProblem(f"the profile {name} cannot be read: {error}") from None
    try:
        return _profile(data)
    except (TypeError, ValueError) as error:
        raise FileProblem(f"the profile {name} is wrong: {error}") from None


def guess(header: Sequence[str]) -> Profile:
    """The shipped profile whose columns the header has; of several the one that uses most. Raises FileProblem."""
    fitting = []
    for path in sorted(SHIPPED.glob("*.toml")):
        profile = load(path.stem)
        found = positions(profile, header)
        if not missing(profile, found):
            fitting.append((len(found), profile))
    if not fitting:
        raise FileProblem(f"no profile fits the columns {', '.join(header)}; name one with --profile")
    return max(fitting, key=lambda pair: pair[0])[1]


def positions(profile: Profile, header: Sequence[str]) -> dict[str, int]:
    """Field → the position of its column, for those that the header has."""
    at = {heading.strip().lower(): position for position, heading in reversed(list(enumerate(header)))}
    found = {}
    for name, headings in profile.columns.items():
        for heading in headings:
            if heading.lower() in at:
                found[name] = at[heading.lower()]
                break
    return found


def missing(profile: Profile, found: Mapping[str, int]) -> list[str]:
    """The fields that the profile needs and that are neither found nor given a default."""
    needed = set(profile.columns) | REQUIRED | set(profile.debit.fields()) | set(profile.credit.fields()) | {"asset"}
    return sorted(needed - set(found) - set(profile.defaults) - set(profile.optional))


def _profile(data: dict[str, Any]) -> Profile:
    columns = {
        name: [headings] if isinstance(headings, str) else list(headings)
        for name, headings in data.pop("columns").items()
    }
    debit, credit = (AccountRule(**data.pop(side)) for side in ("debit", "credit"))
    profile = Profile(columns=columns, debit=debit, credit=credit, **data)
    _check(profile)
    return profile


def _check(profile: Profile) -> None:
    unknown = (set(profile.columns) | set(profile.defaults) | set(profile.optional)) - set(FIELDS)
    if unknown:
        raise ValueError(f"there is no field {', '.join(sorted(unknown))}; fields are {', '.join(FIELDS)}")
    if profile.sign not in SIGNS:
        raise ValueError(f"sign is one of {', '.join(SIGNS)}")
    for rule in (profile.debit, profile.credit):
        if rule.type not in AccountType.values:
            raise ValueError(f"an account's type is one of {', '.join(AccountType.values)}")
        strange = set(rule.fields()) - set(FIELDS)
        if strange:
            raise ValueError(f"a pattern names {', '.join(sorted(strange))}, which is no field")
