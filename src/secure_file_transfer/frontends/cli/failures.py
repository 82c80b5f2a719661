"""How a command fails: one sentence, one hint, one exit code. Never a traceback, unless somebody asks for it."""

import os
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ...errors import SecureFileTransferError
from .terminal import is_terminal, safe, styled, width

SOME_FAILED = 1
USAGE = 2
INTERRUPTED = 130
"""128 + SIGINT, as shells count."""
_BROKEN_PIPE = 141
"""128 + SIGPIPE: the reader of our output went away, as in `sft ls | head`."""
_INTERNAL = 70

# An item fails alone only if the next one may succeed; these are about the server, the session or the disk.
_HOPELESS = frozenset(
    {
        "sign_in_required", "session_ended", "sign_in_failed", "too_many_requests", "no_space", "quota_exceeded",
        "unreachable", "interrupted", "timed_out", "certificate", "protocol_violation", "shutting_down", "storage",
        "configuration", "server_full", "maintenance",
    }
)  # fmt: skip


class UsageError(Exception):
    """The command was called in a way that makes no sense. `str(error)` says what; `hint` says what to do."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Stopped(Exception):  # noqa: N818 - not an error: somebody asked us to stop
    """A signal other than Ctrl-C ended the command."""

    def __init__(self, signal_number: int, hint: str = "") -> None:
        super().__init__()
        self.exit = 128 + signal_number
        self.hint = hint


_places: list[tuple[str, frozenset[str]]] = [("sft:", frozenset())]
"""What stands before errors, and the commands that are called without `sft` where they are told."""
_SPOKEN = re.compile(r"\bsft ([a-z]+)\b")


@contextmanager
def place(label: str, commands: frozenset[str]) -> Iterator[None]:
    """Within it, errors begin with `label`, and hints name these commands as one types them there: `ls`, not `sft ls`.

    Plain state and no context variable: tasks that began before it print errors too.
    """
    _places.append((label, commands))
    try:
        yield
    finally:
        _places.pop()


def spoken(text: str) -> str:
    """A hint in the words of the place: without `sft` before the commands of a shell."""
    commands = _places[-1][1]
    return _SPOKEN.sub(lambda found: found[1] if found[1] in commands else found[0], text)


def report(message: str, hint: str = "", *, label: str = "", style: str = "red") -> None:
    """Print an error or a warning: the sentence, and the hint on the next line.

    Both may carry words of a server, so on a terminal nothing in them can do more than be read.
    """
    label, hint = f"{_places[-1][0]} {label}".rstrip(), spoken(hint)
    if is_terminal(sys.stderr):
        message, hint = safe(message), safe(hint)
    indent = " " * (len(label) + 1)
    sys.stderr.write(f"{styled(label, style, sys.stderr)} {_wrapped(message, indent)}\n")
    if hint:
        sys.stderr.write(f"{indent}{styled(_wrapped(hint, indent), 'dim', sys.stderr)}\n")
    sys.stderr.flush()


def warn(message: str, hint: str = "") -> None:
    """Print a warning."""
    report(message, hint, label="warning:", style="yellow")


def report_error(error: SecureFileTransferError) -> None:
    """Print an error of the table."""
    report(str(error), error.hint)


def is_hopeless(error: SecureFileTransferError) -> bool:
    """Whether the other items of the same command would fail in the same way."""
    return error.code in _HOPELESS


def guarded(work: Callable[[], int]) -> int:
    """Run `work`; whatever it raises becomes words on stderr and an exit code."""
    try:
        code = work()
        sys.stdout.flush()
        return code
    except UsageError as error:
        report(str(error), error.hint)
        return USAGE
    except SecureFileTransferError as error:
        if os.environ.get("SFT_DEBUG"):
            _traceback()
        report_error(error)
        return error.row.exit
    except Stopped as stop:
        return _ended(stop.exit, stop.hint)
    except KeyboardInterrupt as interrupt:
        return _ended(INTERRUPTED, str(interrupt))
    except BrokenPipeError:
        # Python would complain again when it flushes stdout at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    except Exception as error:  # noqa: BLE001 - the last net: a bug must not throw a traceback at a user
        if os.environ.get("SFT_DEBUG"):
            _traceback()
        report(
            f"Internal error ({type(error).__name__}: {error})",
            "This is a fault of the program. Run it again with SFT_DEBUG=1 to see where, and report that.",
        )
        return _INTERNAL


def _ended(code: int, hint: str) -> int:
    """Somebody asked us to stop."""
    if code == INTERRUPTED and is_terminal(sys.stderr):
        sys.stderr.write("\n")
    report("Interrupted", hint)
    return code


def _traceback() -> None:
    import traceback

    traceback.print_exc()


def _wrapped(text: str, indent: str) -> str:
    """Whole words on a terminal; one line per sentence elsewhere, for grep."""
    if not is_terminal(sys.stderr):
        return text
    return textwrap.fill(
        text,
        width(),
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
        replace_whitespace=False,
    )[len(indent) :]
