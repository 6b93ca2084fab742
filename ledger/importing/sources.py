"""Reading the lines of CSV, compressed CSV and Parquet files as texts, a few thousand at a time."""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Protocol, cast

import pyarrow as pa
import pyarrow.parquet as pq

from ledger.importing.problems import FileProblem

Record = tuple[int, Sequence[str]]
"""A line's number in the file and its values in the header's order."""
_DELIMITERS = ",;\t|"
_BATCH_ROWS = 10_000


class Source(Protocol):
    """A file that is open for reading."""

    header: Sequence[str]
    size: int
    """How long the file is, in the units of `position`."""
    unit: str
    floating: Sequence[str]
    """The columns of binary floating-point numbers, whose decimal digits are guesses."""

    def position(self) -> int:
        """How far it has been read."""

    def records(self) -> Iterator[Record]:
        """The lines. Raises FileProblem where the file breaks off."""

    def original(self, values: Sequence[str]) -> str:
        """A line as it stood in the file, as far as one can tell."""

    def close(self) -> None:
        """Closes the file."""


def open_source(path: Path) -> Source:
    """Opens a file by the end of its name. Raises FileProblem."""
    name = path.name.lower()
    try:
        if name.endswith(".parquet"):
            return ParquetSource(path)
        if name.endswith((".csv", ".csv.gz")):
            return CsvSource(path)
    except (OSError, EOFError, zlib.error, csv.Error, pa.ArrowException) as error:
        raise FileProblem(f"{path} cannot be read: {_first_line(error)}") from None
    raise FileProblem(f"{path.name} is neither .csv, .csv.gz nor .parquet")


class CsvSource:
    """Lines of UTF-8 text. What is not UTF-8 is passed on as surrogates, so that only its own line suffers."""

    unit = "B"
    floating: Sequence[str] = ()

    def __init__(self, path: Path) -> None:
        self._path = path
        self.size = path.stat().st_size
        self._file = path.open("rb")
        try:
            self._begin(path.name)
        except BaseException:
            self._file.close()
            raise

    def _begin(self, name: str) -> None:
        compressed = name.lower().endswith(".gz")
        raw = cast(IO[bytes], gzip.GzipFile(fileobj=self._file) if compressed else self._file)
        text = io.TextIOWrapper(raw, encoding="utf-8-sig", errors="surrogateescape", newline="")
        first = text.readline()
        self._delimiter = max(_DELIMITERS, key=first.count)
        self.header: Sequence[str] = next(csv.reader([first], delimiter=self._delimiter), [])
        if not self.header:
            raise FileProblem(f"{name} has no header line")
        self._reader = csv.reader(text, delimiter=self._delimiter)

    def position(self) -> int:
        """Bytes read, compressed ones of a compressed file."""
        return self._file.tell()

    def records(self) -> Iterator[Record]:
        """The lines, blank ones left out."""
        reader = self._reader
        try:
            for values in reader:
                if values:
                    yield reader.line_num + 1, values
        except (OSError, EOFError, zlib.error, csv.Error) as error:
            raise FileProblem(
                f"{self._path} breaks off after line {reader.line_num + 1}: {_first_line(error)}"
            ) from None

    def original(self, values: Sequence[str]) -> str:
        """The line put together again."""
        line = io.StringIO()
        csv.writer(line, delimiter=self._delimiter, lineterminator="").writerow(values)
        return line.getvalue()

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


class ParquetSource:
    """Rows of a Parquet file, every value written as text by Arrow, which is exact but for floating point."""

    unit = "lines"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = pq.ParquetFile(path)
        schema = self._file.schema_arrow
        self.floating: Sequence[str] = [name for name in schema.names if pa.types.is_floating(schema.field(name).type)]
        self._read = [name for name in schema.names if not pa.types.is_nested(schema.field(name).type)]
        self.header: Sequence[str] = self._read
        self.size = self._file.metadata.num_rows
        self._done = 0

    def position(self) -> int:
        """Rows read."""
        return self._done

    def records(self) -> Iterator[Record]:
        """The rows, numbered from 1."""
        try:
            for batch in self._file.iter_batches(_BATCH_ROWS, columns=self._read):
                columns = [_texts(column) for column in batch.columns]
                for values in zip(*columns, strict=True):
                    self._done += 1
                    yield self._done, values
        except (OSError, pa.ArrowException) as error:
            raise FileProblem(f"{self._path} breaks off after row {self._done}: {_first_line(error)}") from None

    def original(self, values: Sequence[str]) -> str:
        """The row as JSON."""
        return json.dumps(dict(zip(self.header, values, strict=True)), ensure_ascii=False)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


def _texts(column: "pa.Array[Any]") -> list[str]:
    texts = column.cast(pa.string()).fill_null("").to_pylist()
    return cast(list[str], texts)


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
