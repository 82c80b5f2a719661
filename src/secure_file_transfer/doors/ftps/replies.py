"""What is said on the control connection: a code, and text of one line or more."""

from dataclasses import dataclass

from ...errors import SecureFileTransferError

CLOSING = 421
"""Whoever hears this is disconnected (RFC 959, 4.2.1)."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply. `body` are the lines between the first and the last; `last` is there only where `body` is."""

    code: int
    text: str
    body: tuple[str, ...] = ()
    last: str = ""
    indented: bool = True
    """RFC 2389 and 3659 begin the lines of `body` with a space; it also keeps them from looking like the last one."""

    def encoded(self) -> bytes:
        """As it goes over the wire."""
        if not self.body and not self.last:
            return f"{self.code} {_line(self.text)}\r\n".encode(errors="replace")
        indent = " " if self.indented else ""
        lines = [f"{self.code}-{_line(self.text)}", *(indent + _line(each) for each in self.body)]
        lines.append(f"{self.code} {_line(self.last) or 'End.'}")
        return ("\r\n".join(lines) + "\r\n").encode(errors="replace")


def _line(text: str) -> str:
    """No text of anybody's can begin a reply of its own."""
    return "".join(c if c.isprintable() else "?" for c in text)


def refusal(error: SecureFileTransferError) -> Reply:
    """An error, by the one table."""
    text = str(error).rstrip(".")
    return Reply(error.row.ftp, f"{text}. {error.hint}".strip() if error.hint else f"{text}.")


class Refused(Exception):  # noqa: N818 - it carries a reply
    """Something that only this protocol knows, and says no to."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.reply = Reply(code, text)
