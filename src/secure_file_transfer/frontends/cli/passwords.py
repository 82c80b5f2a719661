"""Passwords: typed without an echo, or the first line of standard input. Never an argument: everybody sees those."""

import sys

from .failures import UsageError
from .terminal import is_terminal, note

_LONGEST = 4096


def ask_password(text: str) -> str:
    """Ask on the terminal, without an echo.

    Raises:
        UsageError: there is no terminal.
    """
    import getpass

    if not is_terminal(sys.stdin):
        raise UsageError("There is no terminal to ask for the password", hint="Pipe it in with --password-stdin.")
    try:
        return getpass.getpass(text, stream=sys.stderr)
    except EOFError:
        raise KeyboardInterrupt from None


def ask_secret(text: str, option: str) -> str:
    """Ask for another secret in the same way.

    Raises:
        UsageError: nothing was typed.
    """
    import getpass

    try:
        typed = getpass.getpass(text, stream=sys.stderr).strip()
    except EOFError:
        raise KeyboardInterrupt from None
    if not typed:
        raise UsageError("Nothing was typed", hint=f"In scripts, pipe it in with {option}.")
    return typed


def read_password(what: str = "password") -> str:
    """The first line of standard input.

    Raises:
        UsageError: it is empty or far too long.
    """
    line = sys.stdin.readline(_LONGEST + 1)
    password = line.removesuffix("\n").removesuffix("\r")
    if not password:
        raise UsageError(f"No {what} arrived on standard input", hint=f"Pipe one line in, as in: sft … < {what}.txt")
    if len(password) > _LONGEST:
        raise UsageError(f"The {what} is longer than {_LONGEST} characters")
    return password


def new_password(name: str, *, from_stdin: bool) -> str:
    """A password for a new account, typed twice.

    Raises:
        UsageError: the two differ three times, or there is no terminal.
    """
    if from_stdin:
        return read_password()
    for _ in range(3):
        first = ask_password(f"New password for {name}: ")
        if first == ask_password("The same again: "):
            return first
        note("These two are different. Once more.")
    raise UsageError("The two passwords were different three times")
