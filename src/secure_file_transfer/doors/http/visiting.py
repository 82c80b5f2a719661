"""`/s/<secret>`: the pages of a link, for people with a browser and nothing else.

A visitor gets a session when the page is opened, in a cookie that is sent to this link's pages only. What the pages
offer goes through the same services, rights and limits as the API; here it is only shown.
"""

import asyncio
import json
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import parse_qs
from uuid import UUID

from starlette.exceptions import HTTPException

from ...errors import (
    BusyError,
    InterruptedTransferError,
    InvalidRequestError,
    NotFoundError,
    SecureFileTransferError,
    ServerFullError,
    SignInFailedError,
    SignInRequiredError,
    TooLargeError,
    TooManyRequestsError,
)
from ...model import MIB, Conflict, Kind, Link, Principal, Rights
from ...paths import RemotePath
from ...ports import Draft
from ...services.chat import Said
from ...services.doing import Doing
from ...services.guests import cleaned
from ...services.links import Links
from ...services.sessions import Visit
from ...services.traffic import About, Direction
from . import cookies, visit_html
from .context import DOING_KEY, TOKEN_KEY, Caller, Context, joined_fields
from .downloads import get_file, get_zip
from .exchange import Exchange, raw_path
from .multipart import Begin, Data, End, Event, FormParser, boundary_of
from .passage import Passage
from .problems import Headers
from .query import read_pairs
from .visit_html import View
from .visit_words import spoken

PREFIX = b"/s/"
PAGE_ENTRIES = 200
_FORM_MAX = 16 * 1024
"""Of the form with a password, or with a line of a chat: each of its characters may take twelve bytes."""
_WORDS_MAX = 50
_REST_MAX = 64 * MIB
"""What is still read of a form that was refused: a browser looks at the answer only once it has sent everything."""
_POLICY = (
    b"default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; media-src 'self'; "
    b"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_ROBOTS = (b"x-robots-tag", b"noindex, nofollow")


class Visiting:
    """Answers everything below `/s/`."""

    def __init__(self, context: Context, links: Links) -> None:
        self._context = context
        self._links = links

    async def serve(self, exchange: Exchange) -> None:
        """Answer with a page, whatever happens; with a file or an archive where one is asked for."""
        if exchange.scope["method"] not in {"GET", "HEAD", "POST"}:
            raise HTTPException(405, headers={"Allow": "GET, HEAD, POST"})
        exchange.extra.append(_ROBOTS)
        text, _, rest = raw_path(exchange.scope)[len(PREFIX) :].partition(b"/")
        call = _Call(self._context, self._links, exchange, text.decode("latin-1"))
        try:
            await call.serve(RemotePath.from_url(b"/" + rest))
        except SecureFileTransferError as error:
            if exchange.status:
                raise
            await call.fail(error)


class _Call:
    """One request for a page of a link."""

    def __init__(self, context: Context, links: Links, exchange: Exchange, secret: str) -> None:
        self._context = context
        self._links = links
        self._exchange = exchange
        self._secret = secret
        self._base = f"/s/{secret}"
        self._caller: Caller = context.caller(exchange.scope)
        self._fields = joined_fields(exchange.scope["headers"])
        self._says = spoken(self._fields.get(b"accept-language", b""))
        self._plain = self._fields.get(b"accept", b"").startswith(b"application/json")
        """Whether it is the script of the page that asks: it makes the page of the answer by itself."""

    async def serve(self, path: RemotePath) -> None:
        """Find out who it is, and answer."""
        posted = self._exchange.scope["method"] == "POST"
        if posted:
            cookies.require_own_form(self._exchange.scope, self._fields)
            if self._fields.get(b"content-type", b"").startswith(b"application/x-www-form-urlencoded"):
                await self._unlock()
                return
        link = await self._context.workers.run(self._known)
        if link is None:
            link = await self._context.workers.run(lambda: self._links.find(self._secret))
            if link.protected:
                # No success: a program that asked for a file must not store the form as one.
                await self._page(401, visit_html.password_page(self._says, self._base))
                return
            self._remember(await self._context.workers.run(lambda: self._open(None)))
        if posted:
            count = await _Arrival(self._context, self._exchange, self._caller, link, self._into(link, path)).receive()
            if self._plain:
                await self._exchange.answer(204, [(b"cache-control", b"no-store")], b"")
                return
            url = self._base + ("" if path.is_root else path.to_url())
            await self._exchange.answer(303, _moved(f"{url}?received={count}"), b"")
            return
        await self._show(link, path)

    async def fail(self, error: SecureFileTransferError) -> None:
        """A page for what went wrong. Whatever the reason, a link that opens nothing has one page."""
        if self._plain and self._exchange.scope["method"] == "POST":
            told = json.dumps({"code": error.code, "told": self._says.told(error)}, ensure_ascii=False).encode()
            await self._exchange.answer(error.row.status, _described(b"application/json", told), told)
        elif isinstance(error, NotFoundError | SignInRequiredError):
            still = await self._context.workers.run(self._known_still)
            await self._page(
                404, visit_html.missing_page(self._says, self._base) if still else visit_html.gone_page(self._says)
            )
        else:
            await self._page(error.row.status, visit_html.failed_page(self._says, self._base, error))

    def _into(self, link: Link, path: RemotePath) -> RemotePath:
        """The folder that a file goes into: of a folder that was sent whole, the script says which one below.

        In a drop box there are no folders to be seen, so none are found or made.
        """
        below = dict(read_pairs(self._exchange.scope["query_string"])).get("into", "")
        parts = RemotePath.parse("/" + unicodedata.normalize("NFC", below)).parts if below else ()
        return RemotePath((*path.parts, *parts)) if Rights.READ in link.rights else path

    # --- who it is ------------------------------------------------------------------------------------------------

    def _known(self) -> Link | None:
        """The link, where the cookie of one of its visitors came with it."""
        try:
            token = cookies.token(self._fields, cookies.VISIT)
            link = None if token is None else self._links.visited(token, self._secret)
        except SignInRequiredError:
            return None
        if link is not None:
            self._exchange.scope[TOKEN_KEY] = token
        return link

    def _known_still(self) -> bool:
        """Whether the visit goes on: the link still opens, or at least for this visitor."""
        if self._exchange.scope.get(TOKEN_KEY) is None:
            return False
        try:
            session = self._caller.principal().session
            return (session is not None and session.counted) or self._links.find(self._secret).left != 0
        except SecureFileTransferError:
            return False

    def _open(self, password: str | None, name: str = "") -> Visit:
        return self._caller.visit(self._links, self._secret, password, name)

    def _remember(self, visit: Visit) -> None:
        self._exchange.scope[TOKEN_KEY] = visit.token
        self._exchange.extra.append((b"set-cookie", cookies.written_for(visit, self._base).encode()))

    async def _unlock(self) -> None:
        """Take the password that was typed, or a line for whoever shares, or that a warning was read."""
        try:
            form = parse_qs((await _read(self._exchange)).decode("utf-8", "replace"), max_num_fields=4)
        except ValueError:
            raise InvalidRequestError("The form cannot be read", hint="Go back and try again.") from None
        if "acknowledge" in form:
            await self._acknowledge(form["acknowledge"][0])
            return
        if "say" in form:
            await self._say(form["say"][0], form.get("key", [""])[0])
            return
        password, name = (form.get(key, [""])[0] for key in ("password", "name"))
        try:
            self._remember(await self._context.sign(self._caller, lambda: self._open(password, name), checked=True))
        except (SignInFailedError, TooManyRequestsError, BusyError, ServerFullError) as error:
            fault = self._says.told(error)
            await self._page(error.row.status, visit_html.password_page(self._says, self._base, fault, cleaned(name)))
            return
        await self._exchange.answer(303, _moved(self._base), b"")

    async def _acknowledge(self, number: str) -> None:
        live, link = self._context.services.live, await self._context.workers.run(self._known)
        if live is None or link is None or not (number.isascii() and number.isdecimal() and len(number) < 19):
            raise NotFoundError("There is no such warning")
        await self._caller.run(lambda who: live.control.acknowledge(who, int(number)))
        await self._exchange.answer(303, _moved(self._base), b"")

    async def _say(self, text: str, key: str) -> None:
        chats, link = self._context.services.chats, await self._context.workers.run(self._known)
        if chats is None or link is None:
            raise NotFoundError("Nobody can be written to here")
        try:
            number = UUID(key)
        except ValueError:
            raise InvalidRequestError("The form cannot be read", hint="Go back and try again.") from None
        self._exchange.scope[DOING_KEY] = Doing.CHATTING
        await self._caller.run(lambda who: chats.send(who, chats.open(who).id, number, text))
        await self._exchange.answer(303, _moved(f"{self._base}#chat"), b"")

    def _words(self, who: Principal) -> Sequence[Said] | None:
        """What was said; None where nothing was, on a server that is not there for this link alone."""
        chats = self._context.services.chats
        if chats is None or who.session is None:
            return None
        talks, _ = chats.talks(who, limit=1)
        if not talks:
            return () if self._context.services.front is not None else None
        history = chats.history(who, talks[0].id, limit=_WORDS_MAX)
        if history.talk.unread:
            chats.read(who, history.talk.id, history.talk.last)
        return history.messages[::-1]

    # --- what is shown --------------------------------------------------------------------------------------------

    async def _show(self, link: Link, path: RemotePath) -> None:
        pairs = dict(read_pairs(self._exchange.scope["query_string"]))
        if Rights.READ not in link.rights:
            if not path.is_root:
                raise NotFoundError("There is nothing to be seen here")
            view = await self._caller.run(lambda who: self._view(link, path, pairs, who))
            await self._page(200, visit_html.folder_page(view))
            return
        entry = await self._caller.run(lambda who: self._context.services.files.stat(who, path))
        if entry.kind is Kind.FILE and "view" in pairs and visit_html.shows(link, entry):
            view = await self._caller.run(lambda who: self._view(link, path.parent, {}, who))
            await self._page(200, visit_html.file_page(replace(view, path=path, entries=()), entry))
        elif entry.kind is Kind.FILE:
            await get_file(self._context, self._exchange, path)
        elif "zip" in pairs and self._exchange.scope["method"] == "GET":
            await get_zip(self._context, self._exchange, path, path.name or link.target)
        else:
            view = await self._caller.run(lambda who: self._view(link, path, pairs, who))
            await self._page(200, visit_html.folder_page(view))

    def _view(self, link: Link, path: RemotePath, pairs: dict[str, str], who: Principal) -> View:
        received = pairs.get("received", "")
        count = int(received) if received.isascii() and received.isdecimal() and len(received) <= 4 else 0
        guest = who.session.guest if who.session is not None else ""
        live = self._context.services.live
        warnings = live.control.standing(who) if live is not None else ()
        more = guest, warnings, self._words(who), self._context.services.front is not None, self._says
        if Rights.READ not in link.rights:
            return View(link, self._base, path, (), None, link.rights, count, *more)
        files = self._context.services.files
        page = files.list(who, path, limit=PAGE_ENTRIES, cursor=pairs.get("after"))
        rights = link.rights if link.kind is Kind.FILE else files.rights(who, path)
        return View(link, self._base, path, page.entries, page.cursor, rights, count, *more)

    async def _page(self, status: int, content: bytes) -> None:
        headers: Headers = [
            *_described(b"text/html; charset=utf-8", content),
            (b"content-security-policy", _POLICY),
            (b"content-language", self._says.code.encode()),
            (b"vary", b"accept-language"),
            *([(b"www-authenticate", b"Bearer")] if status == HTTPStatus.UNAUTHORIZED else []),
        ]
        await self._exchange.answer(status, headers, b"" if self._exchange.scope["method"] == "HEAD" else content)


class _Arrival:
    """Files that come by the form, one after the other; each is published as soon as it is whole."""

    def __init__(self, context: Context, exchange: Exchange, caller: Caller, link: Link, folder: RemotePath) -> None:
        self._context = context
        self._exchange = exchange
        self._caller = caller
        self._link = link
        self._folder = folder
        self._draft: Draft | None = None
        self._held = bytearray()
        self._count = 0

    async def receive(self) -> int:
        """Read the whole form; how many files came.

        Raises:
            InvalidRequestError: none, or the form cannot be read.
        """
        fields = joined_fields(self._exchange.scope["headers"])
        parser = FormParser(boundary_of(fields.get(b"content-type", b"")))
        length = fields.get(b"content-length")
        try:
            async with Passage(self._context, self._exchange, Direction.UP) as passage:
                who = await self._caller.run(lambda who: who)
                whole = None if length is None else int(length)
                await passage.enter(who, whole, About(str(self._folder), whole))
                while not self._exchange.body_ended:
                    for event in parser.feed(await self._exchange.piece()):
                        await self._take(event)
            parser.close()
        except asyncio.CancelledError:
            self._context.workers.submit(self._abort)
            raise
        except SecureFileTransferError:
            await self._context.workers.run(self._abort)
            await self._read_on()
            raise
        except Exception:
            await self._context.workers.run(self._abort)
            raise
        if not self._count:
            raise InvalidRequestError("No file was chosen", hint="Go back and choose one.")
        return self._count

    async def _read_on(self) -> None:
        rest = 0
        with suppress(InterruptedTransferError):
            while not self._exchange.body_ended and rest < _REST_MAX:
                rest += len(await self._exchange.piece())

    async def _take(self, event: Event) -> None:
        if isinstance(event, Begin):
            self._draft = await self._begun(event.filename) if event.filename else None
            self._held.clear()
        elif self._draft is not None and isinstance(event, Data):
            self._held += event.data
            while len(self._held) >= self._context.services.block_size:
                await self._store(self._draft, self._context.services.block_size)
        elif self._draft is not None and isinstance(event, End):
            draft, rest = self._draft, bytes(self._held)
            await self._context.workers.run(lambda: self._publish(draft, rest))
            self._draft = None
            self._count += 1

    async def _begun(self, filename: str) -> Draft:
        """Browsers may send a path, and macOS its own spelling; what is left must be a good name."""
        name = unicodedata.normalize("NFC", filename.replace("\\", "/").rpartition("/")[2])
        path = self._folder / name
        if self._link.kind is Kind.FILE:
            path = RemotePath((self._link.target,))
        files = self._context.services.files
        return await self._caller.run(lambda who: files.draft(who, path, parents=self._link.kind is Kind.FOLDER))

    async def _store(self, draft: Draft, count: int) -> None:
        block = bytes(memoryview(self._held)[:count])
        del self._held[:count]
        await self._context.workers.run(lambda: draft.append(block))

    def _publish(self, draft: Draft, rest: bytes) -> None:
        if rest:
            draft.append(rest)
        draft.commit(conflict=Conflict.OVERWRITE if self._link.kind is Kind.FILE else Conflict.RENAME)

    def _abort(self) -> None:
        if self._draft is not None:
            self._draft.abort()


async def _read(exchange: Exchange) -> bytes:
    body = bytearray()
    while not exchange.body_ended:
        body += await exchange.piece()
        if len(body) > _FORM_MAX:
            raise TooLargeError(f"This form may have {_FORM_MAX} bytes")
    return bytes(body)


def _described(kind: bytes, content: bytes) -> Headers:
    return [(b"content-type", kind), (b"content-length", b"%d" % len(content)), (b"cache-control", b"no-store")]


def _moved(url: str) -> Headers:
    """To another page of the same link (attack 38)."""
    return [(b"location", url.encode("ascii")), (b"content-length", b"0"), (b"cache-control", b"no-store")]
