"""The web app: what `web/` was built into, out of memory, each file compressed once.

Files under `assets/` carry the hash of their content in their names, so a browser keeps them for good and asks again
only for the page that names them.
"""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from importlib import resources
from importlib.resources.abc import Traversable

from .context import joined_fields
from .exchange import Exchange
from .problems import Headers

POLICY = (
    b"default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' blob:; "
    b"font-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    b"base-uri 'none'"
)
_TYPES = {
    "css": b"text/css; charset=utf-8",
    "html": b"text/html; charset=utf-8",
    "js": b"text/javascript; charset=utf-8",
    "json": b"application/json",
    "png": b"image/png",
    "svg": b"image/svg+xml",
    "webmanifest": b"application/manifest+json",
    "woff2": b"font/woff2",
}
_COMPACT = frozenset({b"image/png", b"font/woff2"})
_PAGE = b"index.html"
PLACES = frozenset({b"", b"files", b"shared", b"sharing", b"trash", b"search", b"chat", b"account", b"admin"})
"""How addresses within the app begin: they all are the one page, which finds out by itself what to show."""


@dataclass(frozen=True, slots=True)
class _Part:
    content: bytes
    compressed: bytes | None
    kind: bytes
    etag: bytes


class WebApp:
    """The built web app. `there` is False where nobody has built it; the server works without it."""

    def __init__(self, folder: Traversable | None = None) -> None:
        folder = resources.files(__package__).joinpath("static") if folder is None else folder
        self._parts = dict(_parts(folder, b"")) if folder.is_dir() else {}

    @property
    def there(self) -> bool:
        """Whether there is anything to serve."""
        return _PAGE in self._parts

    async def serve(self, exchange: Exchange, path: bytes) -> bool:
        """Answer a GET or HEAD, if that is an address of the app. Returns whether it is."""
        if not self.there:
            return False
        first, slash, _ = path[1:].partition(b"/")
        name = _PAGE if first in PLACES and (first or not slash) else path[1:]
        part = self._parts.get(name)
        if part is None:
            return False
        await _send(exchange, part, lasting=name.startswith(b"assets/"))
        return True


def _parts(folder: Traversable, above: bytes) -> Iterator[tuple[bytes, _Part]]:
    for each in folder.iterdir():
        name = above + each.name.encode()
        if each.is_dir():
            yield from _parts(each, name + b"/")
        elif kind := _TYPES.get(each.name.rpartition(".")[2]):
            content = each.read_bytes()
            small = None if kind in _COMPACT else gzip.compress(content, 9, mtime=0)
            yield name, _Part(content, small, kind, b'"' + sha256(content).hexdigest()[:20].encode() + b'"')


async def _send(exchange: Exchange, part: _Part, *, lasting: bool) -> None:
    fields = joined_fields(exchange.scope["headers"])
    headers: Headers = [
        (b"etag", part.etag),
        (b"cache-control", b"public, max-age=31536000, immutable" if lasting else b"no-cache"),
        (b"vary", b"accept-encoding"),
        (b"content-type", part.kind),
        (b"content-security-policy", POLICY),
    ]
    if fields.get(b"if-none-match") == part.etag:
        await exchange.answer(304, headers, b"")
        return
    content = part.content
    if part.compressed is not None and b"gzip" in fields.get(b"accept-encoding", b""):
        content = part.compressed
        headers.append((b"content-encoding", b"gzip"))
    await exchange.answer(200, [*headers, (b"content-length", b"%d" % len(content))], content)
