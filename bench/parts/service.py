"""The service beside COPY, and in batches of one also beside pgbench's TPC-B and one ORM transaction a transfer."""

from bench import ground, pgbench
from bench.bench import Bench
from bench.parts.arms import Place, copies, copy_family, orm, orm_family, service
from bench.trial import Arm

PART = "service"


def run(bench: Bench) -> None:
    """Every size of batch with every number of clients, each on an empty ledger of its own."""
    for size in bench.options.sizes:
        for clients in bench.options.clients:
            with bench.ledger(PART) as tally:
                place = Place(bench, tally)
                bench.measure(PART, {"batch": size, "clients": clients}, arms(place, size, clients))


def arms(place: Place, size: int, clients: int) -> list[Arm]:
    """Uniform and hot, in a shared book and in books of their own, each with what it is compared with."""
    found: list[Arm] = []
    for hot in (False, True):
        against = (copy_family(hot=hot), orm_family(hot=hot), pgbench.FAMILY, *(["uniform"] if hot else []))
        name = "hot" if hot else "uniform"
        found.append(service(place, name, size=size, clients=clients, hot=hot, against=against))
        found += copies(place, size=size, clients=clients, hot=hot)
        if size == 1:
            found.append(orm(place, clients=clients, hot=hot))
    if clients > 1:
        against = (copy_family(hot=False), "uniform")
        found.append(service(place, "own books", size=size, clients=clients, book=ground.own, against=against))
    if size == 1:
        found.append(pgbench.TpcbArm(place.bench.servers, clients, place.bench.options.seconds))
    return found
