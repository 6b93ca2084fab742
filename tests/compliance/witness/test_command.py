"""`manage.py witness` and `python -m compliance.witness`: without a database, and with one line where it fails."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from compliance.witness.command import Listen, words
from compliance.witness.errors import WitnessError
from qenex.embedded.guard import PROJECT
from tests.support.witness import Log, Running, free_port, running

LOG = Log()
NOWHERE = {
    "DATABASE_URL": "postgresql://nowhere.invalid/qenex",
    "REDIS_URL": "redis://nowhere.invalid",
    "QENEX_KEY_DIR": "/nowhere",
}


def _run(*words: str | Path, module: bool = False) -> subprocess.CompletedProcess[str]:
    program = ["-m", "compliance.witness"] if module else ["manage.py", "witness"]
    command = [sys.executable, *program, *map(str, words)]
    environment = {**os.environ, **NOWHERE}
    return subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_it_runs_where_there_is_neither_a_database_nor_redis_nor_a_vault(tmp_path: Path) -> None:
    made = _run(
        "init",
        "--dir",
        tmp_path,
        "--name",
        "w.example/1",
        "--log",
        LOG.vkey,
        "--address",
        "https://w.example",
        module=True,
    )
    vkey, looks = made.stdout.splitlines()
    assert (made.returncode, made.stderr, looks) == (0, "", f"looks at {LOG.origin}")
    assert (tmp_path / "client").read_text() == f"{vkey}=https://w.example\n"
    port = free_port()
    command = [sys.executable, "manage.py", "witness", "run", "--dir", str(tmp_path), "--listen", f"127.0.0.1:{port}"]
    process = subprocess.Popen(command, cwd=PROJECT, env={**os.environ, **NOWHERE}, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == f"{vkey} listens at 127.0.0.1:{port}\n"
        assert process.stdout.readline() == f"looks at {LOG.origin}\n"
        asked = Running(tmp_path, port=port)
        asked.wait()
        assert asked.add(LOG.ask(0, 3)).status == 200
        busy = _run("run", "--dir", tmp_path, "--listen", f"127.0.0.1:{port}", module=True)
        assert (busy.returncode, busy.stdout) == (1, "")
        assert busy.stderr == f"127.0.0.1:{port}: Address already in use\n"
    finally:
        process.terminate()
        assert process.wait(20) == 0
        assert process.stdout is not None
        process.stdout.close()


def test_what_cannot_be_done_is_one_line(tmp_path: Path) -> None:
    listen = f"--listen=127.0.0.1:{free_port()}"
    for given, why in [
        (("run", "--dir", tmp_path, listen), "no log is named: give --log VKEY, or put its key into"),
        (("run", "--dir", tmp_path, listen, "--log", "x"), "'x' is no key of a log"),
        (("run", "--dir", tmp_path, "--listen", "80", "--log", LOG.vkey), "'80' is neither HOST:PORT nor unix:PATH"),
        (("init", "--dir", "/proc/nowhere"), "/proc/nowhere: "),
        (("adopt", "--dir", tmp_path / "none", "x"), "key is missing"),
        (("adopt", "--dir", tmp_path, tmp_path / "none"), "none: No such file or directory"),
    ]:
        done = _run(*given, module=True)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done
        assert why in done.stderr


def test_a_witness_whose_memory_is_gone_does_not_start(tmp_path: Path) -> None:
    with running(tmp_path, LOG.vkey) as found:
        assert found.add(LOG.ask(0, 3)).status == 200
    for copy in ("state", "beside"):
        for path in (tmp_path / copy).glob("*.json"):
            path.unlink()
    done = _run("run", "--dir", tmp_path, "--log", LOG.vkey, module=True)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith(f"the state of {LOG.origin} is refused: ")


def test_it_loads_neither_django_nor_a_database_driver() -> None:
    code = "import compliance.witness.command, compliance.witness.app, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert loaded & {"django", "psycopg", "redis", "celery", "ledger"} == set()


@pytest.mark.parametrize("text", ["", ":", "7380", "host:", "host:x", "host:0", "host:65536", "host:\u0663", ":80"])
def test_where_nobody_can_listen_is_refused(text: str) -> None:
    with pytest.raises(WitnessError, match="neither HOST:PORT nor unix:PATH"):
        Listen.parse(text)


def test_addresses_of_both_kinds_and_sockets_are_understood() -> None:
    assert Listen.parse("w.example:80") == (None, "w.example", 80)
    assert Listen.parse("[::1]:7380") == (None, "::1", 7380)
    assert Listen.parse("unix:/run/w") == (Path("/run/w"), "", 0)


def test_the_process_that_takes_over_is_told_the_same() -> None:
    options = {
        "action": "run",
        "dir": Path("/d"),
        "beside": Path("/b"),
        "name": "w",
        "listen": "h:1",
        "log": ["a", "b"],
    }
    told = ["run", "--dir=/d", "--beside=/b", "--name=w", "--listen=h:1", "--log=a", "--log=b"]
    assert words(options | {"tls_key": None, "verbosity": 1}) == told
