"""The web server, as `manage.py up` runs it: batches beside the service, single transfers beside TPC-B and the ORM.

Single transfers also beside a bare prototype, which has nothing of what makes a ledger but the group commit: the limit.
"""

from bench import ground, pgbench
from bench.arms import CrewArm
from bench.bare import server as bare
from bench.bench import Bench
from bench.load import SingleArm, Target
from bench.parts.arms import Place, copies, copy_family, orm, orm_family, service
from bench.servers import Web, web
from bench.trial import Arm
from bench.works.batches import BatchWork

PART = "http"
FORMS = ("JSON", "NDJSON")
BASE_CLIENTS = 16
"""Of the ORM and of TPC-B beside single requests: where they are about at their best."""


def run(bench: Bench) -> None:
    """Batches, then single transfers, on one ledger and one web process, whose memory is looked at in the end."""
    with bench.ledger(PART) as tally, web(bench.servers, bench.watch, tally.database) as server:
        place = Place(bench, tally)
        for size in bench.options.batch_sizes:
            for clients in bench.options.batch_clients:
                bench.measure(PART, {"batch": size, "clients": clients}, _batches(place, server, size, clients))
        with bare.bare(bench) as prototype:
            for connections in bench.options.connections:
                bench.measure(PART, {"connections": connections}, _singles(place, server, prototype, connections))
        bench.findings.memory.append({"after": PART, "processes": server.memory()})


def _batches(place: Place, server: Web, size: int, clients: int) -> list[Arm]:
    against = ("service", copy_family(hot=False))
    found: list[Arm] = [
        batch(place, server, f"HTTP {form}", form=form, size=size, clients=clients, against=against) for form in FORMS
    ]
    # One process, as the web server is one; in a book apart, because what it posts in the shared one would make the web
    # process read its balances again.
    found.append(service(place, "service", size=size, clients=1, book=lambda client: ground.ASIDE))
    return [*found, *copies(place, size=size, clients=1)]


def batch(
    place: Place,
    server: Web,
    name: str,
    *,
    form: str,
    size: int,
    clients: int,
    family: str = "",
    against: tuple[str, ...] = (),
) -> CrewArm:
    """Clients that post batches over HTTP."""
    return CrewArm(
        name,
        place.clients,
        lambda client, count: BatchWork(place.database, server.port, count, size, form),
        clients=clients,
        size=size,
        seconds=place.bench.options.seconds,
        count=place.tally.post,
        family=family,
        against=against,
    )


def _singles(place: Place, server: Web, prototype: bare.Bare, connections: int) -> list[Arm]:
    bases = (bare.FAMILY, orm_family(hot=False), pgbench.FAMILY)
    return [
        single(place, server, "HTTP uniform", connections=connections, hot=False, against=bases),
        single(place, server, "HTTP hot", connections=connections, hot=True, against=("HTTP uniform", *bases)),
        prototype.arm(connections),
        orm(place, clients=BASE_CLIENTS, hot=False),
        pgbench.TpcbArm(place.bench.servers, BASE_CLIENTS, place.bench.options.seconds),
    ]


def single(
    place: Place,
    server: Web,
    name: str,
    *,
    connections: int,
    hot: bool,
    family: str = "",
    against: tuple[str, ...] = (),
) -> SingleArm:
    """Connections that post one transfer a request."""
    return SingleArm(
        name,
        place.clients,
        place.bench.servers.var,
        Target(place.database, server.port),
        connections=connections,
        hot=hot,
        seconds=place.bench.options.seconds,
        count=place.tally.post,
        generator=place.bench.options.generator,
        family=family,
        against=against,
    )
