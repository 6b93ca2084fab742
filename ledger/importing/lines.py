"""Reading a line: from texts to what will be posted, or why it cannot be."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from hashlib import sha1, sha256
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from ledger.importing.assets import Assets
from ledger.importing.problems import LineRefused
from ledger.importing.profile import AccountRule, Profile
from ledger.models import Asset
from ledger.services.transfers import MAX_REFERENCE
from qenex.kernel.money import AmountProblem, parse

PATH_MAX, CODE_MAX, TEXT_MAX = 200, 64, 100
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
_OTHER = re.compile(r"[^A-Za-z0-9._-]+", re.ASCII)


class Place:
    """An account that a line names, as it is to be made where it is not there yet."""

    __slots__ = ("account", "asset", "code", "key", "name", "owner", "path", "type")

    def __init__(self, path: str, code: str, asset: Asset, type: str, name: str, owner: str) -> None:
        self.path, self.code, self.asset, self.type, self.name, self.owner = path, code, asset, type, name, owner
        self.key = (path, asset.pk)
        """What tells it from the others of the book."""
        self.account: UUID | None = None
        """The account's id, once it is known."""


class Line(NamedTuple):
    """A line that can be posted, if the ledger's rules allow it."""

    number: int
    values: Sequence[str]
    id: UUID
    debit: Place
    credit: Place
    units: int
    value_date: date
    reference: str
    metadata: dict[str, Any] | None


class LineReader:
    """Reads the lines of one file into one book."""

    def __init__(
        self, profile: Profile, header: Sequence[str], positions: Mapping[str, int], book: UUID, assets: Assets
    ) -> None:
        self._profile, self._header, self._at, self._assets = profile, header, positions, assets
        self._namespace = uuid5(book, profile.name).bytes
        self._debit, self._credit = (_Side(rule, self._field) for rule in (profile.debit, profile.credit))
        self._by_name = sorted(range(len(header)), key=lambda position: header[position])
        self._seen: Counter[bytes] = Counter()
        self._keeps_time = "occurred_at" in profile.metadata
        headings = {heading: position for position, heading in enumerate(header)}
        kept = {name: positions.get(name, headings.get(name)) for name in profile.metadata if name != "occurred_at"}
        self._metadata = [(name, position) for name, position in kept.items() if position is not None]

    def read(self, number: int, values: Sequence[str]) -> Line:
        """The line. Raises LineRefused."""
        if len(values) != len(self._header):
            raise LineRefused("columns", f"has {len(values)} columns instead of {len(self._header)}")
        try:
            return self._read(number, values)
        except UnicodeEncodeError:
            raise LineRefused("encoding", "is not UTF-8") from None

    def _read(self, number: int, values: Sequence[str]) -> Line:
        asset = self._assets.get(self._field(values, "asset"))
        units, negative = self._amount(values, asset)
        moment, timed = self._moment(values)
        debit, credit = self._debit.place(values, asset), self._credit.place(values, asset)
        if negative:
            debit, credit = credit, debit
        line_id = self._line_id(values)
        digest = sha1(self._namespace + line_id.encode(), usedforsecurity=False).digest()
        return Line(
            *(number, values, UUID(bytes=digest[:16], version=5), debit, credit, units, moment.date()),
            *(self._reference(values, line_id), self._kept(values, moment if timed else None)),
        )

    def _field(self, values: Sequence[str], name: str) -> str:
        """A field's text without blanks around it; its default, or nothing, where the file has no such column."""
        position = self._at.get(name)
        if position is None:
            return self._profile.defaults.get(name, "")
        return values[position].strip()

    def _amount(self, values: Sequence[str], asset: Asset) -> tuple[int, bool]:
        text = self._field(values, "amount")
        if self._profile.decimal_comma:
            text = text.replace(".", "").replace(",", ".")
        negative = text.startswith("-")
        if negative and self._profile.sign == "positive":
            raise LineRefused("amount", "is negative")
        try:
            units = parse(text[1:] if negative else text, asset.places)
        except AmountProblem as problem:
            raise LineRefused("amount", f"{text!r} {problem}") from None
        if not units:
            raise LineRefused("amount", "is zero")
        return units, negative

    def _moment(self, values: Sequence[str]) -> tuple[datetime, bool]:
        """When it happened, in UTC where the text names an offset, and whether the text has a time of day."""
        text = self._field(values, "occurred_at")
        try:
            if self._profile.date_format:
                moment = datetime.strptime(text, self._profile.date_format)  # noqa: DTZ007  # the format may have one
            else:
                moment = datetime.fromisoformat(text)
            if moment.utcoffset():
                moment = moment.astimezone(UTC)
        except (ValueError, OverflowError):
            raise LineRefused("occurred_at", f"{text!r} is no date or time") from None
        return moment, len(text) > 10

    def _line_id(self, values: Sequence[str]) -> str:
        """The line's id, or a hash of the line and how many such lines came before."""
        if "id" in self._at:
            line_id = self._field(values, "id")
            if not line_id:
                raise LineRefused("id", "is empty")
            return line_id
        text = "\x1f".join(f"{self._header[position]}\x1e{values[position]}" for position in self._by_name)
        digest = sha256(text.encode()).digest()
        self._seen[digest] += 1
        return f"{digest.hex()}:{self._seen[digest]}"

    def _reference(self, values: Sequence[str], line_id: str) -> str:
        own_id = line_id if "id" in self._at else ""
        reference = self._field(values, "reference") if "reference" in self._at else own_id
        if len(reference) > MAX_REFERENCE or "\0" in reference:
            raise LineRefused("reference", f"must have at most {MAX_REFERENCE} characters and no NUL")
        return reference

    def _kept(self, values: Sequence[str], moment: datetime | None) -> dict[str, Any] | None:
        kept: dict[str, Any] = {}
        if moment is not None and self._keeps_time:
            kept["occurred_at"] = moment.isoformat().replace("+00:00", "Z")
        for name, position in self._metadata:
            if values[position]:
                if "\0" in values[position]:
                    raise LineRefused(name, "must have no NUL")
                kept[name] = values[position]
        return kept or None


class _Side:
    """The accounts of one side, each worked out once."""

    def __init__(self, rule: AccountRule, field: Callable[[Sequence[str], str], str]) -> None:
        self._rule, self._field = rule, field
        self._names = [name for name in rule.fields() if name != "asset"]
        self._places: dict[tuple[str, ...], Place] = {}

    def place(self, values: Sequence[str], asset: Asset) -> Place:
        """The account that a line names on this side. Raises LineRefused."""
        key = (asset.code, *[self._field(values, name) for name in self._names])
        found = self._places.get(key)
        if found is None:
            found = self._places[key] = self._new(dict(zip(self._names, key[1:], strict=True)), asset)
        return found

    def _new(self, texts: dict[str, str], asset: Asset) -> Place:
        for name, text in texts.items():
            if not text:
                raise LineRefused(name, "is empty")
            if "\0" in text:
                raise LineRefused(name, "must have no NUL")
        raw = texts | {"asset": asset.code}
        slugs = {name: slug(text) for name, text in raw.items()}
        rule = self._rule
        return Place(
            fit(rule.path.format_map(slugs), PATH_MAX),
            fit(rule.code.format_map(slugs), CODE_MAX),
            asset,
            rule.type,
            rule.name.format_map(raw)[:TEXT_MAX],
            rule.owner.format_map(raw)[:TEXT_MAX],
        )


def slug(text: str) -> str:
    """A text as a segment of an account's path: itself where it can be one, else what is left of it and a hash."""
    if _PLAIN.fullmatch(text):
        return text
    readable = _OTHER.sub("-", text).strip("-._")[:60]
    digest = sha256(text.encode()).hexdigest()[:12]
    return f"{readable}-{digest}" if readable else digest


def fit(text: str, limit: int) -> str:
    """A text that is too long, cut, with a hash of the whole."""
    return text if len(text) <= limit else f"{text[: limit - 13]}-{sha256(text.encode()).hexdigest()[:12]}"
