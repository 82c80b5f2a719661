"""What holds for all sessions: when one lasts, what is kept of what a peer says, what is said to whoever has none."""

from secure_file_transfer.errors import SignInFailedError, SignInRequiredError
from secure_file_transfer.model import Account, Link, Session
from secure_file_transfer.ports import CatalogTx

Owned = tuple[Session, Account]
Lasting = tuple[Owned, Link | None] | None
TEXT_MAX = 256
REASONS_MAX = 10_000
"""Reasons of endings that are kept; and for so long."""
REASONS_US = 12 * 3600 * 1_000_000


def lasting(tx: CatalogTx, found: Owned | None) -> Lasting:
    """A session with the link that it is a visitor's by.

    That one must still give something, and must not be used up by others. A visitor is never taken for the owner.
    """
    if found is None or found[0].link_id is None:
        return None if found is None else (found, None)
    link = tx.links.get(found[0].link_id)
    if link is None or (link.left == 0 and not found[0].counted):
        return None
    return found, link


def printable(text: str) -> str:
    """What a peer says of itself, fit for a log line or a window: bounded, one line, nothing invisible."""
    return "".join(c if c.isprintable() else "?" for c in text[:TEXT_MAX])


def sign_in_failed() -> SignInFailedError:
    """One answer for every reason there is."""
    return SignInFailedError(hint="Check both, or ask the operator whether the account may sign in.")


def sign_in_required() -> SignInRequiredError:
    """There is no such session, or not any more."""
    return SignInRequiredError("The session has ended or never was", hint="Sign in again.")


def nobody_asks() -> None:
    """For endings that nobody wants to hear of."""
