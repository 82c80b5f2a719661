"""The prompt: editing, history and completion by prompt_toolkit, which is imported only for it."""

import os
import sys
from collections.abc import AsyncGenerator, Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.input import create_input
from prompt_toolkit.output import ColorDepth, create_output
from prompt_toolkit.shortcuts import CompleteStyle
from prompt_toolkit.styles import Style

from ..connection import run
from ..terminal import cells, has_colour, out, safe, width
from .completing import Listings, choices
from .history import PrivateHistory
from .running import Shell, is_end

if TYPE_CHECKING:
    from prompt_toolkit.output import Output

_STYLE = Style.from_dict(
    {
        "who": "ansibrightblack",
        "where": "bold ansiblue",
        "mark": "ansicyan",
        "completion-menu": "bg:default fg:default noreverse",
        "completion-menu.completion": "bg:default fg:default",
        "completion-menu.completion.current": "bg:default fg:default reverse",
        "scrollbar.background": "bg:default",
        "scrollbar.button": "bg:default",
    }
)


class _Completer(Completer):
    def __init__(self, shell: Shell, listings: Listings) -> None:
        self._shell, self._listings = shell, listings

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:  # noqa: ARG002
        return ()  # the event loop of the prompt is that of the client: it asks the method below

    async def get_completions_async(
        self,
        document: Document,
        complete_event: CompleteEvent,  # noqa: ARG002
    ) -> AsyncGenerator[Completion, None]:
        for choice in await choices(document.text_before_cursor, self._shell.cwd, self._listings):
            yield Completion(choice.insert, display=choice.shown)


def interact(shell: Shell, who: str, history: Path) -> int:
    """Ask for lines and do them until somebody leaves; returns the exit code."""
    listings = Listings()
    ask = _plain(shell, who) if os.environ.get("TERM") == "dumb" else _edited(shell, who, history, listings)
    while not shell.ended:
        try:
            line = ask()
            if line is None:
                break
            code = shell.line(line)
        except KeyboardInterrupt:  # Ctrl-C once more, while the first was told
            continue
        listings.forget()
        if is_end(code):
            return code
    return 0


def _edited(shell: Shell, who: str, history: Path, listings: Listings) -> Callable[[], str | None]:
    """What asks for a line, with all that an editor of lines can do; None is the end."""
    session: PromptSession[str] = PromptSession(
        history=PrivateHistory(history),
        completer=_Completer(shell, listings),
        complete_while_typing=False,
        complete_style=CompleteStyle.MULTI_COLUMN,
        enable_history_search=True,
        enable_suspend=True,
        reserve_space_for_menu=6,
        style=_STYLE,
        color_depth=None if has_colour(sys.stdout) else ColorDepth.DEPTH_1_BIT,
        input=create_input(sys.stdin),
        output=_output(),
    )

    async def ask() -> str | None:
        try:
            return await session.prompt_async(FormattedText(prompt(shell, who)))
        except KeyboardInterrupt:
            return ""
        except EOFError:
            return None
        finally:
            # The event loop left the terminal without waiting, for us and for whoever comes after us.
            if os.name == "posix":
                os.set_blocking(sys.stdin.fileno(), True)

    return lambda: run(ask())


def _plain(shell: Shell, who: str) -> Callable[[], str | None]:
    """The same for terminals that can move no cursor, such as a shell within Emacs."""

    def ask() -> str | None:
        sys.stdout.write("".join(text for _, text in prompt(shell, who)))
        sys.stdout.flush()
        try:
            line = sys.stdin.readline()
        except KeyboardInterrupt:
            line = "\n"
            out("")
        return line.removesuffix("\n") if line else None

    return ask


def _output() -> "Output":
    """The terminal, without asking it where the cursor is.

    Over a slow line the answer would arrive after the next command has begun, and be shown as if somebody had typed it.
    """
    output = create_output(always_prefer_tty=True)
    if hasattr(output, "enable_cpr"):
        output.enable_cpr = False
    return output


def prompt(shell: Shell, who: str) -> list[tuple[str, str]]:
    """`mona@nas:/photos> `; of a long path the beginning is left out, so that there is room to type."""
    room = max(10, width() // 2 - cells(who))
    path = safe(str(shell.cwd))
    parts = path.split("/")[1:]
    while cells(path) > room and len(parts) > 1:
        parts = parts[1:]
        path = "…/" + "/".join(parts)
    return [("class:who", f"{safe(who)}:"), ("class:where", path), ("class:mark", "> ")]
