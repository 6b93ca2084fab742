"""Logs: one ECS JSON object a line on standard output, or readable lines on a terminal; no secrets and no amounts."""

import logging.config
import re
import sys
from collections.abc import Mapping
from typing import Any

import ecs_logging
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

HIDDEN = "[hidden]"
_ECS = ecs_logging.StructlogFormatter(ensure_ascii=False)
_SECRET_KEY = re.compile(
    r"passw|token|secret|authorization|cookie|credential|api_?key|private|amount|balance|floor|debits|credits",
    re.IGNORECASE,
)
_SECRET_TEXT = re.compile(
    r"(?P<key>\b[\w-]*(?:passw|token|secret|api_?key|signature)[\w-]*=)[^&\s\"']+"
    r"|(?P<scheme>\b(?:Token|Bearer|Basic)\s+)[\w.~+/=-]{8,}",
    re.IGNORECASE,
)


def configure(config: Mapping[str, Any]) -> None:
    """Sets up the standard library's logging and structlog to write the same lines; `config` holds the `level`."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        add_logger,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": shared,
        "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_finish(human=sys.stdout.isatty())],
    }
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"line": formatter},
            "handlers": {"stdout": {"class": "logging.StreamHandler", "stream": sys.stdout, "formatter": "line"}},
            "root": {"handlers": ["stdout"], "level": config["level"]},
            # Django's request log repeats ours.
            "loggers": {"django.request": {"level": "ERROR"}, "django.channels.server": {"level": "WARNING"}},
        }
    )


def _finish(*, human: bool) -> list[Processor]:
    if human:
        stamp = structlog.processors.TimeStamper("%H:%M:%S", utc=False)
        return [
            structlog.processors.format_exc_info,
            redact,
            stamp,
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
        ]
    return [
        structlog.processors.format_exc_info,
        redact,
        structlog.processors.TimeStamper("iso", key="@timestamp"),
        ecs,
    ]


def ecs(logger: WrappedLogger, method: str, event: EventDict) -> str:
    """The line as ECS has it."""
    return _ECS(logger, method, dict(event))


def add_logger(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Names the logger as ECS does."""
    record = event.get("_record")
    event["log.logger"] = record.name if record is not None else getattr(logger, "name", None)
    event["log.level"] = event.pop("level")
    return event


def redact(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Hides secrets and amounts: by key at any depth, and by pattern inside texts."""
    for key, value in event.items():
        event[key] = HIDDEN if _SECRET_KEY.search(key) else _clean(value)
    return event


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _SECRET_TEXT.sub(lambda match: f"{match['key'] or match['scheme']}{HIDDEN}", value)
    if isinstance(value, Mapping):
        return {key: HIDDEN if _SECRET_KEY.search(str(key)) else _clean(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(inner) for inner in value]
    return value
