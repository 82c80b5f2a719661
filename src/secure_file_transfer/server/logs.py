"""Where log lines go: standard error, as text for people or JSON for machines."""

import logging
import sys
from contextlib import suppress

import structlog

from ..model import LogEvent


def configure_logs(level: str, form: str) -> None:
    """Set up structlog for a server process. `level` is debug, info, warning or error; `form` is text or json."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        # Plain, because a traceback that shows local variables would show keys and passwords.
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info if form == "json" else _as_it_is,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def _as_it_is(_logger: object, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return event


def print_event(event: LogEvent) -> None:
    """An event of the log as a line on standard error, where it matters enough. What is empty is left out."""
    if structlog.is_configured():
        told = {
            name: value
            for name in ("kind", "category", "actor", "address", "door", "target", "session", "request")
            if (value := getattr(event, name)) not in {"", None}
        }
        with suppress(OSError, ValueError):  # nobody listens any more; the act that it tells of has happened
            getattr(structlog.get_logger(), event.severity.value)(event.text, **told)
