"""A transfer as people see it: a bar on a terminal, one line at the end, and nothing in between elsewhere."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .terminal import count_text, duration_text, is_terminal, note, safe, size_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

    from ...client import Progress


_RATE_FROM = 1024 * 1024
"""Below this size a rate says more about the connection's beginning than about its speed."""


class Display:
    """Where one command's transfers are shown. Create it, hand out `watch`, and print `summary` at the end."""

    def __init__(self, *, quiet: bool, clock: "Callable[[], float]" = time.monotonic) -> None:
        self.quiet = quiet
        self._clock = clock
        self._seconds = 0.0
        self.remarks: Callable[[], Sequence[str]] = tuple
        """Lines that stand below the bar, such as warnings of the operators."""

    @property
    def seconds(self) -> float:
        """How long all that was watched took."""
        return self._seconds

    @contextmanager
    def watch(self, title: str) -> "Iterator[Callable[[Progress], None] | None]":
        """Show one call of the client while it runs; gives the callback for its progress, None where nobody looks."""
        begin = self._clock()
        try:
            with self._shown(title) as update:
                yield update
        finally:
            self._seconds += self._clock() - begin

    @contextmanager
    def _shown(self, title: str) -> "Iterator[Callable[[Progress], None] | None]":
        if self.quiet or not is_terminal(sys.stderr):
            yield None
            return
        bars = _bars()
        bars.remarks = self.remarks
        task = bars.add_task(safe(title), total=None, start=True)
        with bars, put_away_while_stopped(bars):

            def update(progress: "Progress") -> None:
                many = progress.files_total > 1
                label = f"{progress.files_done:,}/{progress.files_total:,} files" if many else safe(title)
                bars.current = safe(progress.path) if many else ""
                bars.update(task, completed=progress.done, total=progress.total, description=label)

            yield update

    def summary(self, files: int, size: int, *, read_back: bool = False, skipped: int = 0, failed: int = 0) -> None:
        """The line at the end, such as `3 files, 1.2 GiB in 4.0 s, 310 MiB/s, SHA-256 verified`."""
        parts = [count_text(files, "file")]
        if files:
            parts = [f"{parts[0]}, {size_text(size)} in {duration_text(self._seconds)}"]
        if size >= _RATE_FROM and self._seconds > 0:
            parts.append(f"{size_text(size / self._seconds)}/s")
        if files:
            parts.append("verified by reading back" if read_back else "SHA-256 verified")
        if skipped:
            parts.append(f"{skipped:,} skipped")
        if failed:
            parts.append(f"{failed:,} failed")
        note(", ".join(parts), quiet=self.quiet)


@contextmanager
def put_away_while_stopped(bars: Any) -> "Iterator[None]":
    """Ctrl-Z finds the terminal as it was, cursor and all; after `fg` the bar is drawn again.

    What stops us is the signal's own effect, asked for once more, so that the shell hears of it; where there is no
    shell to bring us back, the system ignores it.
    """
    import asyncio

    number = getattr(signal, "SIGTSTP", None)
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        loop = None
    if loop is None or number is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop() -> None:
        bars.stop()
        loop.remove_signal_handler(number)
        os.kill(os.getpid(), number)
        loop.add_signal_handler(number, stop)
        bars.start()

    loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        loop.remove_signal_handler(number)


def _bars() -> Any:
    """The bar of rich, in the words and units of the rest of this program. Made late: rich takes a while to load."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
    from rich.table import Column
    from rich.text import Text

    whole = Column(no_wrap=True)

    class Percent(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text("" if task.total is None else f"{task.percentage:>3.0f}%", style="bold")

    class Amount(ProgressColumn):
        def render(self, task: Task) -> Text:
            done = size_text(task.completed)
            return Text(done if task.total is None else f"{done} of {size_text(task.total)}")

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{size_text(task.speed)}/s" if task.speed else "", style="green")

    class Bars(Progress):
        current = ""
        remarks: Callable[[], Sequence[str]] = tuple

        def get_renderables(self) -> "Iterable[RenderableType]":
            yield from super().get_renderables()
            if self.current:
                yield Text(f"  {self.current}", style="dim", no_wrap=True, overflow="ellipsis")
            for remark in self.remarks():
                yield Text(f"! {remark}", style="bold yellow")

    return Bars(
        TextColumn(
            "{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis", max_width=20)
        ),
        BarColumn(
            bar_width=None, style="bright_black", complete_style="cyan", finished_style="green", pulse_style="cyan"
        ),
        Percent(table_column=whole),
        Amount(table_column=whole),
        Rate(table_column=whole),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True, table_column=whole),
        console=Console(stderr=True),
        expand=True,
        transient=True,
        redirect_stdout=False,
    )
