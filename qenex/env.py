"""Typed readers of environment variables, with `NAME_FILE` for secrets kept in files."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

_UNITS = {"s": 1.0, "min": 60.0, "hour": 3_600.0, "day": 86_400.0}


class EnvironmentProblem(Exception):
    """An environment variable that cannot be used; the message names it."""


def text(name: str, default: str = "") -> str:
    """The variable, or the content of the file that `NAME_FILE` points to, or the default."""
    path = os.environ.get(f"{name}_FILE")
    if path is None:
        return os.environ.get(name, default)
    if name in os.environ:
        raise EnvironmentProblem(f"{name} and {name}_FILE are both set; keep one of them")
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise EnvironmentProblem(f"{name}_FILE: {error}") from error


def integer(name: str, default: int) -> int:
    """A whole number."""
    value = text(name)
    try:
        return int(value) if value else default
    except ValueError:
        raise EnvironmentProblem(f"{name} must be a whole number, not {value!r}") from None


def boolean(name: str, default: bool) -> bool:
    """One of 1, true, yes, on and 0, false, no, off."""
    value = text(name).lower()
    if value in ("1", "true", "yes", "on"):
        return True
    if value in ("0", "false", "no", "off"):
        return False
    if value:
        raise EnvironmentProblem(f"{name} must be true or false, not {value!r}")
    return default


def choice(name: str, options: tuple[str, ...], default: str) -> str:
    """One of the options."""
    value = text(name, default)
    if value not in options:
        raise EnvironmentProblem(f"{name} must be one of {', '.join(options)}, not {value!r}")
    return value


def rate(name: str, default: str) -> tuple[int, float] | None:
    """How often, as in 60/min, and in how many seconds; none for `off`."""
    value = text(name, default)
    if value == "off":
        return None
    count, _, unit = value.partition("/")
    if not (count.isascii() and count.isdigit() and int(count) and unit in _UNITS):
        raise EnvironmentProblem(f"{name} must be off, or a number with /s, /min, /hour or /day, not {value!r}")
    return int(count), _UNITS[unit]


def words(name: str, default: str = "") -> list[str]:
    """Comma-separated words."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def database(url: str) -> dict[str, object]:
    """The NAME, USER, PASSWORD, HOST, PORT and libpq options of a PostgreSQL URL."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql"):
        raise EnvironmentProblem(f"a database URL must begin with postgresql://, not {parts.scheme or 'nothing'}://")
    options = dict(parse_qsl(parts.query))
    return {
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", unquote(parts.hostname or "")),
        "PORT": str(parts.port or ""),
        "OPTIONS": dict[str, object](options),
    }


def redis(url: str) -> str:
    """The URL, which asks for the server's certificate where TLS is spoken: Celery's own default takes any."""
    if not url.startswith("rediss://") or "ssl_cert_reqs=" in url:
        return url
    return f"{url}{'&' if urlsplit(url).query else '?'}ssl_cert_reqs=required"


def kept_secret(path: Path) -> str:
    """A random secret, made at the first call and kept in a file that only its owner reads."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        # Written whole beside its place first: of two processes that start at once, neither reads half of it.
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48))
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text()
