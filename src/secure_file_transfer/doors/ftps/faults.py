"""Where this door's own faults go: into the log, where somebody has set one up; else to nobody's standard output."""

import structlog

_log = structlog.get_logger()


def fault(what: str, error: BaseException | None = None) -> None:
    """Something of ours failed; without `error` it is the exception that is being handled."""
    if structlog.is_configured():
        _log.error(what, exc_info=error or True)


def warn(what: str, **facts: object) -> None:
    """Something that an operator wants to know."""
    if structlog.is_configured():
        _log.warning(what, **facts)
