"""The second factor, with codes made by hand from RFC 4226 rather than by the library that checks them."""

import base64
import hashlib
import hmac
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from secure_file_transfer.errors import (
    ConflictError,
    NotFoundError,
    SignInFailedError,
    SignInRequiredError,
    TooManyRequestsError,
    TotpRequiredError,
)
from secure_file_transfer.model import Account, AccountId, Drive, Principal, TimeUs
from secure_file_transfer.ports import Catalog, CatalogTx
from secure_file_transfer.services.accounts import Accounts
from secure_file_transfer.services.guard import Guard
from secure_file_transfer.services.passwords import PasswordHasher
from secure_file_transfer.services.sessions import Sessions, SignedIn
from secure_file_transfer.services.totp import RECOVERY_CODES, SecondFactor
from secure_file_transfer.storage.catalog import open_catalog
from secure_file_transfer.testing.clock import FakeClock

GOOD = "tangerine bicycle"
HERE = "192.0.2.1"


def code_at(secret: str, seconds: int) -> str:
    """RFC 6238 with SHA-1, six digits, thirty seconds."""
    digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", seconds // 30), "sha1")
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


class Homes:
    def create_in(self, tx: CatalogTx, name: str, owner_id: AccountId | None) -> Drive:
        return tx.drives.create(name, owner_id, TimeUs(0))

    def remove_in(self, tx: CatalogTx, drive_id: object) -> None:
        pass


@dataclass
class World:
    catalog: Catalog
    clock: FakeClock
    factors: SecondFactor
    sessions: Sessions
    accounts: Accounts
    secret: str = ""

    def sign_in(self, code: str | None = None, name: str = "alice", password: str = GOOD) -> SignedIn:
        return self.sessions.sign_in(name, password, code, door="http", address=HERE, agent="test")

    def code(self, seconds: int = 0) -> str:
        return code_at(self.secret, self.clock.now_us() // 1_000_000 + seconds)

    def enable(self, who: Principal) -> list[str]:
        self.secret = self.factors.begin(who).secret
        return self.factors.confirm(who, self.code(), HERE)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    catalog, clock = open_catalog(tmp_path / "catalog.db"), FakeClock()
    guard, hasher = Guard(clock), PasswordHasher(time_cost=1, memory_kib=8, lanes=1)

    def secret_of(account: Account, salt: bytes) -> bytes:
        return hashlib.sha256(bytes([account.id]) + salt).digest()[:20]

    factors = SecondFactor(catalog, clock, guard, secret_of)
    sessions = Sessions(catalog, clock, hasher, 3600 * 1_000_000, guard=guard, factors=factors)
    accounts = Accounts(catalog, clock, hasher, Homes(), sessions)
    accounts.create("alice", GOOD)
    accounts.create("omid", GOOD)
    yield World(catalog, clock, factors, sessions, accounts)
    catalog.close()


@pytest.fixture
def alice(world: World) -> Principal:
    return world.sessions.resolve(world.sign_in().token)


def test_the_codes_are_those_of_rfc_6238() -> None:
    secret = base64.b32encode(b"12345678901234567890").decode()
    # Appendix B lists eight digits; six are their end.
    for seconds, code in ((59, "94287082"), (1111111109, "07081804"), (20000000000, "65353130")):
        assert code_at(secret, seconds) == code[2:]


def test_an_authenticator_app_gets_what_it_needs(world: World, alice: Principal) -> None:
    made = world.factors.begin(alice)
    parts, query = urlsplit(made.uri), parse_qs(urlsplit(made.uri).query)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert parts.path == "/Secure%20File%20Transfer:alice"
    assert query["secret"] == [made.secret]
    assert query["issuer"] == ["Secure File Transfer"]
    assert (query["digits"], query["period"], query["algorithm"]) == (["6"], ["30"], ["SHA1"])
    assert made.secret not in repr(made)


def test_a_sign_in_needs_a_code_once_one_was_confirmed(world: World, alice: Principal) -> None:
    world.secret = world.factors.begin(alice).secret
    world.sign_in()
    codes = world.factors.confirm(alice, world.code(), HERE)
    assert len(set(codes)) == RECOVERY_CODES
    with pytest.raises(TotpRequiredError) as asked:
        world.sign_in()
    assert asked.value.hint
    world.clock.advance(30)
    assert world.sign_in(world.code()).account.name == "alice"
    world.sign_in(name="omid")
    world.sign_in("000000", name="omid")


def test_only_the_right_password_asks_for_a_code(world: World, alice: Principal) -> None:
    world.enable(alice)
    world.clock.advance(30)
    for code in (None, world.code()):
        with pytest.raises(SignInFailedError):
            world.sign_in(code, password="wrong")


def test_attack_31_a_code_works_once_and_no_older_one_after_it(world: World, alice: Principal) -> None:
    world.enable(alice)
    with pytest.raises(SignInFailedError):
        world.sign_in(world.code())  # the one that confirmed
    world.clock.advance(60)
    code = world.code()
    world.sign_in(code)
    for again in (code, world.code(-30)):
        with pytest.raises(SignInFailedError):
            world.sign_in(again)


@pytest.mark.parametrize(("beside", "good"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_code_of_the_half_minutes_beside_is_good(world: World, alice: Principal, beside: int, good: bool) -> None:
    world.enable(alice)
    world.clock.advance(3600)
    if good:
        world.sign_in(world.code(beside))
    else:
        with pytest.raises(SignInFailedError):
            world.sign_in(world.code(beside))


@pytest.mark.parametrize(
    "wrong", ["", "12345", "1234567", "abcdef", "\u0661\u0662\u0663\u0664\u0665\u0666", "\0", "\ud800", "1" * 10_000]
)
def test_what_is_no_code_is_wrong(world: World, alice: Principal, wrong: str) -> None:
    world.enable(alice)
    with pytest.raises(SignInFailedError):
        world.sign_in(wrong)


def test_a_recovery_code_works_once_however_it_is_typed(world: World, alice: Principal) -> None:
    first, second, *_ = world.enable(alice)
    world.sign_in(first)
    with pytest.raises(SignInFailedError):
        world.sign_in(first)
    world.sign_in(second.upper().replace("-", " "))
    assert world.factors.status(alice).recovery_left == RECOVERY_CODES - 2
    world.clock.advance(60)
    renewed = world.factors.renew_recovery(alice, world.code(), HERE)
    assert world.factors.status(alice).recovery_left == RECOVERY_CODES
    assert not set(renewed) & {first, second}
    world.sign_in(renewed[0])


def test_attack_42_neither_secret_nor_recovery_codes_are_in_the_catalog(
    world: World, alice: Principal, tmp_path: Path
) -> None:
    codes = world.enable(alice)
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    secret = base64.b32decode(world.secret)
    for shown in [secret, world.secret.encode(), *(code.encode() for code in codes)]:
        assert shown not in kept
    assert not any(code.replace("-", "").encode() in kept for code in codes)


def test_wrong_codes_are_guesses(world: World, alice: Principal) -> None:
    world.enable(alice)
    for _ in range(20):
        with pytest.raises(TotpRequiredError):
            world.sign_in()  # the right password is none
    for _ in range(10):
        with pytest.raises(SignInFailedError):
            world.sign_in("000000")
    world.clock.advance(30)
    with pytest.raises(TooManyRequestsError):
        world.sign_in(world.code())
    with pytest.raises(TooManyRequestsError):
        world.factors.disable(alice, world.code(), HERE)
    world.sessions.check(alice)


def test_disabling_needs_a_code_and_takes_the_recovery_codes_along(world: World, alice: Principal) -> None:
    codes = world.enable(alice)
    with pytest.raises(SignInFailedError):
        world.factors.disable(alice, "000000", HERE)
    assert world.factors.status(alice).enabled
    world.factors.disable(alice, codes[3], HERE)
    status = world.factors.status(alice)
    assert (status.enabled, status.recovery_left) == (False, 0)
    world.sign_in()
    new = world.enable(alice)
    with pytest.raises(SignInFailedError):
        world.sign_in(codes[0])
    world.sign_in(new[0])


def test_nothing_is_confirmed_or_disabled_that_is_not_there(world: World, alice: Principal) -> None:
    acts: list[Callable[[], object]] = [
        lambda: world.factors.confirm(alice, "123456", HERE),
        lambda: world.factors.disable(alice, "123456", HERE),
        lambda: world.factors.renew_recovery(alice, "123456", HERE),
    ]
    for act in acts:
        with pytest.raises(ConflictError):
            act()
    world.enable(alice)
    for again in (lambda: world.factors.begin(alice), lambda: world.factors.confirm(alice, world.code(), HERE)):
        with pytest.raises(ConflictError):
            again()
    guest = Principal(None, None)
    for asked in (world.factors.status, world.factors.begin):
        with pytest.raises(SignInRequiredError):
            asked(guest)


def test_attack_31_a_reset_lets_nobody_in_who_is_disabled(world: World, alice: Principal) -> None:
    world.enable(alice)
    world.accounts.set_disabled("alice", disabled=True)
    world.factors.reset("ALICE")
    with pytest.raises(SignInFailedError):
        world.sign_in()
    world.accounts.set_disabled("alice", disabled=False)
    world.sign_in()
    for name in ("alice", "nobody", "\0"):
        with pytest.raises(NotFoundError):
            world.factors.reset(name)


def test_attack_30_an_account_made_again_has_no_factor_of_the_old_one(world: World, alice: Principal) -> None:
    codes = world.enable(alice)
    world.accounts.delete("alice")
    world.accounts.create("alice", GOOD)
    who = world.sessions.resolve(world.sign_in().token)
    assert world.factors.status(who).enabled is False
    world.enable(who)
    with pytest.raises(SignInFailedError):
        world.sign_in(codes[0])


def test_the_password_is_confirmed_before_a_factor_is_made(world: World, alice: Principal) -> None:
    world.sessions.confirm_password(alice, GOOD, HERE)
    for _ in range(10):
        with pytest.raises(SignInFailedError):
            world.sessions.confirm_password(alice, "wrong", HERE)
    with pytest.raises(TooManyRequestsError):
        world.sessions.confirm_password(alice, GOOD, HERE)
