"""Whoever makes small pictures of files."""

from collections.abc import Iterable
from typing import Protocol

from .storage import Buffer


class Renderer(Protocol):
    """Draws pictures. The content is taken for hostile, whoever sent it."""

    def render(self, kind: str, box: int, size: int, pieces: Iterable[Buffer]) -> bytes:
        """A WebP picture of a content of `size` bytes, at most `box` pixels wide and high, without any metadata.

        `kind` is `image` or `pdf`, of which the first page is drawn. It takes bounded time and memory, and keeps
        nothing of one content while it draws another.

        Raises:
            UnsupportedContentError: it is no such content, is damaged, would be too large, or took too long.
            BusyError: too many are drawn already.
            whatever `pieces` raises.
        """

    def close(self) -> None:
        """Draw no more."""
