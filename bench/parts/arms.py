"""The arms that several parts have."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from psycopg import IsolationLevel

from bench import ground
from bench.arms import TRANSFERS, CrewArm
from bench.bench import Bench
from bench.crew import Crew
from bench.tally import Tally
from bench.works.copy import CopyWork
from bench.works.orm import OrmWork
from bench.works.service import ServiceWork

ISOLATIONS = {"serializable": IsolationLevel.SERIALIZABLE, "read committed": IsolationLevel.READ_COMMITTED}


@dataclass(frozen=True)
class Place:
    """Where arms work, and who counts for them."""

    bench: Bench
    tally: Tally
    crew: Crew | None = None
    """Other clients than the bench's: those of one database keep what they remember of its balances."""

    @property
    def database(self) -> str:
        """The database's name."""
        return self.tally.database

    @property
    def clients(self) -> Crew:
        """Whose processes do the work."""
        return self.crew or self.bench.crew


def service(
    place: Place,
    name: str,
    *,
    size: int,
    clients: int,
    hot: bool = False,
    book: Callable[[int], int] = lambda client: ground.SHARED,
    family: str = "",
    against: Sequence[str] = (),
) -> CrewArm:
    """Clients of the service, in the book that `book` gives to each."""
    return CrewArm(
        name,
        place.clients,
        lambda client, count: ServiceWork(place.database, book(client), count, size, hot),
        clients=clients,
        size=size,
        seconds=place.bench.options.seconds,
        count=place.tally.post,
        family=family,
        against=against,
    )


def copies(place: Place, *, size: int, clients: int, hot: bool = False) -> list[CrewArm]:
    """Binary COPY of the same rows, in both isolation levels."""
    return [_copy(place, size, clients, hot, name, isolation) for name, isolation in ISOLATIONS.items()]


def copy_family(*, hot: bool) -> str:
    """The family of the COPY arms."""
    return f"COPY {_rows(hot=hot)}"


def _copy(place: Place, size: int, clients: int, hot: bool, name: str, isolation: IsolationLevel) -> CrewArm:
    return CrewArm(
        f"COPY {_rows(hot=hot)}, {name}",
        place.clients,
        lambda client, count: CopyWork(place.database, ground.SHARED, count, size, hot, isolation),
        clients=clients,
        size=size,
        seconds=place.bench.options.seconds,
        count=place.tally.copy,
        family=copy_family(hot=hot),
        unit="rows/s",
    )


def orm(place: Place, *, clients: int, hot: bool) -> CrewArm:
    """One transaction of the ORM a transfer."""
    return CrewArm(
        f"ORM {_rows(hot=hot)}",
        place.clients,
        lambda client, count: OrmWork(place.database, count, hot),
        clients=clients,
        size=1,
        seconds=place.bench.options.seconds,
        count=place.tally.post,
        unit=TRANSFERS,
    )


def orm_family(*, hot: bool) -> str:
    """The family of the ORM's arm."""
    return f"ORM {_rows(hot=hot)}"


def _rows(*, hot: bool) -> str:
    return "hot" if hot else "uniform"
