"""One migrated template database a run, and a clone of it for each pytest process."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
from psycopg import sql

from qenex.embedded import redis
from qenex.embedded.bootstrap import create_database
from qenex.embedded.guard import PROJECT
from qenex.embedded.locks import file_lock
from tests.support.servers import Server


def name(root: Path, worker: str) -> str:
    """The database of one pytest process, or of the template; unlike those of any other run."""
    return f"{_prefix(root)}_{worker}"


def clone(server: Server, root: Path, worker: str) -> None:
    """Start the servers and make the process's database. The first caller also makes and migrates the template."""
    redis.ensure_running(server.var)
    with file_lock(root / "databases.lock"):
        mark = root / "template.ready"
        if not mark.exists():
            _make_template(server, root)
            mark.touch()
        with psycopg.connect(server.admin_url(), autocommit=True) as connection:
            create_database(connection, name(root, worker), template=name(root, "template"))


def drop_all(server: Server, root: Path) -> None:
    """Drop the run's databases."""
    if not (root / "template.ready").exists():
        return
    with psycopg.connect(server.admin_url(), autocommit=True) as connection:
        query = "SELECT datname FROM pg_database WHERE datname LIKE %s"
        for row in connection.execute(query, [f"{_prefix(root)}%"]).fetchall():
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(row[0])))


def _make_template(server: Server, root: Path) -> None:
    server.start()
    template = name(root, "template")
    with psycopg.connect(server.admin_url(), autocommit=True) as connection:
        create_database(connection, template)
    urls = {
        "DATABASE_URL": server.direct_url("qenex_writer", template),
        "DATABASE_READER_URL": server.direct_url("qenex_reader", template),
        "DATABASE_OWNER_URL": server.direct_url("qenex_owner", template),
    }
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0", "--skip-checks"]
    done = subprocess.run(command, cwd=PROJECT, env=os.environ | urls, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"migrate failed:\n{done.stdout}{done.stderr}")


def _prefix(root: Path) -> str:
    return root.name.lower().replace("-", "_")
