"""The bare application on a web server and in a database of its own."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg

from bench import ground
from bench.bench import Bench
from bench.errors import BenchError
from bench.load import SingleArm, Target
from bench.servers import web

DATABASE = "bench_bare"
APPLICATION = "bench.bare.app:application"
NAME = "bare prototype"
FAMILY = "bare"
SCHEMA = Path(__file__).with_name("schema.sql")


class Bare:
    """Where it listens, and how much was acknowledged."""

    def __init__(self, bench: Bench, port: int) -> None:
        self._bench, self._target = bench, Target(DATABASE, port)
        self._posted = 0

    def arm(self, connections: int) -> SingleArm:
        """Connections that post one transfer a request, any account to any."""
        options = self._bench.options
        return SingleArm(
            NAME,
            self._bench.crew,
            self._bench.servers.var,
            self._target,
            connections=connections,
            hot=False,
            seconds=options.seconds,
            count=self._count,
            generator=options.generator,
            family=FAMILY,
        )

    def verify(self) -> None:
        """Raises BenchError where something is missing that was acknowledged."""
        with closing(psycopg.connect(self._bench.servers.url(DATABASE))) as connection:
            row = connection.execute("SELECT count(*), (SELECT sum(balance) FROM bare_account) FROM bare_transfer")
            rows, total = row.fetchone() or (0, 0)
        if rows < self._posted or total:
            raise BenchError(f"{self._posted} bare transfers were acknowledged, {rows} are there and sum to {total}")

    def _count(self, posted: int, unsure: int) -> None:
        self._posted += posted


@contextmanager
def bare(bench: Bench) -> Iterator[Bare]:
    """The bare application for the block."""
    servers = bench.servers
    servers.create(DATABASE, template="template0")
    try:
        with psycopg.connect(servers.url(DATABASE)) as connection:
            connection.execute(SCHEMA.read_text())
            accounts = ground.load(servers.var).books[ground.SHARED].accounts
            connection.execute("INSERT INTO bare_account SELECT unnest(%s::uuid[])", [accounts])
        with web(servers, bench.watch, DATABASE, APPLICATION) as server:
            found = Bare(bench, server.port)
            yield found
        found.verify()
    finally:
        servers.drop(DATABASE)
