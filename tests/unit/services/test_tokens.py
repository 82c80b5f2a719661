"""API tokens: whose they are, when they end, and that they never do more than they are for."""

import base64
import logging
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from secure_file_transfer.config import ClientCertificates
from secure_file_transfer.errors import (
    ClientCertificateError,
    ConflictError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    SignInFailedError,
    SignInRequiredError,
)
from secure_file_transfer.model import (
    API_TOKEN_PREFIX,
    Account,
    ApiToken,
    Conflict,
    Principal,
    Rights,
    Role,
    Scope,
    SessionId,
    TimeUs,
    TokenId,
)
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.ports import CatalogTx
from secure_file_transfer.services import tokens as module
from secure_file_transfer.services.beliefs import BELIEVED_SECONDS
from secure_file_transfer.services.credentials import Credentials, Shown
from secure_file_transfer.services.guard import Guard
from secure_file_transfer.services.passwords import PasswordHasher
from secure_file_transfer.services.scopes import RIGHTS
from secure_file_transfer.services.sessions import Sessions
from secure_file_transfer.services.tokens import NewToken, Tokens, Wish
from secure_file_transfer.services.uploads import Wanted
from secure_file_transfer.storage.catalog import SqliteCatalog, open_catalog
from secure_file_transfer.testing.clock import FakeClock
from secure_file_transfer.testing.rights_world import SharingWorld

GOOD = "tangerine bicycle"
DAY_US = 86_400 * 1_000_000
HASHER = PasswordHasher(time_cost=1, memory_kib=8, lanes=1)
READ, WRITE, DELETE, SHARES, ADMIN = Scope
FILES = frozenset({READ, WRITE, DELETE})


@dataclass
class World:
    catalog: SqliteCatalog
    clock: FakeClock
    sessions: Sessions
    tokens: Tokens
    ada: Account
    bob: Account

    def who(self, account: Account) -> Principal:
        signed = self.sessions.open_for(account, door="http", address="::1", agent="")
        return Principal(signed.account, signed.session)

    def make(self, account: Account | None = None, **wish: object) -> NewToken:
        asked = Wish(**{"name": "nightly", "scopes": FILES, **wish})  # type: ignore[arg-type]
        return self.tokens.create(self.who(account or self.bob), GOOD, asked, address="::1")

    def resolve(self, made: NewToken) -> Principal:
        return self.tokens.resolve(made.text, "192.0.2.1")

    def later(self, seconds: float) -> None:
        self.clock.advance(seconds)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    clock = FakeClock()
    catalog = open_catalog(tmp_path / "c", clock)
    sessions = Sessions(catalog, clock, HASHER, 400 * DAY_US)

    def account(tx: CatalogTx, name: str, role: Role) -> Account:
        home = tx.drives.create(name, None, TimeUs(0))
        return tx.accounts.create(name, role, home.id, HASHER.hash(GOOD), TimeUs(0))

    ada = catalog.write(lambda tx: account(tx, "ada", Role.ADMIN))
    bob = catalog.write(lambda tx: account(tx, "bob", Role.USER))
    yield World(catalog, clock, sessions, Tokens(catalog, clock, sessions), ada, bob)
    catalog.close()


def test_a_token_says_whose_it_is_and_is_shown_once(world: World) -> None:
    made = world.make(path=RemotePath(("a",)))
    who = world.resolve(made)
    assert who.account
    assert (who.account.name, who.session, who.token and who.token.path) == ("bob", None, "/a")
    assert made.text.startswith(API_TOKEN_PREFIX)
    assert len({world.make().text for _ in range(20)}) == 20
    (first, *_) = world.tokens.listed(world.who(world.bob))
    assert first == replace(made.token, seen_us=first.seen_us, address="192.0.2.1")
    with pytest.raises(SignInRequiredError):
        world.sessions.resolve(made.text)


def test_attack_42_the_text_is_in_no_row_and_no_repr(world: World, tmp_path: Path) -> None:
    made = world.make()
    secret = made.text.removeprefix(API_TOKEN_PREFIX)
    assert secret not in repr(made)
    world.catalog.close()
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert secret.encode() not in stored
    assert base64.urlsafe_b64decode(secret)[:32] not in stored


def forged() -> list[str]:
    whole = base64.urlsafe_b64encode(bytes(32) + zlib.crc32(bytes(32)).to_bytes(4, "big")).decode()
    return [
        "",
        API_TOKEN_PREFIX,
        API_TOKEN_PREFIX + whole,
        API_TOKEN_PREFIX + whole[:-1],
        API_TOKEN_PREFIX + whole + "=",
        API_TOKEN_PREFIX.upper() + whole,
        API_TOKEN_PREFIX + "A" * 47 + "B",
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.",
        API_TOKEN_PREFIX + "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.",
        API_TOKEN_PREFIX + whole + "\n",
        API_TOKEN_PREFIX + "é" * 48,
    ]


@pytest.mark.parametrize("text", forged())
def test_attack_24_what_is_no_token_is_none(world: World, text: str) -> None:
    world.make()
    with pytest.raises(SignInRequiredError):
        world.tokens.resolve(text, "::1")


def test_a_mistyped_token_never_reaches_the_catalog(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    made = world.make()
    monkeypatch.setattr(world.catalog, "read", None)
    for at in range(len(API_TOKEN_PREFIX), len(made.text)):
        other = "A" if made.text[at] != "A" else "B"
        with pytest.raises(SignInRequiredError):
            world.tokens.resolve(made.text[:at] + other + made.text[at + 1 :], "::1")


def test_tokens_that_are_wrong_lock_nobody_out(world: World) -> None:
    """As with tokens of sessions: 256 bits are not guessed, so to count would only help whoever wants others out."""
    guard = Guard(world.clock)
    made = world.make()
    credentials = with_tokens(world)
    for _ in range(100):
        with pytest.raises(SignInRequiredError):
            credentials.principal(shown(API_TOKEN_PREFIX + "A" * 48))
    assert credentials.principal(shown(made.text)).token
    assert guard.blocks(world.who(world.ada)) == []


def with_tokens(world: World, demand: str = "optional") -> Credentials:
    return Credentials(
        world.catalog, world.clock, world.sessions, ClientCertificates(demand), alone=True, tokens=world.tokens
    )


def shown(token: str | None) -> Shown:
    return Shown(token, None, "http", "192.0.2.1", "test")


def test_credentials_take_either_kind_of_token(world: World) -> None:
    credentials, made = with_tokens(world), world.make()
    who = credentials.principal(shown(made.text))
    assert who.token == replace(made.token, seen_us=world.clock.now_us(), address="192.0.2.1")
    credentials.check(who)
    signed = world.sessions.open_for(world.bob, door="http", address="::1", agent="")
    session = credentials.principal(shown(signed.token))
    assert (session.token, session.session and session.session.id) == (None, signed.session.id)
    world.tokens.revoke(world.who(world.bob), made.token.id)
    credentials.check(session)
    with pytest.raises(SignInRequiredError):
        credentials.check(who)
    with pytest.raises(ClientCertificateError):
        with_tokens(world, "required").principal(shown(world.make().text))


def test_it_ends_on_its_day_unless_it_has_none(world: World) -> None:
    short, ever = world.make(seconds=60), world.make(seconds=None)
    who = world.resolve(short)
    world.later(59)
    world.resolve(short)
    world.tokens.check(who)
    world.later(1)
    for ask in (lambda: world.resolve(short), lambda: world.tokens.check(who)):
        with pytest.raises(SignInRequiredError):
            ask()
    world.later(300 * 86_400)
    assert world.resolve(ever).token
    assert world.tokens.remove_expired() == 1
    assert [each.id for each in world.tokens.listed(world.who(world.bob))] == [ever.token.id]


def test_an_expired_token_is_listed_for_a_month(world: World) -> None:
    made = world.make(seconds=60)
    world.later(30 * 86_400)
    assert world.tokens.remove_expired() == 0
    assert [each.id for each in world.tokens.listed(world.who(world.bob))] == [made.token.id]
    world.later(61)
    assert world.tokens.remove_expired() == 1


ENDERS: dict[str, Callable[[World, NewToken], object]] = {
    "revoked": lambda world, made: world.tokens.revoke(world.who(world.bob), made.token.id),
    "revoked by an operator": lambda world, made: world.tokens.revoke(world.who(world.ada), made.token.id),
    "all revoked": lambda world, _: world.tokens.revoke_all(world.who(world.bob)),
    "all revoked by an operator": lambda world, _: world.tokens.revoke_all(world.who(world.ada), "BOB"),
    "disabled": lambda world, _: world.catalog.write(lambda tx: tx.accounts.set_disabled(world.bob.id, disabled=True)),
    "deleted": lambda world, _: world.catalog.write(lambda tx: tx.accounts.delete(world.bob.id)),
    "gone": lambda world, made: world.catalog.write(lambda tx: tx.tokens.delete(made.token.id)),
}


@pytest.mark.parametrize("how", ENDERS)
def test_attack_32_it_ends_with_what_it_stands_on(world: World, how: str) -> None:
    made = world.make()
    who = world.resolve(made)
    world.tokens.check(who)
    ENDERS[how](world, made)
    if "revoked" not in how:  # another process has done it: it is seen when what is believed is asked for again
        world.later(BELIEVED_SECONDS)
    for ask in (lambda: world.resolve(made), lambda: world.tokens.check(who)):
        with pytest.raises(SignInRequiredError):
            ask()


def test_attack_30_an_account_made_again_has_no_tokens_of_the_old_one(world: World) -> None:
    made = world.make()
    home = world.bob.home_id
    world.catalog.write(lambda tx: tx.accounts.delete(world.bob.id))
    world.catalog.write(lambda tx: tx.accounts.create("bob", Role.USER, home, HASHER.hash(GOOD), TimeUs(0)))
    with pytest.raises(SignInRequiredError):
        world.resolve(made)


def test_the_operator_on_the_spot_sees_and_ends_what_is_good(world: World) -> None:
    made, short = world.make(), world.make(seconds=60)
    world.later(60)
    assert [each.id for each in world.tokens.of("BOB")] == [made.token.id]
    assert world.tokens.revoke_of("bob") == 2
    assert world.tokens.of("bob") == []
    for each in (made, short):
        with pytest.raises(SignInRequiredError):
            world.resolve(each)
    for act in (world.tokens.of, world.tokens.revoke_of):
        with pytest.raises(NotFoundError):
            act("nobody")


def test_an_answer_from_before_a_revocation_is_not_believed_after_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, bob, read = world.make(), world.who(world.bob), world.catalog.read

    def late(work: Callable[[CatalogTx], object]) -> object:
        answer = read(work)
        monkeypatch.setattr(world.catalog, "read", read)
        world.tokens.revoke(bob, made.token.id)
        return answer

    monkeypatch.setattr(world.catalog, "read", late)
    world.resolve(made)  # it was good when it was asked for
    with pytest.raises(SignInRequiredError):
        world.resolve(made)


def test_a_new_password_leaves_it(world: World) -> None:
    made = world.make()
    world.catalog.write(lambda tx: tx.accounts.set_password_hash(world.bob.id, HASHER.hash(GOOD + "!")))
    world.later(BELIEVED_SECONDS)
    assert world.resolve(made).token


def test_the_account_counts_as_it_is_now(world: World) -> None:
    """Attack 32: after a demotion an operator's token is no operator's."""
    made = world.make(world.ada, scopes={ADMIN})
    assert world.tokens.listed(world.resolve(made), everybody=True)
    world.catalog.write(lambda tx: tx.accounts.set_role(world.ada.id, Role.USER))
    world.later(BELIEVED_SECONDS)
    demoted = world.resolve(made)
    for act in (
        lambda: world.tokens.listed(demoted, everybody=True),
        lambda: world.tokens.revoke(demoted, made.token.id),
        lambda: world.sessions.revoke(demoted, SessionId(1)),
        lambda: world.sessions.listed(demoted, everybody=True),
    ):
        with pytest.raises(ForbiddenError):
            act()


def test_its_last_use_is_written_once_a_minute(world: World) -> None:
    made = world.make()
    world.resolve(made)
    first = world.clock.now_us()

    def seen() -> tuple[int | None, str]:
        (token,) = world.tokens.listed(world.who(world.bob))
        return token.seen_us, token.address

    world.later(59)
    world.tokens.resolve(made.text, "198.51.100.1")
    assert seen() == (first, "192.0.2.1")
    world.later(1)
    world.tokens.resolve(made.text, "198.51.100.1")
    assert seen() == (first + 60_000_000, "198.51.100.1")


@pytest.mark.parametrize(
    "wish",
    [
        {"name": ""},
        {"name": " "},
        {"name": "x" * 65},
        {"name": "a\nb"},
        {"scopes": frozenset()},
        {"seconds": 59},
        {"seconds": -1},
        {"seconds": 3650 * 86_400 + 1},
    ],
)
def test_what_no_token_can_be(world: World, wish: dict[str, object]) -> None:
    with pytest.raises(InvalidRequestError):
        world.make(**wish)  # type: ignore[arg-type]


def test_an_account_has_so_many(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TOKENS_MAX", 2)
    world.make()
    world.make()
    with pytest.raises(ConflictError):
        world.make()
    world.make(world.ada)


def test_to_make_one_takes_the_password_and_for_admin_an_operator(world: World) -> None:
    wish = Wish("x", {READ})
    with pytest.raises(SignInFailedError):
        world.tokens.create(world.who(world.bob), "wrong", wish, address="::1")
    with pytest.raises(SignInRequiredError):
        world.tokens.create(Principal(None, None), GOOD, wish, address="::1")
    with pytest.raises(ForbiddenError):
        world.make(scopes={READ, ADMIN})
    assert world.make(world.ada, scopes={ADMIN}).token.scopes == {ADMIN}
    assert len(world.tokens.listed(world.who(world.ada), everybody=True)) == 1


def test_what_is_not_yours_is_not_there(world: World) -> None:
    made = world.make(world.ada)
    bob = world.who(world.bob)
    answers = []
    for token_id in (made.token.id, TokenId(4711)):
        with pytest.raises(NotFoundError) as caught:
            world.tokens.revoke(bob, token_id)
        answers.append((str(caught.value), caught.value.hint))
    assert answers[0] == answers[1]
    assert world.tokens.listed(bob) == []
    for act in (lambda: world.tokens.listed(bob, everybody=True), lambda: world.tokens.revoke_all(bob, "ada")):
        with pytest.raises(ForbiddenError):
            act()
    with pytest.raises(NotFoundError):
        world.tokens.revoke_all(world.who(world.ada), "nobody")
    assert world.resolve(made).token


def test_attack_32_a_token_with_every_scope_makes_nothing_that_lasts(world: World) -> None:
    """Neither tokens nor sessions, devices, passwords and second factors are for tokens, whatever their scopes."""
    made = world.make(world.ada, scopes=frozenset(Scope))
    who = world.resolve(made)
    for act in (
        lambda: world.tokens.create(who, GOOD, Wish("x", {READ}), address="::1"),
        lambda: world.tokens.listed(who),
        lambda: world.tokens.revoke_all(who),
        lambda: world.sessions.confirm_password(who, GOOD, "::1"),
        lambda: world.sessions.listed(who),
        lambda: world.sessions.revoke_all(who),
    ):
        with pytest.raises(ForbiddenError, match="not for tokens"):
            act()
    assert world.sessions.listed(who, everybody=True)


def test_nothing_is_logged_of_it(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    made = world.make()
    world.resolve(made)
    with pytest.raises(SignInRequiredError) as caught:
        world.tokens.resolve(made.text[:-1], "::1")
    assert made.text[:20] not in caplog.text + str(caught.value) + caught.value.hint


# --- files and shares -------------------------------------------------------------------------------------------------


@dataclass
class Tree:
    """A home with two folders whose names begin alike, and something shared with its owner."""

    world: SharingWorld
    account: Account

    def token(self, path: str = "/", scopes: frozenset[Scope] = FILES) -> Principal:
        account = self.account
        token = ApiToken(TokenId(1), account.id, account.name, "t", scopes, path, TimeUs(0), None, None, "")
        return Principal(account, None, token=token)

    def put(self, who: Principal, path: str, *, parents: bool = False) -> str:
        draft = self.world.files.draft(who, RemotePath.parse(path), parents=parents)
        try:
            draft.append(b"new")
            return draft.commit().entry.path
        finally:
            draft.abort()


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Tree]:
    world = SharingWorld(tmp_path)
    for path in ("/al", "/alice"):
        world.folder("bob", path)
        world.put("bob", f"{path}/f", b"content")
    world.folder("ada", "/work")
    world.folder("ada", "/work/deep")
    world.put("ada", "/work/f", b"shared")
    world.put("ada", "/work/deep/f", b"shared")
    world.shares.grant(world.who["ada"], RemotePath(("work",)), "bob", Rights.ALL)
    account = world.who["bob"].account
    assert account
    yield Tree(world, account)
    world.close()


P = RemotePath.parse
OPERATIONS: dict[str, tuple[frozenset[Scope], Callable[[Tree, Principal, str], object]]] = {
    "stat": (frozenset({READ}), lambda tree, who, at: tree.world.files.stat(who, P(f"{at}/f"))),
    "list": (frozenset({READ}), lambda tree, who, at: tree.world.files.list(who, P(at))),
    "open": (frozenset({READ}), lambda tree, who, at: tree.world.files.open(who, P(f"{at}/f")).close()),
    "put": (frozenset({WRITE}), lambda tree, who, at: tree.put(who, f"{at}/new")),
    "replace": (frozenset({WRITE}), lambda tree, who, at: tree.put(who, f"{at}/f")),
    "tus": (frozenset({WRITE}), lambda tree, who, at: tree.world.uploads.create(who, Wanted(P(f"{at}/u"), 5))),
    "mkdir": (frozenset({READ, WRITE}), lambda tree, who, at: tree.world.files.make_folder(who, P(f"{at}/d"))),
    "copy": (frozenset({READ, WRITE}), lambda tree, who, at: tree.world.files.copy(who, P(f"{at}/f"), P(f"{at}/g"))),
    "move": (FILES, lambda tree, who, at: tree.world.files.move(who, P(f"{at}/f"), P(f"{at}/g"))),
    "remove": (frozenset({READ, DELETE}), lambda tree, who, at: tree.world.files.remove(who, P(f"{at}/f"))),
}


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("at", ["/al", "/Shared/ada/work"])
def test_attack_32_each_operation_takes_its_scopes_and_no_fewer(tree: Tree, name: str, at: str) -> None:
    needed, act = OPERATIONS[name]
    for scope in needed:
        for path in ("/", at):
            with pytest.raises(ForbiddenError, match=f"the scope {scope}"):
                act(tree, tree.token(path, frozenset(Scope) - {scope}), at)
    act(tree, tree.token(at, needed), at)


def outside(tree: Tree, who: Principal, at: str) -> list[Callable[[], object]]:
    files = tree.world.files
    return [*(lambda act=act: act(tree, who, at) for _, act in OPERATIONS.values()), lambda: files.stat(who, P(at))]


@pytest.mark.parametrize("at", ["/alice", "/Shared/ada/work", "/nothing", ""])
def test_attack_4_beyond_its_path_nothing_is_there(tree: Tree, at: str) -> None:
    """Whether it is there or not; and `/alice` is not below `/al`."""
    who = tree.token("/al", frozenset(Scope) - {ADMIN})
    for act in outside(tree, who, at):
        with pytest.raises(NotFoundError) as caught:
            act()
        assert str(caught.value).endswith("is not there")
    assert tree.world.read("bob", "/alice/f") == b"content"
    with pytest.raises(NotFoundError):
        tree.world.files.usage(who)


def test_attack_4_both_ends_of_a_journey_must_be_below_its_path(tree: Tree) -> None:
    who, files = tree.token("/al"), tree.world.files
    for source, target in (("/al/f", "/alice/g"), ("/alice/f", "/al/g"), ("/al/f", "/g"), ("/al/f", "/Shared/ada/g")):
        for act in (files.copy, files.move):
            with pytest.raises(NotFoundError):
                act(who, P(source), P(target), conflict=Conflict.OVERWRITE)
    assert tree.world.names("bob", "/") == ["Shared", "al", "alice"]
    assert tree.world.names("bob", "/al") == ["f"]


def test_where_it_begins_it_takes_nothing_away(tree: Tree) -> None:
    who, files = tree.token("/al"), tree.world.files
    for act in (
        lambda: files.remove(who, P("/al"), recursive=True),
        lambda: files.move(who, P("/al"), P("/al/x")),
        lambda: files.make_folder(who, P("/al")),
    ):
        with pytest.raises(ForbiddenError, match="begins"):
            act()
    for path in ("/gone", "/gone/deep"):
        for make in (tree.put, lambda who, path, parents: files.make_folder(who, P(path), parents=parents)):
            with pytest.raises(NotFoundError):
                make(tree.token(path), f"{path}/a/b", parents=True)
    assert tree.world.names("bob", "/") == ["Shared", "al", "alice"]


def test_a_path_below_shared_holds_as_long_as_the_grant(tree: Tree) -> None:
    who, files = tree.token("/Shared/ada/work/deep"), tree.world.files
    assert tree.put(who, "/Shared/ada/work/deep/a/b", parents=True) == "/Shared/ada/work/deep/a/b"
    with pytest.raises(NotFoundError):
        files.stat(who, P("/Shared/ada/work/f"))
    with pytest.raises(NotFoundError):
        files.list(who, P("/Shared/ada/work"))
    tree.world.shares.revoke(tree.world.who["ada"], P("/work"))
    with pytest.raises(NotFoundError):
        files.stat(who, P("/Shared/ada/work/deep/f"))


def test_a_token_for_one_file_sees_that_file(tree: Tree) -> None:
    who, files = tree.token("/al/f"), tree.world.files
    assert files.stat(who, P("/al/f")).size == 7
    assert tree.put(who, "/al/f") == "/al/f"
    for path in ("/al", "/al/g", "/"):
        with pytest.raises(NotFoundError):
            files.stat(who, P(path))


def test_only_whole_homes_have_blocks(tree: Tree) -> None:
    """The naming key tells whether a content is anywhere in the home, also beyond the path (attack 53)."""
    blocks = tree.world.blocks
    assert blocks.naming_key(tree.token())
    assert blocks.missing(tree.token(scopes=frozenset({READ})), []) == []
    for who in (tree.token("/al"), tree.token(scopes=frozenset({WRITE, DELETE}))):
        with pytest.raises((NotFoundError, ForbiddenError)):
            blocks.naming_key(who)
    with pytest.raises(ForbiddenError):
        blocks.desk(tree.token(scopes=frozenset({READ})), writing=True)


def test_uploads_keep_to_the_path_until_they_are_published(tree: Tree) -> None:
    uploads = tree.world.uploads
    inside = uploads.create(tree.token("/al"), Wanted(P("/al/u"), 3))
    other = uploads.create(tree.world.who["bob"], Wanted(P("/alice/u"), 3))
    assert uploads.status(tree.token("/al"), inside.id).offset == 0
    with pytest.raises(NotFoundError):
        uploads.status(tree.token("/al"), other.id)
    with pytest.raises(NotFoundError):
        uploads.remove(tree.token("/al"), other.id)
    for path in ("/", "/al"):
        reader = tree.token(path, frozenset(Scope) - {WRITE})
        for act in (uploads.status, uploads.remove, lambda who, number: uploads.write(who, number, 0)):
            with pytest.raises(ForbiddenError, match="files:write"):
                act(reader, inside.id)


def test_parts_of_an_upload_are_put_together_below_the_path(tree: Tree) -> None:
    uploads, who = tree.world.uploads, tree.token("/al")
    part = uploads.create(who, Wanted(None, 3, concat="partial"))
    writer = uploads.write(who, part.id, 0)
    writer.append(b"abc")
    writer.finish()
    writer.leave()
    with pytest.raises(NotFoundError):
        uploads.join(who, Wanted(P("/alice/j"), None, concat="final"), [part.id])
    assert uploads.join(who, Wanted(P("/al/j"), None, concat="final"), [part.id]).published == "/al/j"


def test_attack_32_a_token_shares_no_more_than_it_has(tree: Tree) -> None:
    shares = tree.world.shares
    who = tree.token("/al", frozenset({READ, SHARES}))
    assert shares.grant(who, P("/al"), "cyn", Rights.READ).to == "cyn"
    with pytest.raises(ForbiddenError, match="files:"):
        shares.grant(who, P("/al"), "cyn", Rights.ALL)
    tree.world.shares.grant(tree.world.who["bob"], P("/alice"), "cyn", Rights.READ)
    assert [str(each.path) for each in shares.given(who)] == ["/al"]
    assert shares.received(who) == []
    with pytest.raises(NotFoundError):
        shares.grant(who, P("/alice"), "cyn", Rights.READ)
    with pytest.raises(NotFoundError):
        shares.revoke(who, P("/alice"))
    no = tree.token(scopes=FILES)
    for act in (
        lambda: shares.given(no),
        lambda: shares.received(no),
        lambda: shares.revoke(no, P("/al")),
        lambda: shares.grant(no, P("/al"), "cyn", Rights.READ),
    ):
        with pytest.raises(ForbiddenError, match="shares"):
            act()
    assert [str(each.path) for each in shares.received(tree.token(scopes=frozenset({SHARES})))] == ["/Shared/ada/work"]


def test_the_table_gives_every_right_by_one_scope() -> None:
    found = Rights.NONE
    for rights in RIGHTS.values():
        assert not found & rights
        found |= rights
    assert found == Rights.ALL
