"""`/reset/<code>`: the page at which somebody sets a new password. It works without scripts."""

from html import escape
from string import Template
from urllib.parse import parse_qs

from ...errors import InvalidRequestError, NotFoundError, SecureFileTransferError
from .bodies import declared_length
from .context import Context, joined_fields
from .exchange import RESET, Exchange
from .pages import PAGE_POLICY, Pages, read_asset
from .problems import Headers

_BODY_MAX = 16 * 1024
_FORM = b"application/x-www-form-urlencoded"


class ResetPage:
    """Shows the form, and takes it."""

    def __init__(self, context: Context, pages: Pages) -> None:
        self._context = context
        self._pages = pages
        self._page = Template(read_asset("reset.html").decode())

    async def serve(self, exchange: Exchange, path: bytes) -> None:
        """Answer a request to `path`, in which the code is.

        Raises:
            NotFoundError: there are no accounts here.
        """
        people = self._context.services.people
        if people is None:
            raise NotFoundError("There is nothing at this address", hint="Begin at /.")
        resets, caller = people.resets, self._context.caller(exchange.scope)
        code, name = path[len(RESET) :].decode("latin-1"), ""
        try:
            account = await self._context.workers.run(lambda: resets.account(code, address=caller.address))
            name = account.name
            if exchange.scope["method"] != "POST":
                await self._ask(exchange, name)
                return
            password = await _password(exchange)
            await self._context.sign(caller, lambda: resets.complete(code, password, address=caller.address))
        except SecureFileTransferError as error:
            text = " ".join(filter(None, (f"{error}.", error.hint)))
            if name and error.row.status < 500 and not isinstance(error, NotFoundError):
                await self._ask(exchange, name, text, error.row.status)  # the code is still good
            else:
                await self._tell(exchange, error.row.status, "This did not work", text)
            return
        await self._tell(
            exchange, 200, "Your password is set", "You are signed out everywhere. Sign in with your new password."
        )

    async def _ask(self, exchange: Exchange, name: str, fault: str = "", status: int = 200) -> None:
        lead = f"Choose a new password for {name}. All sessions end when it is set."
        await self._send(exchange, status, "New password", lead, name=name, fault=fault)

    async def _tell(self, exchange: Exchange, status: int, title: str, lead: str) -> None:
        await self._send(exchange, status, title, lead)

    async def _send(
        self, exchange: Exchange, status: int, title: str, lead: str, *, name: str = "", fault: str = ""
    ) -> None:
        content = self._page.substitute(
            title=escape(title),
            lead=escape(lead),
            name=escape(name),
            fault=escape(fault),
            # Sections of a page are shown or hidden whole, not put together from pieces.
            asking="" if name else "hidden",
            faulty="" if fault else "hidden",
            fingerprint=self._pages.fingerprint,
        ).encode()
        headers: Headers = [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-length", b"%d" % len(content)),
            (b"content-security-policy", PAGE_POLICY),
            (b"cache-control", b"no-store"),
            # With none at all, browsers send the form as if it came from nowhere: `Origin: null`.
            (b"referrer-policy", b"same-origin"),
        ]
        await exchange.answer(status, headers, content)


async def _password(exchange: Exchange) -> str:
    """The password of the form.

    Raises:
        InvalidRequestError: it is not that form, or the two differ.
    """
    kind = joined_fields(exchange.scope["headers"]).get(b"content-type", b"").partition(b";")[0]
    declared_length(exchange, _BODY_MAX)
    if kind.strip().lower() != _FORM:
        raise InvalidRequestError("That is not the form of this page")
    data = bytearray()
    while not exchange.body_ended:
        data += await exchange.piece()
        if len(data) > _BODY_MAX:
            raise InvalidRequestError("That is not the form of this page")
    try:
        fields = parse_qs(data.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=8)
    except ValueError:
        raise InvalidRequestError("That is not the form of this page") from None
    password, again = (fields.get(name, [""])[0] for name in ("password", "again"))
    if password != again:
        raise InvalidRequestError("These two are different", hint="Type the same password twice.")
    return password
