"""The embedded PostgreSQL: started on demand, shared by every process of this state directory, outliving them all.

Only the account that owns the state directory (and root) can enter the socket's directory; the server listens on
no network address. That is why no role has a password here.
"""

import re
import time
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from qenex.embedded import cluster, programs
from qenex.embedded.accounts import Account, account
from qenex.embedded.bootstrap import DATABASE, OWNER, create_database, create_roles, socket_url
from qenex.embedded.disk import check_space
from qenex.embedded.errors import EmbeddedError
from qenex.embedded.locks import file_lock
from qenex.embedded.paths import data_dir, socket_dir

START_SECONDS = 600
"""How long a recovery after a crash may take."""
SETTLE_SECONDS = 30
PASSING = re.compile("shared memory block|lock file .* already exists")
RECOVERING = "it runs, but answers nobody"
BOOTSTRAPPED = "qenex.bootstrapped"


class DatabaseUrls(NamedTuple):
    """One libpq URL a role."""

    owner: str
    writer: str
    reader: str


def database_urls(var: Path, database: str = DATABASE) -> DatabaseUrls:
    """The URLs of the state directory's database. Computes names only; starts nothing."""
    host = socket_dir(var)
    return DatabaseUrls(
        owner=socket_url(OWNER, database, host),
        writer=socket_url("qenex_writer", database, host),
        reader=socket_url("qenex_reader", database, host),
    )


def admin_url(var: Path, database: str = "postgres") -> str:
    """The superuser's URL, for creating databases and looking at everybody's connections."""
    return socket_url("postgres", database, socket_dir(var))


def ensure_running(var: Path, *, durable: bool = True) -> bool:
    """Start the server unless it answers; the first time make the cluster, the roles and the database.

    Safe in many processes at once. `durable=False` trades every safety for speed: for tests only.
    Returns whether this call started it. Raises EmbeddedError, one line, when it cannot be started.
    """
    if is_running(var):
        return False
    with file_lock(var.resolve() / "postgres.lock"):
        if is_running(var):
            return False
        check_space(var)
        owner = account(create=True)
        cluster.prepare(var, owner, durable=durable)
        _start(var, owner)
        _bootstrap(var)
    return True


def is_running(var: Path) -> bool:
    """Whether a finished cluster answers."""
    if not (data_dir(var) / BOOTSTRAPPED).exists():
        return False
    return _answers(var)


def users(var: Path) -> int:
    """How many clients are connected to any database."""
    import psycopg

    query = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    with closing(psycopg.connect(admin_url(var), autocommit=True)) as connection:
        row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def stop(var: Path, *, only_unused: bool = False) -> bool:
    """Stop the server, cutting off its clients, or with `only_unused` only when there are none.

    Returns whether it is stopped now.
    """
    with file_lock(var.resolve() / "postgres.lock"):
        if not (data_dir(var) / "postmaster.pid").exists():
            return True
        if only_unused and _answers(var) and users(var):
            return False
        programs.run(account(), "pg_ctl", "stop", "-m", "fast", "-w", "-t", "60", "-D", str(data_dir(var)))
    return True


def _answers(var: Path) -> bool:
    import psycopg

    try:
        psycopg.connect(admin_url(var), connect_timeout=10).close()
    except psycopg.OperationalError:
        return False
    return True


def _start(var: Path, owner: Account) -> None:
    """Start and wait until recovery is over. What a dead predecessor leaves behind may need a moment to go away."""
    began = time.monotonic()
    while not _answers(var):
        alive = cluster.lives(var)
        reason = RECOVERING if alive else _start_once(var, owner)
        if reason is None:
            return
        waited = time.monotonic() - began
        if waited > (START_SECONDS if alive else SETTLE_SECONDS) or not (alive or PASSING.search(reason)):
            raise EmbeddedError(f"PostgreSQL did not start: {reason}")
        time.sleep(0.3)


def _start_once(var: Path, owner: Account) -> str | None:
    """Start the server; why it did not start, or None."""
    cluster.drop_dead_locks(var)
    before = cluster.log_sizes(var)
    log = str(cluster.start_log(var))
    problem = programs.run(
        owner, "pg_ctl", "start", "-w", "-t", str(START_SECONDS), "-D", str(data_dir(var)), "-l", log
    )
    return problem and (cluster.last_words(var, before) or problem)


def _bootstrap(var: Path) -> None:
    import psycopg

    mark = data_dir(var) / BOOTSTRAPPED
    if mark.exists():
        return
    with closing(psycopg.connect(admin_url(var), autocommit=True)) as connection:
        create_roles(connection)
        create_database(connection)
    mark.touch()
