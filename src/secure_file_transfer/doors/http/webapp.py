"""The web app: what `web/` was built into, out of memory, each file compressed once, when it is first asked for.

Files under `assets/` carry the hash of their content in their names, so a browser keeps them for good and asks again
only for the page that names them.
"""

import asyncio
import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from importlib import resources
from importlib.resources.abc import Traversable

from .context import joined_fields
from .exchange import Exchange
from .problems import Headers

POLICY = (
    b"default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' blob:; "
    b"media-src 'self' blob:; font-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self'; "
    b"frame-ancestors 'none'; base-uri 'none'"
)
_DATA = b"application/octet-stream"
HASHING = b"default-src 'none'; script-src 'self' 'wasm-unsafe-eval'"
"""For the worker that computes SHA-256 of whole files, and nothing else: only there WebAssembly is allowed."""
_HASHER = re.compile(rb"assets/hash\.worker-[A-Za-z0-9_-]+\.js")
_TYPES = {
    "bcmap": _DATA,
    "css": b"text/css; charset=utf-8",
    "html": b"text/html; charset=utf-8",
    "js": b"text/javascript; charset=utf-8",
    "json": b"application/json",
    "mjs": b"text/javascript; charset=utf-8",
    "pfb": _DATA,
    "png": b"image/png",
    "svg": b"image/svg+xml",
    "ttf": _DATA,
    "webmanifest": b"application/manifest+json",
    "woff2": b"font/woff2",
}
_COMPACT = frozenset({b"image/png", b"font/woff2", _DATA})
_PAGE = b"index.html"
PLACES = frozenset({b"files", b"shared", b"sharing", b"trash", b"search", b"chat", b"account", b"admin", b"jobs"})
"""How addresses within the app begin: they all are the one page, which finds out by itself what to show."""


SETUP = b"/setup"
"""The first run's address. Whoever serves the app asks before whether there still is one (attack 25)."""


@dataclass(frozen=True)
class _Part:
    content: bytes
    kind: bytes
    etag: bytes

    @cached_property
    def compressed(self) -> bytes:
        """The same, smaller. What draws PDFs takes a tenth of a second: call it in a thread."""
        return gzip.compress(self.content, 9, mtime=0)


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
        first = path[1:].partition(b"/")[0]
        name = _PAGE if path in {b"/", SETUP} or first in PLACES else path[1:]
        part = self._parts.get(name)
        if part is None:
            return False
        policy = HASHING if _HASHER.fullmatch(name) else POLICY
        await _send(exchange, part, policy, lasting=name.startswith(b"assets/"))
        return True


def _parts(folder: Traversable, above: bytes) -> Iterator[tuple[bytes, _Part]]:
    for each in folder.iterdir():
        name = above + each.name.encode()
        if each.is_dir():
            yield from _parts(each, name + b"/")
        elif kind := _TYPES.get(each.name.rpartition(".")[2]):
            content = each.read_bytes()
            yield name, _Part(content, kind, b'"' + sha256(content).hexdigest()[:20].encode() + b'"')


async def _send(exchange: Exchange, part: _Part, policy: bytes, *, lasting: bool) -> None:
    fields = joined_fields(exchange.scope["headers"])
    headers: Headers = [
        (b"etag", part.etag),
        (b"cache-control", b"public, max-age=31536000, immutable" if lasting else b"no-cache"),
        (b"vary", b"accept-encoding"),
        (b"content-type", part.kind),
        (b"content-security-policy", policy),
    ]
    if fields.get(b"if-none-match") == part.etag:
        await exchange.answer(304, headers, b"")
        return
    content = part.content
    if part.kind not in _COMPACT and b"gzip" in fields.get(b"accept-encoding", b""):
        content = await asyncio.to_thread(lambda: part.compressed)
        headers.append((b"content-encoding", b"gzip"))
    await exchange.answer(200, [*headers, (b"content-length", b"%d" % len(content))], content)
