"""The first administrator: no default password, but a code that the console shows once to whoever starts the server."""

import hmac
import json
from dataclasses import asdict, dataclass

from secure_file_transfer.errors import ConflictError, NotFoundError
from secure_file_transfer.model import Account, Category, Role, TimeUs
from secure_file_transfer.paths import display
from secure_file_transfer.ports import Catalog, CatalogTx, Clock

from .accounts import Accounts, is_admin
from .audit import SILENT, Audit
from .codes import code_hash, in_groups, new_signs, typed
from .guard import Guard
from .sessions import Sessions, SignedIn

_FACT = "setup_code"
_GROUPS = 5
"""125 random bits."""
_LIFETIME_US = 24 * 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class _Code:
    """What the catalog keeps of the code: never the code itself."""

    sha256: str
    expires_us: int


class Setup:
    """Makes the first administrator, once. Afterwards it looks as if there had never been such a thing (attack 25)."""

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        accounts: Accounts,
        sessions: Sessions,
        guard: Guard | None = None,
        audit: Audit = SILENT,
    ) -> None:
        self._audit = audit
        self._catalog = catalog
        self._clock = clock
        self._accounts = accounts
        self._sessions = sessions
        self._guard = guard or Guard(clock)
        self._done = False

    def needed(self) -> bool:
        """Whether the server still waits for an administrator who can sign in.

        Cheap once it is False: the last administrator cannot be taken away, so that stays true.
        """
        if not self._done:
            self._done = not self._catalog.read(_waits)
        return not self._done

    def begin(self) -> str:
        """A new code, such as `K7RWM-…-3HXPQ`, good for 24 hours; the one before is dead.

        Raises:
            ConflictError: there is an administrator already.
        """
        signs = new_signs(_GROUPS)
        code = _Code(code_hash(signs).hex(), self._clock.now_us() + _LIFETIME_US)

        def work(tx: CatalogTx) -> None:
            if not _waits(tx):
                raise ConflictError(
                    "The server is set up already", hint="Add further administrators with: sft user add --admin NAME."
                ).because("set_up")
            _keep(tx, code)

        self._catalog.write(work)
        return in_groups(signs)

    def complete(self, code: str, name: str, password: str, *, door: str, address: str, agent: str) -> SignedIn:
        """Make the first administrator and sign it in.

        Only success uses the code up; a refused name or password does not. Case, spaces and hyphens of the code do
        not matter.

        Raises:
            NotFoundError: wrong or old code, or set up already: all look alike.
            InvalidNameError, WeakPasswordError, ExistsError: the code is still good.
            TooManyRequestsError: too many wrong codes from that source, see `guard`. 125 bits need no other budget,
                and one that strangers could spend would keep the operator from setting up.
        """
        if not self.needed():
            raise _not_found()
        guess = code_hash(typed(code)).hex()
        with self._guard.attempt(address):
            if not self._catalog.read(lambda tx: _fits(tx, guess, self._clock.now_us())):
                raise _not_found()
        create = self._accounts.creation(name, password, Role.ADMIN)

        def work(tx: CatalogTx) -> Account:
            # Asked again where it is decided: of two who race with the right code, the second finds it gone.
            if not (_waits(tx) and _fits(tx, guess, self._clock.now_us())):
                raise _not_found()
            tx.facts.set(_FACT, None)
            return create(tx)

        account = self._catalog.write(work)
        text = f"The server was set up; its first administrator is {display(account.name)}"
        self._audit.record(Category.ADMINISTRATION, "server.set-up", text, target=account.name)
        return self._sessions.open_for(account, door=door, address=address, agent=agent)


def _waits(tx: CatalogTx) -> bool:
    return not any(map(is_admin, tx.accounts.all()))


def _keep(tx: CatalogTx, code: _Code) -> None:
    tx.facts.set(_FACT, json.dumps(asdict(code)))


def _kept(tx: CatalogTx) -> _Code | None:
    text = tx.facts.get(_FACT)
    if text is None:
        return None
    kept = json.loads(text)
    return _Code(kept["sha256"], kept["expires_us"])


def _fits(tx: CatalogTx, guess: str, now: TimeUs) -> bool:
    code = _kept(tx)
    return code is not None and hmac.compare_digest(code.sha256, guess) and now < code.expires_us


def _not_found() -> NotFoundError:
    return NotFoundError(
        "There is nothing to set up with that code",
        hint="Restart the server to get a new code; if it is set up already, sign in.",
    ).because("setup_code")
