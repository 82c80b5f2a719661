"""Links: rights on one file or folder of one's own for whoever holds a URL.

The secret in the URL is made from the key of the home and a random salt, as that of a second factor is. The catalog
keeps the salt, and a hash to find the link by. So its maker can be shown the URL again, and whoever steals the catalog
without the master key opens nothing. 256 bits cannot be guessed, so only passwords count with the guard.

A visitor who opens a link gets a session of its own. Whatever ends the link (its time, its maker, the node or account
that it hangs on) ends those sessions, and with them what they transfer.
"""

import hashlib
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from secure_file_transfer.errors import (
    InvalidRequestError,
    NotFoundError,
    ServerFullError,
    SignInFailedError,
    WeakPasswordError,
)
from secure_file_transfer.model import (
    Account,
    Category,
    DriveId,
    Link,
    LinkId,
    Principal,
    Rights,
    Severity,
    TimeUs,
)
from secure_file_transfer.paths import RemotePath, display
from secure_file_transfer.ports import Catalog, CatalogTx, Clock

from .audit import SILENT, Audit, rights_text
from .guard import Guard
from .log_text import moment
from .passwords import LENGTH_MAX, PasswordHasher, is_plausible
from .sessions import Sessions, Visit
from .shares import givable, own_node, reached, require_own, sharer, shown_path

LINKS_MAX = 1000
"""Of one account: a listing of them is one answer."""
NAME_MAX = 200
PASSWORD_MIN = 4
"""A link's password is told over the telephone; the guard takes thirty guesses an hour at it, and the URL is a secret
too."""
DOWNLOADS_MAX = 1_000_000_000
VISIT_US = 12 * 3_600_000_000
"""How long a visitor may go on with what was begun."""
_SALT_BYTES = 16
# 32 bytes in base64url without padding (RFC 4648, 5).
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)

SecretOf = Callable[[DriveId, bytes], bytes]
"""The secret of a drive for a salt: 32 bytes."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a link gives, and until when."""

    rights: Rights
    password: str | None = field(default=None, repr=False)
    expires_us: TimeUs | None = None
    downloads_max: int | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """A link, and where what it gives is at this moment. The secret is there for its maker only, and on demand."""

    link: Link
    path: RemotePath
    secret: str | None = field(default=None, repr=False)


def _anybody(_who: Principal, _address: str) -> None:
    """Nothing limits how many there are."""


class Links:
    """The links of all accounts. One object serves all doors and threads of a process."""

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        passwords: PasswordHasher,
        sessions: Sessions,
        guard: Guard,
        secret_of: SecretOf,
        audit: Audit = SILENT,
    ) -> None:
        self._audit = audit
        self._catalog = catalog
        self._clock = clock
        self._passwords = passwords
        self._sessions = sessions
        self._guard = guard
        self._secret_of = secret_of
        self.admit: Callable[[Principal, str], None] = _anybody
        """Called with a new visitor and the address; it raises when the server has no room for them."""

    # --- for those who make them ----------------------------------------------------------------------------------

    def create(self, principal: Principal, path: RemotePath, terms: Terms) -> Placed:
        """Make a link to `path` and all below. On a file only the rights to read and write count.

        Raises:
            NotFoundError: nothing is at this path.
            ForbiddenError: it is not one's own, or the whole home, or more than the token one came with may do.
            InvalidRequestError: the terms give nothing, or are over already.
            WeakPasswordError, TooManyRequestsError
        """
        account, now = sharer(principal, path), self._clock.now_us()
        _check(terms, now)
        password_hash = None if terms.password is None else self._passwords.hash(terms.password)
        salt = secrets.token_bytes(_SALT_BYTES)
        secret = self._secret(account.home_id, salt)

        def work(tx: CatalogTx) -> Link:
            node = own_node(tx, account, path)
            rights = terms.rights & givable(node)
            if not rights:
                raise InvalidRequestError(
                    f"That gives nothing on {display(str(path))}", hint="Choose another level; a drop box is a folder."
                ).because("gives_nothing", path=str(path))
            require_own(principal, rights)
            if len(tx.links.of(account.id)) >= LINKS_MAX:
                raise InvalidRequestError(
                    "There are too many links", hint="Remove some: sft link list, sft link rm."
                ).because("links")
            return tx.links.create(
                node.id,
                account.id,
                (salt, _hash(secret)),
                rights,
                now,
                name=terms.name,
                password_hash=password_hash,
                expires_us=terms.expires_us,
                downloads_max=terms.downloads_max,
            )

        link = self._catalog.write(work)
        text = f"The link #{link.id} to {display(str(path))} was made: {_told(link)}"
        self._audit.record(Category.SHARING, "link.created", text, target=str(path), who=principal)
        return Placed(link, path, secret)

    def listed(self, principal: Principal) -> Sequence[Placed]:
        """What this account gives away by links, the oldest first; ended ones too, while their file is there."""
        account = sharer(principal)

        def look(tx: CatalogTx) -> list[Placed]:
            found = [(link, shown_path(tx, account, link.drive_id, link.node_id)) for link in tx.links.of(account.id)]
            return [Placed(link, path) for link, path in found if path is not None and reached(principal, path)]

        return self._catalog.read(look)

    def show(self, principal: Principal, link_id: LinkId) -> Placed:
        """One's own link, with its secret.

        Raises:
            NotFoundError: it is not there, or not one's own, which looks the same.
        """
        account = sharer(principal)

        def look(tx: CatalogTx) -> tuple[Link, RemotePath, bytes]:
            link = _own_link(tx, account, link_id)
            path = shown_path(tx, account, link.drive_id, link.node_id)
            if path is None or not reached(principal, path):
                raise _no_link()
            return link, path, tx.links.salt(link.id)

        link, path, salt = self._catalog.read(look)
        return Placed(link, path, self._secret(account.home_id, salt))

    def revoke(self, principal: Principal, link_id: LinkId) -> None:
        """End a link at once, and all that its visitors do (attack 58).

        Raises:
            NotFoundError: it is not there, or not one's own, which looks the same.
        """
        account = sharer(principal)

        def work(tx: CatalogTx) -> None:
            link = _own_link(tx, account, link_id)
            path = shown_path(tx, account, link.drive_id, link.node_id)
            if path is not None and not reached(principal, path):
                raise _no_link()
            tx.links.delete(link.id)

        self._catalog.write(work)
        self._sessions.forget_link(link_id)
        self._audit.record(
            Category.SHARING, "link.revoked", f"The link #{link_id} was ended", target=f"link #{link_id}", who=principal
        )

    # --- for those who visit ----------------------------------------------------------------------------------------

    def find(self, secret: str) -> Link:
        """The link that a secret opens now.

        Raises:
            NotFoundError: none; the same whether it is unknown, over, used up or revoked.
        """
        link = None
        if _SECRET.fullmatch(secret):
            link = self._catalog.read(lambda tx: tx.links.by_secret(_hash(secret)))
        if link is None or link.left == 0 or self._over(link):
            what = "no link" if link is None else f"the link #{link.id}, which is over"
            kind, target = "link.refused", "" if link is None else f"link #{link.id}"
            text = f"Somebody came with the address of {what}"
            self._audit.repeated(Category.SECURITY, kind, text, key=f"{self._audit.address} {target}", target=target)
            raise does_not_work()
        return link

    def open(self, secret: str, password: str | None, *, door: str, address: str, agent: str, name: str = "") -> Visit:
        """Begin a visitor's session. `name` is what the visitor wants to be called.

        Raises:
            NotFoundError: see `find`.
            SignInFailedError: the link has a password, and this is not it.
            TooManyRequestsError: too many wrong guesses, see `guard`.
            ServerFullError: there is no room for another client.
        """
        link = self.find(secret)
        if link.protected:
            self._verify(link, password, address)
        ends = TimeUs(self._clock.now_us() + VISIT_US)
        if link.expires_us is not None:
            ends = min(ends, link.expires_us)
        try:
            visit = self._sessions.open_for_visitor(link, ends, door=door, address=address, agent=agent, name=name)
        except NotFoundError:
            raise does_not_work() from None
        visitor = Principal(None, visit.session, link)
        try:
            self.admit(visitor, address)
        except ServerFullError:
            self._sessions.end(visit.session.id)
            raise
        text = f"The link #{link.id} was opened" + (f" by {display(name[:NAME_MAX])}" if name else "")
        self._audit.record(Category.SHARING, "link.opened", text, target=f"link #{link.id}", who=visitor)
        return visit

    def visited(self, token: str, secret: str) -> Link | None:
        """The link as it is now, if it is a visitor of just this one whose token that is.

        Raises:
            SignInRequiredError: the token is not good any more.
        """
        if not _SECRET.fullmatch(secret):
            return None
        who = self._sessions.resolve(token)
        link = self._catalog.read(lambda tx: tx.links.by_secret(_hash(secret)))
        return link if link is not None and who.link is not None and who.link.id == link.id else None

    def _verify(self, link: Link, password: str | None, address: str) -> None:
        if password is None:
            raise SignInFailedError("This link has a password", hint="Ask whoever gave you the link.")
        with self._guard.attempt(address, f"link #{link.id}"):
            password_hash = self._catalog.read(lambda tx: tx.links.password_hash(link.id))
            good = is_plausible(password) and self._passwords.verify(password_hash or "", password)
            if not good:
                self._audit.record(
                    Category.SECURITY,
                    "link.refused",
                    f"A wrong password for the link #{link.id}",
                    severity=Severity.WARNING,
                    target=f"link #{link.id}",
                )
                raise SignInFailedError("That is not the link's password", hint="Ask whoever gave you the link.")

    def _over(self, link: Link) -> bool:
        return link.expires_us is not None and link.expires_us <= self._clock.now_us()

    def _secret(self, drive_id: DriveId, salt: bytes) -> str:
        return urlsafe_b64encode(self._secret_of(drive_id, salt)).decode().rstrip("=")


def _told(link: Link) -> str:
    """What it gives, for the log."""
    told = [rights_text(link.rights), "with a password" if link.protected else "without a password"]
    if link.expires_us is not None:
        told.append(f"until {moment(link.expires_us):%Y-%m-%d %H:%M} UTC")
    if link.downloads_max is not None:
        told.append(f"for {link.downloads_max} downloads")
    return ", ".join(told)


def _check(terms: Terms, now: TimeUs) -> None:
    if terms.expires_us is not None and terms.expires_us <= now:
        raise InvalidRequestError("The link would be over already", hint="Choose a time to come.").because("link_over")
    if terms.downloads_max is not None and not 1 <= terms.downloads_max <= DOWNLOADS_MAX:
        raise InvalidRequestError(f"A link is good for 1 to {DOWNLOADS_MAX} downloads").because(
            "link_downloads", most=DOWNLOADS_MAX
        )
    if len(terms.name) > NAME_MAX or not all(map(str.isprintable, terms.name)):
        raise InvalidRequestError(f"The name of a link is one line of at most {NAME_MAX} characters").because(
            "link_name", most=NAME_MAX
        )
    password = terms.password
    if password is not None and (not PASSWORD_MIN <= len(password) <= LENGTH_MAX or not is_plausible(password)):
        raise WeakPasswordError(
            f"The password of a link has {PASSWORD_MIN} to {LENGTH_MAX} characters, all of them visible",
            hint="Choose another.",
        ).because("link", least=PASSWORD_MIN, most=LENGTH_MAX)


def _own_link(tx: CatalogTx, account: Account, link_id: LinkId) -> Link:
    found = next((link for link in tx.links.of(account.id) if link.id == link_id), None)
    if found is None:
        raise _no_link()
    return found


def _hash(secret: str) -> bytes:
    # A plain hash will do: 256 random bits cannot be guessed, so there is nothing to slow down.
    return hashlib.sha256(secret.encode()).digest()


def _no_link() -> NotFoundError:
    return NotFoundError("There is no such link", hint="See which there are: sft link list.")


def does_not_work() -> NotFoundError:
    """The one answer to every link that opens nothing."""
    return NotFoundError("This link does not work", hint="Ask whoever gave it to you for a new one.")
