"""The pages for people, and what else needs no sign-in: the CA certificate, health, static files.

Pages are rendered here from templates in `assets`, without outside resources and under a strict content policy.
"""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from importlib import resources
from string import Template

from ...errors import NotFoundError
from .context import Context, joined_fields
from .exchange import Exchange, raw_path
from .gate import Gate
from .problems import Headers
from .webapp import SETUP, WebApp

PAGE_POLICY = (
    b"default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    b"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_TYPES = {"css": b"text/css; charset=utf-8", "js": b"text/javascript; charset=utf-8", "svg": b"image/svg+xml"}
_STATIC = ("style.css", "visit.css", "visit.js", "copy.js", "icon.svg")
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?", re.ASCII)
_TEXT = b"text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class _Asset:
    content: bytes
    kind: bytes
    etag: bytes


def fingerprint(ca_pem: bytes) -> str:
    """SHA-256 of the first certificate's DER form, as `AB:CD:…`; empty when there is no certificate."""
    begin, end = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
    start, stop = ca_pem.find(begin), ca_pem.find(end)
    if start < 0 or stop < start:
        return ""
    der = ssl.PEM_cert_to_DER_cert(ca_pem[start : stop + len(end)].decode("ascii"))
    return sha256(der).digest().hex(":").upper()


def _in_groups(print_: str) -> str:
    """A fingerprint that breaks between groups of eight bytes, where the eye can keep its place."""
    return "".join(f"<span>{print_[at : at + 24]}</span>" for at in range(0, len(print_), 24))


def read_asset(name: str) -> bytes:
    """A file beside the pages."""
    return resources.files(__package__).joinpath("assets", name).read_bytes()


def _asset(name: str) -> _Asset:
    content = read_asset(name)
    return _Asset(content, _TYPES[name.rpartition(".")[2]], b'"' + sha256(content).hexdigest()[:20].encode() + b'"')


class Pages:
    """Answers everything outside `/api`."""

    def __init__(self, context: Context, gate: Gate) -> None:
        self._context = context
        self._gate = gate
        self._static: Mapping[bytes, _Asset] = {f"/static/{name}".encode(): _asset(name) for name in _STATIC}
        self._home = Template(read_asset("home.html").decode())
        self._app = None if context.services.sessions is None else WebApp()
        self.show_authority(context.services.ca_pem)

    def show_authority(self, ca_pem: bytes) -> None:
        """The certificate authority that `/ca.pem` and the home page tell of."""
        self._ca_pem = ca_pem
        self.fingerprint = _in_groups(fingerprint(ca_pem))

    async def serve(self, exchange: Exchange) -> None:
        """Answer a GET or HEAD.

        Raises:
            NotFoundError
        """
        path = raw_path(exchange.scope)
        if path == SETUP and not await self._setup_needed():
            raise NotFoundError("There is nothing at this address", hint="Begin at /.")
        if asset := self._static.get(path):
            await self._send_asset(exchange, asset)
        elif self._app is not None and await self._app.serve(exchange, path):
            return
        elif path in {b"/", b"/connect", SETUP}:
            await self._send_page(exchange, self._home, setup=await self._setup_needed())
        elif path == b"/ca.pem":
            headers = [(b"content-type", b"application/x-pem-file"), (b"cache-control", b"no-cache")]
            headers.append((b"content-disposition", b'attachment; filename="ca.pem"'))
            await _send(exchange, 200, headers, self._ca_pem)
        elif path == b"/ca.crl" and (devices := self._context.services.devices) is not None:
            crl = await self._context.workers.run(devices.crl)
            headers = [(b"content-type", b"application/pkix-crl"), (b"cache-control", b"no-cache")]
            await _send(exchange, 200, headers, crl)
        else:
            raise NotFoundError("There is nothing at this address", hint="Begin at /.")

    async def health(self, exchange: Exchange, *, ready: bool) -> None:
        """`/healthz` and `/readyz`."""
        operations = self._context.services.operations
        stops = operations is not None and operations.stopping.plan is not None
        good = not ready or (self._gate.is_open and not stops)
        headers = [(b"content-type", _TEXT), (b"cache-control", b"no-store")]
        await _send(exchange, 200 if good else 503, headers, b"ok\n" if good else b"not ready\n")

    async def _setup_needed(self) -> bool:
        setup = self._context.services.setup
        return setup is not None and await self._context.workers.run(setup.needed)

    async def _send_page(self, exchange: Exchange, template: Template, *, setup: bool) -> None:
        content = template.substitute(
            origin=escape("https://" + _host(exchange)),
            fingerprint=self.fingerprint,
            version=escape(self._context.services.version),
            # Sections of a page are shown or hidden whole, not put together from pieces.
            waiting="" if setup else "hidden",
            working="hidden" if setup else "",
        ).encode()
        headers: Headers = [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-security-policy", PAGE_POLICY),
            (b"cache-control", b"no-store"),
        ]
        await _send(exchange, 200, headers, content)

    async def _send_asset(self, exchange: Exchange, asset: _Asset) -> None:
        headers: Headers = [(b"etag", asset.etag), (b"cache-control", b"no-cache")]
        if joined_fields(exchange.scope["headers"]).get(b"if-none-match") == asset.etag:
            await exchange.answer(304, headers, b"")
            return
        await _send(exchange, 200, [(b"content-type", asset.kind), *headers], asset.content)


def _host(exchange: Exchange) -> str:
    """The name by which the peer reached us, if it can be one: it goes into commands that people copy."""
    given = joined_fields(exchange.scope["headers"]).get(b"host", b"").decode("latin-1")
    return given if _HOST.fullmatch(given) else "your-server:5000"


async def _send(exchange: Exchange, status: int, headers: Headers, content: bytes) -> None:
    await exchange.answer(status, [*headers, (b"content-length", b"%d" % len(content))], content)
