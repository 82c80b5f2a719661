"""Where this door's own faults go: into the log."""

from secure_file_transfer.logger import get_logger

_log = get_logger()


def fault(what: str, error: BaseException | None = None) -> None:
    """Something of ours failed; without `error` it is the exception that is being handled."""
    _log.error(what, exc_info=error or True)


def warn(what: str, **facts: object) -> None:
    """Something that an operator wants to know."""
    _log.warning(what, **facts)
