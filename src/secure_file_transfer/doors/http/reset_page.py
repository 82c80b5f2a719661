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
from .visit_words import Words, spoken

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
        says = spoken(joined_fields(exchange.scope["headers"]).get(b"accept-language", b""))
        code, name = path[len(RESET) :].decode("latin-1"), ""
        try:
            account = await self._context.workers.run(lambda: resets.account(code, address=caller.address))
            name = account.name
            if exchange.scope["method"] != "POST":
                await self._ask(exchange, says, name)
                return
            password = await _password(exchange)
            await self._context.sign(caller, lambda: resets.complete(code, password, address=caller.address))
        except SecureFileTransferError as error:
            text = says.told(error)
            if name and error.row.status < 500 and not isinstance(error, NotFoundError):
                await self._ask(exchange, says, name, text, error.row.status)  # the code is still good
            else:
                await self._send(exchange, says, error.row.status, says.say("reset-failed"), escape(text))
            return
        await self._send(exchange, says, 200, says.say("reset-done"), says.say("reset-done-lead"))

    async def _ask(self, exchange: Exchange, says: Words, name: str, fault: str = "", status: int = 200) -> None:
        lead = says.say("reset-lead", name=f"<bdi>{escape(name)}</bdi>")
        await self._send(exchange, says, status, says.say("reset-password"), lead, name=name, fault=fault)

    async def _send(
        self, exchange: Exchange, says: Words, status: int, title: str, lead: str, *, name: str = "", fault: str = ""
    ) -> None:
        """`title` and `lead` are HTML already."""
        labels = ("password", "hint", "again", "set", "authority")
        content = self._page.substitute(
            {f"say_{label}": says.say(f"reset-{label}") for label in labels},
            product=says.say("product"),
            language=says.code,
            direction=says.direction,
            title=title,
            lead=lead,
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
        raise InvalidRequestError("These two are different", hint="Type the same password twice.").because("passwords")
    return password
