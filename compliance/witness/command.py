"""The witness's commands: `init`, `run` and `adopt`."""

import os
import socket
import time
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from compliance.witness import durable, serving
from compliance.witness.errors import WitnessError
from compliance.witness.logs import parse
from compliance.witness.opening import opened

HEADER_MILLISECONDS = 10_000
BACKLOG, BUSY = 128, 64
"""Connections that may wait, and requests that are answered at a time."""
STOP_SECONDS = 5
_OPTIONS = ("beside", "name", "address", "listen", "tls_certificate", "tls_key")
Say = Callable[[str], None]


class Listen(NamedTuple):
    """Where the witness listens: a Unix socket, or a host and a port."""

    path: Path | None
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "Listen":
        """`HOST:PORT`, `[HOST]:PORT` or `unix:PATH`. Raises WitnessError."""
        if text.startswith("unix:"):
            return cls(Path(text.removeprefix("unix:")), "", 0)
        host, _, port = text.rpartition(":")
        if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 1 << 16:
            raise WitnessError(f"{text!r} is neither HOST:PORT nor unix:PATH")
        return cls(None, host.strip("[]"), int(port))


def arguments(parser: ArgumentParser) -> Mapping[str, ArgumentParser]:
    """Declares the commands and their options; the parsers of the commands."""
    commands = parser.add_subparsers(dest="action", required=True)
    init = commands.add_parser("init", help="make the key, name the logs, print the witness's public key")
    init.add_argument(
        "--address", metavar="URL", help="where logs reach it: DIR/client gets a value for QENEX_WITNESSES"
    )
    run = commands.add_parser("run", help="answer logs until it is stopped; makes the key where there is none")
    run.add_argument("--listen", default="127.0.0.1:7380", metavar="HOST:PORT", help="or unix:PATH")
    run.add_argument("--tls-certificate", type=Path, metavar="FILE", help="PEM, with its chain")
    run.add_argument("--tls-key", type=Path, metavar="FILE", help="PEM, PKCS#8")
    adopt = commands.add_parser("adopt", help="remember a log again, by a checkpoint that this witness has cosigned")
    adopt.add_argument("checkpoint", type=Path, metavar="FILE")
    for each in (init, run, adopt):
        each.add_argument("--dir", type=Path, required=True, metavar="DIR", help="the key and all that is remembered")
        each.add_argument("--beside", type=Path, metavar="DIR", help="the second memory; best on another disk")
    for each in (init, run):
        each.add_argument(
            "--name", default=f"{socket.gethostname()}/witness", help="of the witness, when its key is made"
        )
        each.add_argument("--log", action="append", default=[], metavar="VKEY", help="a log's public key")
    return {"init": init, "run": run, "adopt": adopt}


def words(options: Mapping[str, Any]) -> list[str]:
    """The command line that `arguments` would read as these options."""
    given = [options["action"], f"--dir={options['dir']}"]
    given += [f"--{name.replace('_', '-')}={options[name]}" for name in _OPTIONS if options.get(name)]
    given += [f"--log={line}" for line in options.get("log", ())]
    return given + ([str(options["checkpoint"])] if options.get("checkpoint") else [])


def carry_out(options: Mapping[str, Any], say: Say) -> None:
    """Does what the options ask for. Raises WitnessError."""
    try:
        {"init": _init, "run": _run, "adopt": _adopt}[options["action"]](options, say)
    except OSError as error:
        raise WitnessError(f"{error.filename or options['dir']}: {error.strerror or error}") from None


def _init(options: Mapping[str, Any], say: Say) -> None:
    given = [parse(line) for line in options["log"]]
    witness = opened(options)
    logs = witness.logs.path
    known = set(logs.read_text().splitlines()) if logs.exists() else set()
    for line in dict.fromkeys(each.strip() for each in options["log"]):
        if line not in known:
            durable.append(logs, line)
    witness.states.check()
    if options["address"]:
        durable.write(options["dir"] / "client", f"{witness.key.vkey}={options['address']}\n".encode(), mode=0o644)
    say(witness.key.vkey)
    for origin, _ in given:
        say(f"looks at {origin}")


def _adopt(options: Mapping[str, Any], say: Say) -> None:
    state = opened(options).adopt(options["checkpoint"].read_text())
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    done = f"{now} {state.origin} {state.size} {state.root.hex()}"
    durable.append(options["dir"] / "adopted.log", done)
    say(f"From now on {state.origin} has {state.size} entries at least.")


def _run(options: Mapping[str, Any], say: Say) -> None:
    listen = Listen.parse(options["listen"])
    witness = opened(options)
    witness.states.check()
    if not witness.logs.all():
        raise WitnessError(f"no log is named: give --log VKEY, or put its key into {witness.logs.path}")
    _check_free(listen)
    say(f"{witness.key.vkey} listens at {options['listen']}")
    for origin in sorted(witness.logs.all()):
        say(f"looks at {origin}")
    os.environ[serving.VARIABLE] = serving.told(options)
    _serve(listen, options)


def _check_free(listen: Listen) -> None:
    """Raises WitnessError where somebody listens there: the server would share the port with him."""
    if listen.path is not None:
        listen.path.unlink(missing_ok=True)
        return
    with socket.socket(socket.AF_INET6 if ":" in listen.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((listen.host, listen.port))
        except OSError as error:
            raise WitnessError(f"{listen.host}:{listen.port}: {error.strerror or error}") from None


def _serve(listen: Listen, options: Mapping[str, Any]) -> None:
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces, Loops
    from granian.http import HTTP1Settings
    from granian.log import LogLevels

    Granian(
        f"{serving.__name__}:{serving.serving.__name__}",
        factory=True,
        address=listen.host or "127.0.0.1",
        port=listen.port,
        uds=listen.path,
        interface=Interfaces.ASGINL,
        loop=Loops.asyncio,
        http=HTTPModes.http1,
        websockets=False,
        backlog=BACKLOG,
        backpressure=BUSY,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_MILLISECONDS),
        log_level=LogLevels.warning,
        ssl_cert=options["tls_certificate"],
        ssl_key=options["tls_key"],
    ).serve()
