"""The embedded PostgreSQL: on demand, shared, and back after any death."""

import os
import socket
from contextlib import closing
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg_pool import ConnectionPool
from pytest_django import DjangoDbBlocker, Settings

from qenex.embedded import cluster, config, postgres
from qenex.embedded.backend.base import DatabaseWrapper, RevivingConnection
from qenex.embedded.errors import EmbeddedError
from qenex.embedded.paths import SOCKET_BYTES_MAX, data_dir, socket_dir
from tests.embedded.conftest import Run

STARTS = (
    "import sys, pathlib; from qenex.embedded.postgres import ensure_running as e; print(e(pathlib.Path(sys.argv[1])))"
)


def pid(var: Path) -> int:
    return int((data_dir(var) / "postmaster.pid").read_text().split("\n", 1)[0])


def value(url: str, query: str) -> object:
    with closing(psycopg.connect(url)) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def kill(var: Path) -> None:
    """Kill the server; returns when the processes that served its clients have noticed."""
    postmaster = psutil.Process(pid(var))
    family = [postmaster, *postmaster.children()]
    postmaster.kill()
    psutil.wait_procs(family, timeout=30)


def test_urls_are_computed_without_touching_anything(var: Path) -> None:
    urls = postgres.database_urls(var)
    host = str(var / "run").replace("/", "%2F")
    assert urls.owner == f"postgresql://qenex_owner@/qenex?host={host}"
    assert urls.writer == f"postgresql://qenex_writer@/qenex?host={host}"
    assert urls.reader == f"postgresql://qenex_reader@/qenex?host={host}"
    assert not var.exists()


def test_first_start_makes_a_safe_cluster_with_three_roles(var: Path) -> None:
    assert postgres.ensure_running(var) is True
    urls = postgres.database_urls(var)
    for name in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
        assert value(urls.owner, f"SHOW {name}") == "on"
    assert value(urls.owner, "SHOW listen_addresses") == ""
    assert value(urls.owner, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'qenex'") == "qenex_owner"
    assert value(urls.writer, "SHOW transaction_isolation") == "serializable"
    assert value(urls.reader, "SHOW transaction_isolation") == "repeatable read"
    assert value(urls.reader, "SHOW transaction_read_only") == "on"
    assert socket_dir(var).stat().st_mode & 0o777 == 0o700
    assert var.stat().st_mode & 0o066 == 0


def test_second_start_shares_the_server_and_a_restart_keeps_the_data(var: Path) -> None:
    postgres.ensure_running(var, durable=False)
    first = pid(var)
    assert postgres.ensure_running(var, durable=False) is False
    assert pid(var) == first
    with psycopg.connect(postgres.database_urls(var).owner) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    connection.close()
    assert postgres.stop(var) is True
    assert not (data_dir(var) / "postmaster.pid").exists()
    assert postgres.ensure_running(var, durable=False) is True
    assert value(postgres.database_urls(var).owner, "SELECT answer FROM kept") == 42


def test_of_four_processes_at_once_one_starts_the_server(var: Path, run: Run) -> None:
    processes = [run("-c", STARTS, str(var)) for _ in range(4)]
    outputs = [process.communicate(timeout=120)[0] for process in processes]
    assert sorted(outputs) == ["False\n", "False\n", "False\n", "True\n"]


def test_a_new_connection_brings_a_killed_server_back(var: Path, settings: Settings) -> None:
    settings.VAR, settings.EMBEDDED_POSTGRES = var, True
    postgres.ensure_running(var)
    first = pid(var)
    kill(var)
    with closing(RevivingConnection.connect(postgres.database_urls(var).writer)) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("qenex_writer",)
    assert pid(var) != first


def test_a_server_that_recovers_by_itself_is_waited_for(var: Path) -> None:
    postgres.ensure_running(var)
    first = pid(var)
    with closing(psycopg.connect(postgres.database_urls(var).writer)) as connection:
        psutil.Process(connection.info.backend_pid).kill()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    postgres.ensure_running(var)
    assert pid(var) == first
    assert value(postgres.database_urls(var).writer, "SELECT 1") == 1


def test_a_command_starts_the_server_when_it_needs_it(var: Path, run: Run) -> None:
    output, _ = run("manage.py", "showmigrations", "contenttypes").communicate(timeout=120)
    assert output == "contenttypes\n [ ] 0001_initial\n [ ] 0002_remove_content_type_name\n"
    assert postgres.is_running(var) is True


def test_a_pool_brings_a_killed_server_back(var: Path, settings: Settings) -> None:
    settings.VAR, settings.EMBEDDED_POSTGRES = var, True
    url = postgres.database_urls(var).writer
    with ConnectionPool(url, min_size=0, max_size=2, connection_class=RevivingConnection, open=True) as pool:
        with pool.connection(timeout=60) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        kill(var)
        with pytest.raises(psycopg.OperationalError), pool.connection(timeout=60) as connection:
            connection.execute("SELECT 1")
        with pool.connection(timeout=60) as connection:
            assert connection.execute("SELECT 2").fetchone() == (2,)


@pytest.mark.parametrize("pool", [False, {"min_size": 0, "max_size": 2, "timeout": 60}], ids=["direct", "pooled"])
def test_the_backend_starts_the_server_for_its_first_query(
    var: Path, settings: Settings, django_db_blocker: DjangoDbBlocker, pool: bool | dict[str, int]
) -> None:
    settings.VAR, settings.EMBEDDED_POSTGRES = var, True
    alias = f"embedded-{bool(pool)}"
    entry = settings.DATABASES["default"]
    wrapper = DatabaseWrapper(
        {**entry, "HOST": str(socket_dir(var)), "NAME": "qenex", "OPTIONS": {"isolation_level": 4, "pool": pool}}, alias
    )
    with django_db_blocker.unblock(), wrapper.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        assert cursor.fetchone() == ("qenex",)
    wrapper.close()
    wrapper.close_pool()


def test_the_backend_says_in_one_line_why_the_server_does_not_start(
    var: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.VAR, settings.EMBEDDED_POSTGRES = var, True
    monkeypatch.setattr("qenex.embedded.disk.NEEDED_MB", 1 << 40)
    with pytest.raises(psycopg.OperationalError, match=r"^the disk that holds .* is full: \d+ MB free, \d+ MB needed$"):
        RevivingConnection.connect(postgres.database_urls(var).writer)


def test_a_path_too_long_for_a_socket_gets_a_short_one(var: Path) -> None:
    deep = var / ("d" * 80) / ("e" * 80)
    short = socket_dir(deep)
    assert short.parent == Path("/tmp")
    assert len(str(short / ".s.PGSQL.5432")) < SOCKET_BYTES_MAX
    assert socket_dir(deep) == short
    assert socket_dir(deep / "other") != short
    try:
        assert postgres.ensure_running(deep, durable=False) is True
        assert value(postgres.database_urls(deep).writer, "SELECT 1") == 1
    finally:
        postgres.stop(deep)
        short.rmdir()


def test_a_socket_directory_of_somebody_else_is_refused(var: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make a directory of somebody else's")
    run = var / "run"
    run.mkdir(parents=True)
    os.chown(run, 4242, 4242)
    with pytest.raises(EmbeddedError, match=f"^{run} belongs to somebody else; remove it$"):
        postgres.ensure_running(var)


def test_a_pid_file_with_another_programs_number_is_no_obstacle(var: Path) -> None:
    postgres.ensure_running(var, durable=False)
    kill(var)
    locks = [data_dir(var) / "postmaster.pid", socket_dir(var) / ".s.PGSQL.5432.lock"]
    for lock in locks:
        lock.write_text("\n".join([str(os.getpid()), *lock.read_text().split("\n")[1:]]))
    cluster.drop_dead_locks(var)
    assert not any(lock.exists() for lock in locks)
    assert postgres.ensure_running(var, durable=False) is True


def test_a_cluster_half_made_is_made_again(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*arguments: str) -> str:
        return "child process was terminated by signal 9: Killed"

    with monkeypatch.context() as patch:
        patch.setattr("qenex.embedded.programs.run", killed)
        with pytest.raises(EmbeddedError, match=r"^cannot make .* signal 9: Killed$"):
            postgres.ensure_running(var)
    assert {path.name for path in var.glob("postgres*")} == {"postgres.draft", "postgres.lock"}
    assert postgres.ensure_running(var, durable=False) is True
    assert not (var / "postgres.draft").exists()


def test_a_first_start_cut_short_is_finished_by_the_next(var: Path) -> None:
    postgres.ensure_running(var, durable=False)
    with psycopg.connect(postgres.admin_url(var), autocommit=True) as connection:
        connection.execute("DROP DATABASE qenex")
    connection.close()
    (data_dir(var) / postgres.BOOTSTRAPPED).unlink()
    assert postgres.is_running(var) is False
    postgres.ensure_running(var, durable=False)
    assert value(postgres.database_urls(var).reader, "SELECT current_database()") == "qenex"


def test_a_server_in_use_is_stopped_only_by_force(var: Path) -> None:
    postgres.ensure_running(var, durable=False)
    with closing(psycopg.connect(postgres.database_urls(var).writer)):
        assert postgres.users(var) == 1
        assert postgres.stop(var, only_unused=True) is False
        assert postgres.is_running(var) is True
        assert postgres.stop(var) is True
    assert postgres.is_running(var) is False


def test_why_a_server_does_not_start_is_told(var: Path) -> None:
    postgres.ensure_running(var, durable=False)
    postgres.stop(var)
    with (data_dir(var) / "postgresql.conf").open("a") as file:
        file.write("shared_buffers = '1kB'\n")
    with pytest.raises(EmbeddedError, match=r"^PostgreSQL did not start: .*shared_buffers"):
        postgres.ensure_running(var)


@pytest.mark.parametrize(("memory_gb", "expected_mb"), [(0.25, 128), (2, 512), (16, 4096), (64, 4096)])
def test_shared_buffers_are_a_quarter_of_the_memory_up_to_four_gigabytes(memory_gb: float, expected_mb: int) -> None:
    assert config.shared_buffers(int(memory_gb * config.GB)) == expected_mb


def test_a_container_has_no_more_memory_than_it_may_use(tmp_path: Path) -> None:
    limit = tmp_path / "memory.max"
    machine = config.memory(limit)
    assert machine > config.GB // 2
    for said, expected in (("max\n", machine), (f"{config.GB // 4}\n", config.GB // 4), (f"{machine * 2}\n", machine)):
        limit.write_text(said)
        assert config.memory(limit) == expected


@pytest.mark.parametrize(("free_gb", "expected_mb"), [(1, 1024), (40, 4096), (500, 8192)])
def test_max_wal_size_is_a_tenth_of_the_free_disk(free_gb: int, expected_mb: int) -> None:
    assert config.max_wal_size(free_gb * config.GB) == expected_mb


def test_the_server_listens_on_no_network_address(var: Path) -> None:
    postgres.ensure_running(var, durable=False)
    with socket.socket() as probe:
        probe.settimeout(1)
        port = int(str(value(postgres.database_urls(var).owner, "SHOW port")))
        with pytest.raises(OSError, match="refused"):
            probe.connect(("127.0.0.1", port))
