import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest

from secure_file_transfer.errors import (
    ForbiddenError,
    NoSpaceError,
    NotFoundError,
    SecureFileTransferError,
    SignInFailedError,
    SignInRequiredError,
    TooManyRequestsError,
)
from secure_file_transfer.model import (
    AccountId,
    Drive,
    DriveId,
    LogEvent,
    Principal,
    Role,
    SessionId,
    Severity,
    TimeUs,
)
from secure_file_transfer.ports import Catalog, CatalogTx
from secure_file_transfer.services.accounts import Accounts
from secure_file_transfer.services.audit import Audit
from secure_file_transfer.services.beliefs import BELIEVED_SECONDS
from secure_file_transfer.services.passwords import PasswordHasher
from secure_file_transfer.services.sessions import Sessions, SignedIn
from secure_file_transfer.storage.catalog import open_catalog
from secure_file_transfer.testing.clock import FakeClock

T = TypeVar("T")
GOOD = "tangerine bicycle"
HOUR_US = 3600 * 1_000_000


class Homes:
    def create_in(self, tx: CatalogTx, name: str, owner_id: AccountId | None) -> Drive:
        return tx.drives.create(name, owner_id, TimeUs(0))

    def remove_in(self, tx: CatalogTx, drive_id: DriveId) -> None:
        pass


class Watched:
    """A catalog that counts, that fails on demand, and that lets a test act between a read and its use."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.reads = self.writes = 0
        self.full = False
        self.after_read: Callable[[], object] | None = None

    def read(self, work: Callable[[CatalogTx], T]) -> T:
        self.reads += 1
        result = self.catalog.read(work)
        if act := self.after_read:
            self.after_read = None
            act()
        return result

    def write(self, work: Callable[[CatalogTx], T]) -> T:
        self.writes += 1
        if self.full:
            raise NoSpaceError
        return self.catalog.write(work)

    def close(self) -> None:
        self.catalog.close()


class CountingHasher(PasswordHasher):
    """Argon2 made cheap, counting how often it works."""

    def __init__(self, time_cost: int = 1) -> None:
        super().__init__(time_cost=time_cost, memory_kib=8, lanes=1)
        self.work = 0

    def verify(self, password_hash: str, password: str) -> bool:
        self.work += 1
        return super().verify(password_hash, password)


@dataclass
class World:
    catalog: Watched
    clock: FakeClock
    hasher: CountingHasher
    sessions: Sessions
    accounts: Accounts
    elsewhere: Sessions = field(repr=False)
    """Another process on the same catalog."""
    events: list[LogEvent]

    def sign_in(self, name: str = "alice", password: str = GOOD, agent: str = "test") -> SignedIn:
        return self.sessions.sign_in(name, password, door="http", address="192.0.2.1", agent=agent)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    catalog, clock, hasher = Watched(open_catalog(tmp_path / "catalog.db")), FakeClock(), CountingHasher()
    events: list[LogEvent] = []
    sessions = Sessions(catalog, clock, hasher, HOUR_US, audit=Audit(clock, events.append))
    elsewhere = Sessions(catalog.catalog, clock, hasher, HOUR_US)
    accounts = Accounts(catalog, clock, hasher, Homes(), sessions)
    accounts.create("alice", GOOD)
    yield World(catalog, clock, hasher, sessions, accounts, elsewhere, events)
    catalog.close()


# --- signing in -------------------------------------------------------------------------------------------------


def test_a_sign_in_gives_a_token_that_names_its_owner(world: World) -> None:
    signed = world.sign_in()
    assert signed.token.startswith("sft_")
    assert len(signed.token) == 47
    principal = world.sessions.resolve(signed.token)
    assert principal.account == signed.account == world.accounts.get("alice")
    assert principal.session == signed.session
    session = signed.session
    assert (session.door, session.address, session.agent) == ("http", "192.0.2.1", "test")
    assert session.expires_us - session.created_us == HOUR_US


def test_attack_28_every_sign_in_has_a_new_id_and_token(world: World) -> None:
    signed = [world.sign_in() for _ in range(20)]
    assert len({s.token for s in signed}) == len({s.session.id for s in signed}) == 20


def test_attack_42_the_token_is_kept_as_a_hash_and_shows_nowhere(world: World, tmp_path: Path) -> None:
    signed = world.sign_in()
    assert signed.token not in repr(signed)
    digest = hashlib.sha256(signed.token.encode()).digest()
    found = world.catalog.read(lambda tx: tx.sessions.by_token(digest))
    assert found is not None
    assert found[0].id == signed.session.id
    for path in tmp_path.iterdir():
        assert signed.token.encode() not in path.read_bytes()


def failure(world: World, name: str, password: str) -> tuple[str, str, str, int]:
    """Everything that a stranger can see of a failed sign-in, and how often Argon2 worked for it."""
    before = world.hasher.work
    with pytest.raises(SignInFailedError) as refused:
        world.sign_in(name, password)
    return type(refused.value).__name__, str(refused.value), refused.value.hint, world.hasher.work - before


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("nobody", GOOD),
        ("off", GOOD),
        ("off", "wrong"),
        ("alice", ""),
        ("", ""),
        ("", GOOD),
        ("alice\x00", GOOD),
        ("alice", GOOD + "\x00"),
        ("alice", "x" * 2_000_000),
        ("a" * 2_000_000, GOOD),
        ("\ud800", GOOD),
        ("alice", "\ud800"),
        ("alice ", GOOD),
        ("alice", GOOD.upper()),
        ("' OR 1=1 --", GOOD),
        ("%", GOOD),
    ],
)
def test_attack_22_and_27_every_failed_sign_in_looks_and_costs_the_same(world: World, name: str, password: str) -> None:
    world.accounts.create("off", GOOD)
    world.accounts.set_disabled("off", disabled=True)
    plain = failure(world, "alice", "wrong password")
    assert plain[3] == 1
    assert failure(world, name, password) == plain
    alice = world.accounts.get("alice").id
    assert list(world.catalog.read(lambda tx: tx.sessions.of(alice))) == []


def test_attack_42_a_failed_sign_in_repeats_neither_name_nor_password(world: World) -> None:
    shown = " ".join(map(str, failure(world, "very-private-name", "very-private-password")))
    assert "very-private" not in shown


def test_attack_47_a_full_pool_answers_known_and_unknown_alike(world: World) -> None:
    while world.hasher._admitted.acquire(blocking=False):
        pass
    shown = []
    for name in ("alice", "nobody"):
        with pytest.raises(TooManyRequestsError) as refused:
            world.sign_in(name)
        shown.append(str(refused.value))
    assert shown[0] == shown[1]


def test_a_sign_in_renews_a_hash_made_with_weaker_parameters(world: World) -> None:
    alice = world.accounts.get("alice")

    def kept() -> str:
        return world.catalog.read(lambda tx: tx.accounts.password_hash(alice.id))

    old = kept()
    world.sign_in()
    assert kept() == old
    raised = Sessions(world.catalog, world.clock, CountingHasher(time_cost=2), HOUR_US)
    raised.sign_in("alice", GOOD, door="http", address="", agent="")
    assert "t=2" in kept()
    renewed = kept()
    world.sign_in()
    assert kept() == renewed  # nobody goes back to the weaker one


def test_a_wrong_password_renews_nothing(world: World) -> None:
    alice = world.accounts.get("alice")
    raised = Sessions(world.catalog, world.clock, CountingHasher(time_cost=2), HOUR_US)
    with pytest.raises(SignInFailedError):
        raised.sign_in("alice", "wrong password", door="http", address="", agent="")
    assert "t=1" in world.catalog.read(lambda tx: tx.accounts.password_hash(alice.id))


@pytest.mark.parametrize("change", ["password", "disabled", "deleted"])
def test_attack_23_a_change_during_the_sign_in_wins(world: World, change: str) -> None:
    def act() -> None:
        if change == "password":
            world.accounts.set_password("alice", "marmalade telescope")
        elif change == "disabled":
            world.accounts.set_disabled("alice", disabled=True)
        else:
            world.accounts.delete("alice")

    alice = world.accounts.get("alice")
    world.catalog.after_read = act
    with pytest.raises(SignInFailedError):
        world.sign_in()
    assert list(world.catalog.read(lambda tx: tx.sessions.of(alice.id))) == []


def test_attack_44_what_a_peer_says_of_itself_is_kept_short_and_on_one_line(world: World) -> None:
    agent = world.sign_in(agent="curl\r\nX: y\x1b[2J\u202e" + "z" * 5000).session.agent
    assert agent.startswith("curl??X: y?[2J?zzz")
    assert len(agent) == 256


def test_a_session_is_opened_without_password_only_for_an_account_that_may(world: World) -> None:
    alice = world.accounts.get("alice")
    opened = world.sessions.open_for(alice, door="http", address="", agent="")
    assert world.sessions.resolve(opened.token).account == alice
    world.accounts.set_disabled("alice", disabled=True)
    with pytest.raises(SignInFailedError):
        world.sessions.open_for(alice, door="http", address="", agent="")


# --- tokens -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "token",
    [
        "",
        "sft_",
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.",
        "sft_" + "A" * 42,
        "sft_" + "A" * 44,
        "sft_" + "A" * 43 + "\n",
        " sft_" + "A" * 43,
        "SFT_" + "A" * 43,
        "sft_" + "A" * 42 + "=",
        "sft_" + "A" * 42 + "\x00",
        "sft_" + "A" * 42 + "\u0661",
        "sft_" + "A" * 1_000_000,
    ],
)
def test_attack_24_a_malformed_token_never_reaches_the_catalog(world: World, token: str) -> None:
    reads = world.catalog.reads
    with pytest.raises(SignInRequiredError):
        world.sessions.resolve(token)
    assert world.catalog.reads == reads


def test_an_unknown_token_is_refused_like_an_ended_one(world: World) -> None:
    signed = world.sign_in()
    world.sessions.sign_out(world.sessions.resolve(signed.token))
    shown = set()
    for token in (signed.token, "sft_" + "A" * 43, ""):
        with pytest.raises(SignInRequiredError) as refused:
            world.sessions.resolve(token)
        shown.add((str(refused.value), refused.value.hint))
    assert len(shown) == 1


def test_the_catalog_is_asked_once_per_moment_and_session(world: World) -> None:
    signed, other = world.sign_in(), world.sign_in()
    reads = world.catalog.reads
    for _ in range(50):
        principal = world.sessions.resolve(signed.token)
        world.sessions.check(principal)
    assert world.catalog.reads == reads + 1
    world.sessions.resolve(other.token)
    assert world.catalog.reads == reads + 2
    world.clock.advance(BELIEVED_SECONDS)
    world.sessions.check(principal)
    world.sessions.resolve(signed.token)
    assert world.catalog.reads == reads + 3


# --- the end ----------------------------------------------------------------------------------------------------


def dead(world: World, signed: SignedIn, principal: Principal) -> bool:
    def ends(act: Callable[[], object]) -> bool:
        try:
            act()
        except SignInRequiredError:
            return True
        return False

    outcomes = {ends(lambda: world.sessions.resolve(signed.token)), ends(lambda: world.sessions.check(principal))}
    assert len(outcomes) == 1, "a session lives for one question and is dead for the other"
    return outcomes.pop()


def enders() -> dict[str, Callable[[Sessions, SessionId, AccountId], object]]:
    return {
        "sign_out": lambda sessions, session_id, _: sessions.end(session_id),
        "end_all": lambda sessions, _, account_id: sessions.end_all(account_id),
    }


@pytest.mark.parametrize("how", enders())
def test_attack_29_what_ends_in_this_process_is_dead_at_once(world: World, how: str) -> None:
    signed = world.sign_in()
    principal = world.sessions.resolve(signed.token)
    assert not dead(world, signed, principal)
    enders()[how](world.sessions, signed.session.id, signed.account.id)
    assert dead(world, signed, principal)


@pytest.mark.parametrize("how", [*enders(), "disable", "delete", "password"])
def test_attack_29_what_ends_in_another_process_is_dead_within_a_second(world: World, how: str) -> None:
    signed = world.sign_in()
    principal = world.sessions.resolve(signed.token)
    command_line = Accounts(world.catalog.catalog, world.clock, world.hasher, Homes())
    if how == "disable":
        command_line.set_disabled("alice", disabled=True)
    elif how == "delete":
        command_line.delete("alice")
    elif how == "password":
        command_line.set_password("alice", "marmalade telescope")
    else:
        enders()[how](world.elsewhere, signed.session.id, signed.account.id)
    world.clock.advance(1)
    assert dead(world, signed, principal)


def test_an_account_disabled_behind_everybodys_back_is_out_though_its_session_is_there(world: World) -> None:
    signed = world.sign_in()
    principal = world.sessions.resolve(signed.token)
    world.catalog.catalog.write(lambda tx: tx.accounts.set_disabled(signed.account.id, disabled=True))
    world.clock.advance(1)
    assert dead(world, signed, principal)


@pytest.mark.parametrize("question", ["resolve", "check"])
def test_an_answer_that_was_on_its_way_when_the_session_ended_is_not_believed_afterwards(
    world: World, question: str
) -> None:
    signed = world.sign_in()
    principal = world.sessions.resolve(signed.token)
    world.clock.advance(BELIEVED_SECONDS)
    world.catalog.after_read = lambda: world.sessions.end_all(signed.account.id)
    if question == "resolve":
        world.sessions.resolve(signed.token)
    else:
        world.sessions.check(principal)
    assert dead(world, signed, principal)


def test_sign_out_ends_one_session_and_no_other(world: World) -> None:
    first, second = world.sign_in(), world.sign_in()
    principal = world.sessions.resolve(first.token)
    world.sessions.sign_out(principal)
    assert dead(world, first, principal)
    assert world.sessions.resolve(second.token).session == second.session
    world.sessions.sign_out(principal)  # again: fine


def test_all_sessions_but_one_end(world: World) -> None:
    kept, other = world.sign_in(), world.sign_in()
    world.sessions.resolve(kept.token)
    principal = world.sessions.resolve(other.token)
    assert world.sessions.end_all(kept.account.id, but=kept.session.id) == 1
    assert dead(world, other, principal)
    world.sessions.resolve(kept.token)


def test_what_a_door_left_behind_ends_and_nothing_else(world: World) -> None:
    kept = world.sign_in()
    for _ in range(3):
        world.sessions.open_for(kept.account, door="ftps", address="127.0.0.1", agent="")
    assert world.sessions.end_of_door("ftps") == 3
    assert world.sessions.end_of_door("ftps") == 0
    assert world.sessions.resolve(kept.token).account == kept.account


def test_a_guest_has_no_session_to_check_or_end(world: World) -> None:
    guest = Principal(None, None)
    reads, writes = world.catalog.reads, world.catalog.writes
    world.sessions.check(guest)
    world.sessions.sign_out(guest)
    assert (world.catalog.reads, world.catalog.writes) == (reads, writes)


def test_a_session_expires_to_the_microsecond_even_while_it_is_remembered(world: World) -> None:
    signed = world.sign_in()
    world.clock.advance(us=HOUR_US - 1)
    principal = world.sessions.resolve(signed.token)
    assert not dead(world, signed, principal)
    world.clock.advance(us=1)
    assert dead(world, signed, principal)


def test_an_expired_session_is_removed_when_met_and_when_the_server_starts(world: World) -> None:
    met, unmet = world.sign_in(), world.sign_in()
    world.clock.advance(us=HOUR_US)
    lasting = world.sign_in()
    with pytest.raises(SignInRequiredError):
        world.sessions.resolve(met.token)
    assert len(world.catalog.read(lambda tx: tx.sessions.of(met.account.id))) == 2
    assert world.sessions.remove_expired() == 1
    told = [(event.kind, event.severity, event.text) for event in world.events if event.kind == "session.expired"]
    assert told == [
        ("session.expired", Severity.INFO, f"The session #{each.session.id} of {each.account.name} expired")
        for each in (met, unmet)
    ]
    assert list(world.catalog.read(lambda tx: tx.sessions.of(met.account.id))) == [lasting.session]


# --- being seen -------------------------------------------------------------------------------------------------


def test_being_seen_is_written_at_most_once_a_minute(world: World) -> None:
    signed = world.sign_in()

    def seen() -> int:
        (session,) = world.catalog.catalog.read(lambda tx: tx.sessions.of(signed.account.id))
        return session.seen_us - session.created_us

    writes = world.catalog.writes
    for _ in range(59):
        world.clock.advance(1)
        principal = world.sessions.resolve(signed.token)
    assert world.catalog.writes == writes
    for _ in range(61):
        world.clock.advance(1)
        world.sessions.check(principal)
    assert world.catalog.writes == writes + 2
    assert seen() == 120 * 1_000_000


def test_an_unused_session_ends_sooner_and_one_in_use_does_not(world: World) -> None:
    idle = Sessions(world.catalog, world.clock, world.hasher, 100 * HOUR_US, idle_us=HOUR_US)
    used, unused = (idle.sign_in("alice", GOOD, door="http", address="", agent="") for _ in range(2))
    for _ in range(5):
        world.clock.advance(1800)
        principal = idle.resolve(used.token)
    idle.check(principal)
    with pytest.raises(SignInRequiredError):
        idle.resolve(unused.token)
    assert [session.id for session, _ in idle.listed(principal)] == [used.session.id]
    world.clock.advance(3601)
    with pytest.raises(SignInRequiredError):
        idle.check(principal)


# --- being listed and revoked -----------------------------------------------------------------------------------


@pytest.fixture
def boss(world: World) -> Principal:
    world.accounts.create("boss", GOOD, Role.ADMIN)
    return world.sessions.resolve(world.sign_in("boss").token)


def listed(world: World, principal: Principal, *, everybody: bool = False) -> set[SessionId]:
    return {session.id for session, _ in world.sessions.listed(principal, everybody=everybody)}


def test_one_sees_ones_own_sessions_and_operators_see_all(world: World, boss: Principal) -> None:
    mine = [world.sign_in() for _ in range(2)]
    alice = world.sessions.resolve(mine[0].token)
    assert boss.session
    assert listed(world, alice) == {signed.session.id for signed in mine}
    assert listed(world, boss) == {boss.session.id}
    assert listed(world, boss, everybody=True) == {boss.session.id, *(signed.session.id for signed in mine)}
    with pytest.raises(ForbiddenError):
        world.sessions.listed(alice, everybody=True)
    with pytest.raises(SignInRequiredError):
        world.sessions.listed(Principal(None, None))


def test_somebody_elses_session_looks_like_none(world: World, boss: Principal) -> None:
    assert boss.session
    alice = world.sessions.resolve(world.sign_in().token)
    shown = []
    for number in (boss.session.id, SessionId(4711)):
        with pytest.raises(NotFoundError) as refused:
            world.sessions.revoke(alice, number)
        shown.append((str(refused.value), refused.value.hint))
    assert shown[0] == shown[1]
    world.sessions.check(boss)


def test_attack_29_one_ends_ones_own_sessions_and_operators_anybodys(world: World, boss: Principal) -> None:
    one, two, three = (world.sign_in() for _ in range(3))
    alice = world.sessions.resolve(one.token)
    world.sessions.revoke(alice, two.session.id)
    assert listed(world, alice) == {one.session.id, three.session.id}
    world.sessions.revoke(boss, three.session.id)
    assert listed(world, alice) == {one.session.id}
    world.sign_in()
    assert world.sessions.revoke_all(alice) == 1
    world.sessions.check(alice)
    assert world.sessions.revoke_all(boss, "ALICE") == 1
    with pytest.raises(SignInRequiredError):
        world.sessions.check(alice)
    world.sessions.check(boss)


def test_only_operators_end_the_sessions_of_others(world: World, boss: Principal) -> None:
    alice = world.sessions.resolve(world.sign_in().token)
    for name in ("boss", "alice", "nobody"):
        with pytest.raises(ForbiddenError):
            world.sessions.revoke_all(alice, name)
    for name in ("nobody", "", "\0"):
        with pytest.raises(NotFoundError):
            world.sessions.revoke_all(boss, name)
    world.sessions.check(boss)


def test_attack_32_a_demoted_operator_has_no_rights_left(world: World, boss: Principal) -> None:
    world.accounts.create("second", GOOD, Role.ADMIN)
    command_line = Accounts(world.catalog.catalog, world.clock, world.hasher, Homes())
    command_line.set_role("boss", Role.USER)
    world.clock.advance(1)
    with pytest.raises(SignInRequiredError):
        world.sessions.check(boss)
    again = world.sessions.resolve(world.sign_in("boss").token)
    with pytest.raises(ForbiddenError):
        world.sessions.listed(again, everybody=True)


def test_a_full_disk_does_not_stop_those_who_are_signed_in(world: World) -> None:
    signed = world.sign_in()
    world.clock.advance(61)
    world.catalog.full = True
    principal = world.sessions.resolve(signed.token)
    world.clock.advance(us=HOUR_US)
    assert dead(world, signed, principal)
    with pytest.raises(NoSpaceError):
        world.sign_in()


def test_every_error_says_what_to_do_next(world: World) -> None:
    errors: list[SecureFileTransferError] = []
    for act in (lambda: world.sessions.resolve(""), lambda: world.sign_in("nobody")):
        with pytest.raises(SecureFileTransferError) as refused:
            act()
        errors.append(refused.value)
    assert all(error.hint for error in errors)
