"""Visits of links, kept between commands: one that goes on with what another began is the same visitor.

Otherwise a download that was cut off and is resumed would count as two. They lie beside the profiles, in a file of
the same kind (0600), by a hash of the link's secret.
"""

import hashlib
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from ...client.links import split_link
from ...client.profiles import Profile, Profiles, default_path
from ...client.wire import time_text
from ...errors import SecureFileTransferError, SignInFailedError, SignInRequiredError
from ...model import TimeUs
from .passwords import ask_password

if TYPE_CHECKING:
    from ...client import AsyncClient


def remembered(url: str) -> str | None:
    """The token of an earlier visit to this link."""
    return next((each.token for each in _visits().all() if each.url == _key(url)), None)


async def visit(client: "AsyncClient", url: str, token: str | None) -> None:
    """Go on with the visit of `token`, which the client has, or begin one; the password is asked for where it must be.

    Raises:
        NotFoundError: the link does not work (any more).
        UsageError: it has a password, and there is nobody to ask.
    """
    if token is not None:
        with suppress(SignInRequiredError):
            await client.whoami()
            return
    try:
        made = await client.visit(url)
    except SignInFailedError:
        made = await client.visit(url, ask_password("Password of the link: "))
    with suppress(SecureFileTransferError):  # a disk that cannot be written to keeps nobody from a link
        _remember(Profile(_key(url), token=made.token, expires=time_text(made.ends_us)))


def _remember(visit_: Profile) -> None:
    visits, now = _visits(), time_text(TimeUs(time.time_ns() // 1000))
    for each in visits.all():
        if (each.expires or "") <= now:
            visits.remove(each.url)
    visits.add(visit_, current=False)


def _visits() -> Profiles:
    return Profiles(default_path().with_name("visits.json"))


def _key(url: str) -> str:
    server, secret = split_link(url) or ("", url)
    return f"{server.lower()}/s/{hashlib.sha256(secret.encode()).hexdigest()}"
