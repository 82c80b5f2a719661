"""A conversation in a terminal: what comes appears above the line that one types."""

import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from prompt_toolkit import PromptSession
from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.input import create_input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import ColorDepth, Output, create_output
from prompt_toolkit.styles import Style

from ...errors import SecureFileTransferError
from .chat_lines import Lines, peer_name
from .failures import report_error
from .terminal import count_text, has_colour, is_terminal, note, out, styled

if TYPE_CHECKING:
    from ...client import AsyncClient, ChatInfo, ChatMessage

_SHOWN = 20
_COUNT_SECONDS = 10.0
_GOODBYE_SECONDS = 5.0
_FOUND = 20
_STYLE = Style.from_dict({"status": "ansibrightblack", "mark": "ansicyan", "notice": "ansiyellow"})
_HELP = """\
Type a message and press Enter; Alt-Enter begins a new line.
  /older         what was said before
  /search WORDS  messages of this conversation that hold all of the words
  /quit          leave, as Ctrl-D does
A message that begins with a slash: type the slash twice."""


async def talk(client: "AsyncClient", info: "ChatInfo", me: str | None) -> int:
    """Talk in a conversation until somebody leaves; `me` is what we are called, if we have a name.

    Raises:
        SecureFileTransferError: what no waiting mends, such as that the session has ended.
    """
    return await _Talk(client, info, me).run()


class _Talk:
    def __init__(self, client: "AsyncClient", info: "ChatInfo", me: str | None) -> None:
        self._client, self._info, self._me = client, info, me
        self._lines = Lines(me)
        self._first = 0
        self._mine = 0
        self._elsewhere = 0
        self._trouble = False
        self._failed: SecureFileTransferError | None = None
        self._waiting: asyncio.Queue[tuple[UUID, str]] = asyncio.Queue()
        self._unsent = 0
        self._prompt: PromptSession[str] = PromptSession(
            erase_when_done=True,
            key_bindings=_keys(),
            style=_STYLE,
            color_depth=None if has_colour(sys.stdout) else ColorDepth.DEPTH_1_BIT,
            input=create_input(sys.stdin),
            output=_output(),
        )

    async def run(self) -> int:
        """Show the last messages, and then whatever comes."""
        number = self._info.number
        messages = await self._client.chat_messages(number, limit=_SHOWN)
        peer = peer_name(self._info.peer, self._info.name)
        note(f"You talk with {peer}. {styled('/help tells more, Ctrl-D leaves.', 'dim', sys.stderr)}")
        self._first = messages[0].sequence if messages else 1
        if self._first > 1:
            out(styled("/older shows what was said before", "dim", sys.stdout))
        last = messages[-1].sequence if messages else self._info.last
        await self._show(messages)
        tasks = [asyncio.create_task(each) for each in (self._follow(last), self._post(), self._count())]
        try:
            while (line := await self._ask()) is not None and line.strip() != "/quit":
                await self._do(line)
            await self._leave()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return 1 if self._unsent else 0

    # --- what is typed ------------------------------------------------------------------------------------------

    async def _ask(self) -> str | None:
        """A line; None is the end."""
        try:
            return await self._prompt.prompt_async(self._status)
        except KeyboardInterrupt:
            return "" if self._prompt.default_buffer.text else None
        except EOFError:
            if self._failed is not None:
                raise self._failed from None
            return None
        finally:
            # The event loop left the terminal without waiting, for us and for whoever comes after us.
            if os.name == "posix" and is_terminal(sys.stdin):
                os.set_blocking(sys.stdin.fileno(), True)

    async def _do(self, line: str) -> None:
        command, _, rest = line.strip().partition(" ")
        if not command:
            return
        if not line.startswith("/") or line.startswith("//"):
            self._unsent += 1
            self._waiting.put_nowait((uuid4(), line.removeprefix("/") if line.startswith("//") else line))
        else:
            await self._guarded(command, rest)

    async def _guarded(self, command: str, rest: str) -> None:
        try:
            if command == "/older":
                await self._older()
            elif command == "/search" and rest.strip():
                await self._search(rest)
            else:
                await _above(_HELP.splitlines())
        except SecureFileTransferError as error:
            await _told(error)

    async def _older(self) -> None:
        found = await self._client.chat_messages(self._info.number, before=self._first, limit=_SHOWN)
        if not found:
            await _above([styled("Nothing was said before.", "dim", sys.stdout)])
            return
        self._first = found[0].sequence
        rule = styled("-- before --", "dim", sys.stdout)
        await _above([rule, *Lines(self._me).of(found), styled("-- now --", "dim", sys.stdout)])

    async def _search(self, words: str) -> None:
        found = await self._client.search_messages(words, number=self._info.number, limit=_FOUND)
        told = styled(f"-- {count_text(len(found), 'message')} found --", "dim", sys.stdout)
        await _above([*Lines(self._me).of(each.message for each in reversed(found)), told])

    async def _leave(self) -> None:
        """Wait a moment for what is still on its way."""
        if self._unsent:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._waiting.join(), _GOODBYE_SECONDS)
        if self._unsent:
            note(f"{count_text(self._unsent, 'message')} could not be sent.")

    # --- what happens -------------------------------------------------------------------------------------------

    async def _follow(self, after: int) -> None:
        try:
            async for news in self._client.follow_chat(self._info.number, after):
                self._trouble = news.trouble is not None
                self._info = news.chat or self._info
                await self._show(news.messages)
                self._prompt.app.invalidate()
        except SecureFileTransferError as error:
            self._failed = error
            if self._prompt.app.is_running:
                self._prompt.app.exit(exception=EOFError())

    async def _show(self, messages: "Sequence[ChatMessage]") -> None:
        """Print them above the prompt; what others wrote is read then."""
        if not messages:
            return
        await _above(self._lines.of(messages))
        self._mine = max([self._mine, *(each.sequence for each in messages if each.mine)])
        if any(not each.mine for each in messages):
            with suppress(SecureFileTransferError):  # the next one will do
                await self._client.mark_read(self._info.number, messages[-1].sequence)

    async def _post(self) -> None:
        """Send what was typed, in order; what was not answered is sent again under the same id."""
        while True:
            key, text = await self._waiting.get()
            while True:
                try:
                    await self._client.send_message(self._info.number, text, message_id=key)
                except SecureFileTransferError as error:
                    if error.retryable:
                        continue  # it has been waiting in between
                    await _told(error)
                break
            self._unsent -= 1
            self._waiting.task_done()

    async def _count(self) -> None:
        """What waits in other conversations."""
        while True:
            with suppress(SecureFileTransferError):
                total = await self._client.unread_messages()
                here = (await self._client.chat(self._info.number)).unread
                self._elsewhere = max(0, total - here)
                self._prompt.app.invalidate()
            await asyncio.sleep(_COUNT_SECONDS)

    def _status(self) -> FormattedText:
        """The prompt: what became of the last message and what waits elsewhere, above the line that one types."""
        state = []
        if self._unsent:
            state.append(("class:status", "sending"))
        elif self._mine:
            read, there = self._info.peer_read >= self._mine, self._info.peer_delivered >= self._mine
            state.append(("class:status", "read" if read else "delivered" if there else "sent"))
        if self._info.gone:
            state.append(("class:notice", "has left"))
        if self._elsewhere:
            state.append(("class:notice", f"{self._elsewhere} unread elsewhere"))
        if self._trouble:
            state.append(("class:notice", "no connection, trying again"))
        parts = [("class:status", f"-- {peer_name(self._info.peer, self._info.name)}")]
        parts += [piece for part in state for piece in (("class:status", ", "), part)]
        return FormattedText([*parts, ("class:status", " --\n"), ("class:mark", "> ")])


async def _above(lines: Sequence[str]) -> None:
    """Print lines above the prompt, if there is one at the moment."""

    def work() -> None:
        for line in lines:
            out(line)
        sys.stdout.flush()

    await run_in_terminal(work)


async def _told(error: SecureFileTransferError) -> None:
    await run_in_terminal(lambda: report_error(error))


def _keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("escape", "enter")
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    return keys


def _output() -> Output:
    """The terminal, without asking it where the cursor is; see `shell.interactive`."""
    output = create_output(always_prefer_tty=True)
    if hasattr(output, "enable_cpr"):
        output.enable_cpr = False
    return output
