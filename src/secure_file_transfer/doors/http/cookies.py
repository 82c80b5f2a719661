"""The browser's session: a cookie that scripts cannot read, and the proof that a request comes from our own page.

Everything else sends `Authorization`, which no page of another site can make a browser send.
"""

from collections.abc import Mapping
from typing import Any

from ...errors import ForbiddenError, SignInRequiredError
from ...model import API_TOKEN_PREFIX
from ...services.sessions import SignedIn, Visit

# The prefix makes browsers refuse it without Secure, with a Domain, or from a sibling host (RFC 6265bis, 4.1.3.2).
NAME = "__Host-sft"
VISIT = "__Secure-sft-visit"
_ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Strict"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
CLEARED = f"{NAME}=; {_ATTRIBUTES}; Max-Age=0"


def written(signed: SignedIn | Visit) -> str:
    """The value of `Set-Cookie`. It ends with the session."""
    return f"{NAME}={signed.token}; {_ATTRIBUTES}; Max-Age={_seconds(signed)}"


def written_for(visit: Visit, page: str) -> str:
    """The same for the page of a link, and sent to nothing but that page.

    It has a name of its own, so that whoever is signed in stays so. Lax: people come to it from their mail, and shall
    be the same visitor as an hour ago; what changes anything asks for its own page besides.
    """
    return f"{VISIT}={visit.token}; Path={page}; Secure; HttpOnly; SameSite=Lax; Max-Age={_seconds(visit)}"


def _seconds(signed: SignedIn | Visit) -> int:
    return (signed.session.expires_us - signed.session.created_us) // 1_000_000


def token(fields: Mapping[bytes, bytes], name: str = NAME) -> str | None:
    """The session's token in `Cookie`, or None.

    Raises:
        SignInRequiredError: there are two; whoever could plant one must not choose whose session it is.
    """
    pairs = fields.get(b"cookie", b"").decode("latin-1").replace(", ", "; ").split(";")
    found = [value.strip() for name_, _, value in (pair.partition("=") for pair in pairs) if name_.strip() == name]
    if len(found) > 1:
        raise SignInRequiredError("There are two sessions in one request", hint="Delete this site's cookies.")
    if found and found[0].startswith(API_TOKEN_PREFIX):  # planted: none of our pages puts one there
        raise SignInRequiredError("An API token is no session of a browser", hint="Send it as Authorization.")
    return found[0] if found else None


def require_own_form(scope: Any, fields: Mapping[bytes, bytes]) -> None:
    """The same for a form on a page that tells nobody its address.

    Browsers send `Origin: null` from such a page, even to itself (Fetch, 3.2); what they say of the site counts then.

    Raises:
        ForbiddenError
    """
    if fields.get(b"origin") == b"null" and fields.get(b"sec-fetch-site") == b"same-origin":
        return
    require_own_page(scope, fields)


def require_own_socket(fields: Mapping[bytes, bytes]) -> None:
    """The same for a WebSocket, which a page of any site may open, and to which no rule of the browser keeps it.

    Browsers always name the page's origin, and cannot send `Authorization`. A program that sends neither that nor a
    cookie may leave it out (attack 35).

    Raises:
        ForbiddenError
    """
    if b"authorization" in fields:
        return
    origin = fields.get(b"origin")
    own = origin is not None and origin.lower() == b"https://" + fields.get(b"host", b"").lower()
    if not own and (origin is not None or b"cookie" in fields):
        raise ForbiddenError(
            "That connection comes from another site", hint="Use this server's own pages, or send Authorization."
        )


def require_own_page(scope: Any, fields: Mapping[bytes, bytes], *, strictly: bool = True) -> None:
    """Refuse what another site made the browser send (attack 35).

    A state change must name our own origin; with `strictly` False it may also name none, as programs do. Reading must
    not be said to come from elsewhere.

    Raises:
        ForbiddenError
    """
    site, origin = fields.get(b"sec-fetch-site"), fields.get(b"origin")
    own = origin is not None and origin.lower() == b"https://" + fields.get(b"host", b"").lower()
    if scope["method"] in _SAFE:
        good = site in {None, b"same-origin", b"none"}
    else:
        good = site in {None, b"same-origin"} and (own if origin is not None or strictly else True)
    if not good:
        raise ForbiddenError(
            "That request comes from another site", hint="Use this server's own pages, or send Authorization."
        )
