"""The program's own log lines, on their way to wherever somebody wants them.

The one way to write such a line. It goes to structlog where that is set up, as our server does; else, in somebody's
script, to the logger `secure_file_transfer` of the standard library, which is silent until the script sets up logging.
What is handed on of an exception is text: whoever prints it, local variables such as tokens and passwords are not there
to be shown (attack 42).
"""

import logging
import sys
import traceback
from typing import Any

import structlog

NAME = "secure_file_transfer"
_plain = logging.getLogger(NAME)
_plain.addHandler(logging.NullHandler())  # else warnings of a library would be on everybody's standard error


class Logger:
    """What happened, and facts about it by name. `exc_info` is an exception, or True for the one being handled."""

    def debug(self, event: str, **facts: Any) -> None:
        """Of interest while looking for a fault."""
        _write(logging.DEBUG, event, facts)

    def info(self, event: str, **facts: Any) -> None:
        """As it should be."""
        _write(logging.INFO, event, facts)

    def warning(self, event: str, **facts: Any) -> None:
        """Somebody should know."""
        _write(logging.WARNING, event, facts)

    def error(self, event: str, **facts: Any) -> None:
        """Somebody should do something."""
        _write(logging.ERROR, event, facts)

    def exception(self, event: str, **facts: Any) -> None:
        """An error, with the exception that is being handled."""
        _write(logging.ERROR, event, {"exc_info": True, **facts})


def get_logger() -> Logger:
    """For a module."""
    return Logger()


def _write(level: int, event: str, facts: dict[str, Any]) -> None:
    told = structlog.is_configured()
    if not told and not _plain.isEnabledFor(level):
        return
    error = facts.pop("exc_info", None)
    error = sys.exception() if error is True else error
    trace = "".join(traceback.format_exception(error)).rstrip("\n") if error else ""
    if told:
        found = {**facts, "exception": trace} if trace else facts
        getattr(structlog.get_logger(), logging.getLevelName(level).lower())(event, **found)
    else:
        line = " ".join([event, *(f"{name}={value!r}" for name, value in facts.items())])
        _plain.log(level, "%s", f"{line}\n{trace}" if trace else line)
