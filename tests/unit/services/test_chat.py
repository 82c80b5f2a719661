"""Chat at the service: who talks to whom, what each sees of it, and what nobody else does."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from secure_file_transfer.errors import (
    ConflictError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    SecureFileTransferError,
    SignInRequiredError,
    TooManyRequestsError,
)
from secure_file_transfer.model import (
    Account,
    ApiToken,
    LogEvent,
    Principal,
    Rights,
    Role,
    Scope,
    Session,
    SessionId,
    TimeUs,
    TokenId,
)
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.ports import OPERATORS, Audience, CatalogTx, Event
from secure_file_transfer.ports.chat import ChatId
from secure_file_transfer.services import chat as module
from secure_file_transfer.services import chat_places
from secure_file_transfer.services.audit import Audit
from secure_file_transfer.services.chat import BURST, Chats, Said, Talk
from secure_file_transfer.services.chat_seats import Peer
from secure_file_transfer.storage.events import LocalEventBus
from secure_file_transfer.testing.contracts.catalog_kit import NOW, new_account
from secure_file_transfer.testing.rights_world import SharingWorld

DAY = 86_400
HOUR_US = TimeUs(3_600_000_000)


class World(SharingWorld):
    """Ada, Bob and Cyn, two operators, and the chat between them."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.events: list[Event] = []
        self.log: list[LogEvent] = []
        bus = LocalEventBus()
        bus.subscribe(self.events.append)
        self.chats = Chats(self.catalog, self.clock, bus, Audit(self.clock, self.log.append), per_minute=60, days=30)
        for name in ("op", "ops"):
            self.who[name] = Principal(new_account(self.catalog, name, Role.ADMIN), None)

    def account(self, name: str) -> Account:
        found = self.who[name].account
        assert found is not None
        return found

    def visitor(self, name: str, owner: str, path: str, rights: Rights = Rights.READ) -> Principal:
        """A visitor of a new link."""
        node = self.node_id(owner, RemotePath.parse(path))

        def work(tx: CatalogTx) -> Principal:
            now = self.clock.now_us()
            secret = hashlib.sha256(f"{name} {now}".encode()).digest()
            link = tx.links.create(node, self.account_id(owner), (b"salt", secret), rights, now)
            ends = TimeUs(now + HOUR_US)
            session = tx.sessions.create(
                link.account_id, hashlib.sha256(secret).digest(), "http", "::1", name, now, ends, link_id=link.id
            )
            return Principal(None, session, link)

        self.who[name] = self.catalog.write(work)
        return self.who[name]

    def change(self, work: Callable[[CatalogTx], object]) -> None:
        self.catalog.write(work)

    def open(self, who: str, to: str | None = None, *, private: bool = False) -> ChatId:
        return self.chats.open(self.who[who], to, private=private).id

    def say(self, who: str, chat: ChatId, text: str, key: UUID | None = None) -> Said:
        self.clock.advance(1)  # nobody types faster
        return self.chats.send(self.who[who], chat, key or uuid4(), text)[0]

    def talk(self, who: str, chat: ChatId) -> Talk:
        return self.chats.talk(self.who[who], chat)

    def texts(self, who: str, chat: ChatId, **where: int) -> list[str]:
        return [each.text for each in self.chats.history(self.who[who], chat, **where).messages]

    def links(self, who: str, chat: ChatId) -> list[str | None]:
        """Where the paths in the last message lead."""
        (said, *_) = self.chats.history(self.who[who], chat, limit=1).messages
        return [each.path for each in said.segments if each.path is not None]

    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


# --- talking ----------------------------------------------------------------------------------------------------


def test_the_operators_share_one_inbox_and_are_answered_by_name(world: World) -> None:
    chat = world.open("ada")
    world.say("ada", chat, "help!")
    assert world.open("ada") == world.open("op", "ada") == world.open("ops", "ADA") == chat
    (seen, _) = world.chats.talks(world.who["ops"])
    assert [(each.id, each.peer, each.unread) for each in seen] == [(chat, Peer("account", "ada"), 1)]
    world.say("op", chat, "what is it?")
    first, second = reversed(world.chats.history(world.who["ada"], chat).messages)
    assert (first.mine, first.kind, first.sender, first.text) == (True, "account", "ada", "help!")
    assert (second.mine, second.kind, second.sender, second.text) == (False, "operators", "op", "what is it?")
    assert world.talk("ada", chat).peer == Peer("operators", "")
    assert world.chats.history(world.who["ops"], chat).messages[0].mine


def test_two_accounts_talk_and_nobody_else_sees_that(world: World) -> None:
    chat = world.open("ada", "bob")
    assert world.open("bob", "ada") == chat
    world.say("ada", chat, "psst")
    assert world.texts("bob", chat) == ["psst"]
    for other in ("cyn", "op"):
        assert world.chats.talks(world.who[other]) == ([], None)
        assert world.chats.unread(world.who[other]) == 0
        with pytest.raises(NotFoundError):
            world.talk(other, chat)


def test_an_operator_may_talk_privately_and_to_other_operators(world: World) -> None:
    assert world.open("op", "ada", private=True) != world.open("op", "ada")
    pair = world.open("op", "ops")
    world.say("op", pair, "lunch?")
    assert world.talk("ops", pair).peer == Peer("account", "op")


def test_guests_talk_to_operators_alone_and_stay_apart(world: World) -> None:
    world.folder("ada", "/pub")
    world.visitor("vic", "ada", "/pub")
    world.clock.advance(1)
    world.visitor("viv", "ada", "/pub")
    one, other = world.open("vic"), world.open("viv")
    assert one != other
    world.say("vic", one, "hello")
    for who in ("viv", "ada", "bob"):
        with pytest.raises(NotFoundError):
            world.texts(who, one)
    assert world.texts("op", one) == ["hello"]
    assert world.talk("op", one).peer.kind == "guest"
    world.say("op", one, "welcome")
    assert world.texts("vic", one, after=1) == ["welcome"]


def test_operators_write_to_a_guest_first_and_see_when_it_has_left(world: World) -> None:
    world.folder("ada", "/pub")
    guest = world.visitor("vic", "ada", "/pub").session
    assert guest is not None
    with pytest.raises(ForbiddenError):
        world.chats.open_session(world.who["ada"], guest.id)
    with pytest.raises(NotFoundError):
        world.chats.open_session(world.who["op"], SessionId(4711))
    chat = world.chats.open_session(world.who["op"], guest.id).id
    assert world.open("vic") == chat
    world.say("op", chat, "anything wrong?")
    assert world.talk("op", chat).peer == Peer("guest", world.who["vic"].name)
    assert not world.talk("op", chat).gone
    world.clock.advance(HOUR_US / 1_000_000)
    assert world.talk("op", chat).gone
    world.change(lambda tx: tx.sessions.delete(guest.id))
    assert world.talk("op", chat).gone
    assert world.texts("op", chat) == ["anything wrong?"]
    with pytest.raises(ConflictError):
        world.say("op", chat, "still there?")
    with pytest.raises(SignInRequiredError):
        world.texts("vic", chat)


def test_operators_reach_an_account_by_its_session(world: World) -> None:
    ada = world.account("ada")

    def work(tx: CatalogTx) -> Session:
        return tx.sessions.create(ada.id, b"x" * 32, "ftps", "::1", "", NOW, TimeUs(NOW + HOUR_US))

    session = world.catalog.write(work)
    assert world.chats.open_session(world.who["op"], session.id).id == world.open("ada")


def no_such(world: World, who: str, name: str) -> str:
    with pytest.raises(SecureFileTransferError) as caught:
        world.open(who, name)
    return f"{caught.value.code}: {caught.value} {caught.value.hint}".replace(name, "NAME")


def test_attack_27_names_say_no_more_than_sharing_does(world: World) -> None:
    """And to a guest nothing at all; a disabled account is written to as any other, and the message waits."""
    world.folder("ada", "/pub")
    world.visitor("vic", "ada", "/pub")
    answers = {no_such(world, "ada", name) for name in ("nobody", "x" * 100, "a/b", "guest")}
    assert {no_such(world, "vic", name) for name in ("ada", "nobody", "op")} == {no_such(world, "ada", "nobody")}
    assert len({answer.partition("NAME")[0] for answer in answers}) == 1
    bob = world.account("bob")
    world.change(lambda tx: tx.accounts.set_disabled(bob.id, disabled=True))
    chat = world.open("ada", "bob")
    assert world.say("ada", chat, "are you there?").sequence == 1
    assert world.talk("ada", chat).peer_delivered == 0
    for act in (lambda: world.texts("bob", chat), lambda: world.say("bob", chat, "no")):
        with pytest.raises(SignInRequiredError):
            act()


def test_oneself_is_nobody_to_talk_to(world: World) -> None:
    with pytest.raises(InvalidRequestError):
        world.open("ada", "ada")


@pytest.mark.parametrize(
    "principal",
    [
        Principal(None, None),
        Principal(None, Session(SessionId(99), None, "http", "", "", NOW, NOW, NOW)),  # type: ignore[arg-type]
    ],
)
def test_whoever_has_no_session_talks_to_nobody(world: World, principal: Principal) -> None:
    chat = world.open("ada")
    for act in (
        lambda: world.chats.open(principal),
        lambda: world.chats.talks(principal),
        lambda: world.chats.send(principal, chat, uuid4(), "x"),
        lambda: world.chats.history(principal, chat),
        lambda: world.chats.unread(principal),
    ):
        with pytest.raises(SignInRequiredError):
            act()


def test_attack_32_programs_with_tokens_do_not_chat(world: World) -> None:
    op = world.account("op")
    token = ApiToken(TokenId(1), op.id, "op", "t", frozenset(Scope), "/", NOW, None, None, "")
    with pytest.raises(ForbiddenError):
        world.chats.talks(replace(world.who["op"], token=token))


def test_attack_32_an_operator_who_was_demoted_has_no_inbox_from_that_moment(world: World) -> None:
    chat = world.open("ada")
    world.say("ada", chat, "secret")
    op = world.account("op")
    assert world.texts("op", chat) == ["secret"]
    world.change(lambda tx: tx.accounts.set_role(op.id, Role.USER))
    # The principal still says that it is an operator: the catalog counts.
    assert world.chats.talks(world.who["op"]) == ([], None)
    assert world.chats.unread(world.who["op"]) == 0
    assert world.chats.search(world.who["op"], "secret").messages == []
    for act in (
        lambda: world.texts("op", chat),
        lambda: world.say("op", chat, "I was an operator"),
        lambda: world.chats.read(world.who["op"], chat, 1),
        lambda: world.chats.search(world.who["op"], "secret", chat_id=chat),
    ):
        with pytest.raises(NotFoundError):
            act()


def test_somebody_elses_conversation_looks_as_if_it_were_not_there(world: World) -> None:
    chat = world.open("ada", "bob")
    world.say("ada", chat, "psst")

    def told(number: int, act: Callable[[ChatId], object]) -> str:
        with pytest.raises(NotFoundError) as caught:
            act(ChatId(number))
        return f"{caught.value}{caught.value.hint}"

    for act in (
        lambda number: world.talk("cyn", number),
        lambda number: world.texts("cyn", number),
        lambda number: world.say("cyn", number, "hello"),
        lambda number: world.chats.read(world.who["cyn"], number, 1),
        lambda number: world.chats.search(world.who["cyn"], "psst", chat_id=number),
    ):
        assert told(chat, act) == told(4711, act)


def test_attack_30_a_new_account_of_an_old_name_inherits_nothing(world: World) -> None:
    inbox, pair = world.open("ada"), world.open("ada", "bob")
    world.say("ada", inbox, "mine")
    world.say("ada", pair, "ours")
    ada = world.account("ada")
    world.change(lambda tx: tx.accounts.delete(ada.id))
    world.who["ada"] = Principal(new_account(world.catalog, "ada"), None)
    assert world.chats.talks(world.who["ada"]) == world.chats.talks(world.who["bob"]) == ([], None)
    assert world.texts("ada", world.open("ada")) == []


def test_what_an_operator_said_stays_when_the_operator_goes(world: World) -> None:
    chat = world.open("ada")
    world.say("op", world.open("op", "ada"), "hello from op")
    op = world.account("op")
    world.change(lambda tx: tx.accounts.delete(op.id))
    (said,) = world.chats.history(world.who["ada"], chat).messages
    assert (said.text, said.sender) == ("hello from op", "op")


# --- sending ----------------------------------------------------------------------------------------------------


def test_what_is_sent_again_is_stored_once(world: World) -> None:
    chat, key = world.open("ada", "bob"), uuid4()
    first, new = world.chats.send(world.who["ada"], chat, key, "e\u0301")
    again, anew = world.chats.send(world.who["ada"], chat, key, "é")
    assert (first, new, anew) == (again, True, False)
    assert first.id == key
    assert world.texts("bob", chat) == ["é"]
    assert world.kinds().count("message") == 1
    with pytest.raises(ConflictError):
        world.chats.send(world.who["ada"], chat, key, "other")
    with pytest.raises(ConflictError):  # nor does the other side pass for the sender
        world.chats.send(world.who["bob"], chat, key, "é")
    assert world.say("ada", world.open("ada"), "elsewhere", key).sequence == 1


def test_a_flood_is_told_when_to_go_on_and_harms_only_its_sender(world: World) -> None:
    chat = world.open("ada", "bob")
    keys = [uuid4() for _ in range(BURST)]
    for key in keys[1:]:
        world.chats.send(world.who["ada"], chat, key, "x")
    with pytest.raises(TooManyRequestsError) as caught:
        world.chats.send(world.who["ada"], chat, keys[0], "x")
    assert caught.value.seconds == 1
    assert world.chats.send(world.who["ada"], chat, keys[1], "x")[1] is False  # what was sent again costs nothing
    with pytest.raises(TooManyRequestsError):
        world.open("ada", "cyn")  # nor may names be tried so fast
    assert world.chats.send(world.who["bob"], chat, uuid4(), "stop it")[1]
    world.clock.advance(1)
    assert world.chats.send(world.who["ada"], chat, keys[0], "x")[1]


def test_visitors_of_one_link_flood_no_faster_than_the_link_may(world: World) -> None:
    world.folder("ada", "/pub")
    link = world.visitor("vic", "ada", "/pub").link
    assert link is not None
    refused = 0
    for number in range(15):

        def work(tx: CatalogTx, number: int = number) -> Session:
            key = hashlib.sha256(b"%d" % number).digest()
            ends = TimeUs(NOW + HOUR_US)
            return tx.sessions.create(link.account_id, key, "http", "::1", "", NOW, ends, link_id=link.id)

        visitor = Principal(None, world.catalog.write(work), link)
        for _ in range(BURST):
            try:
                world.chats.open(visitor)
            except TooManyRequestsError:
                refused += 1
    assert refused == 10 * BURST


def test_a_visitor_who_floods_keeps_no_other_from_writing(world: World) -> None:
    world.folder("ada", "/pub")
    flood = world.visitor("vic", "ada", "/pub")
    link = flood.link
    assert link is not None

    def work(tx: CatalogTx) -> Session:
        ends = TimeUs(NOW + HOUR_US)
        return tx.sessions.create(link.account_id, b"y" * 32, "http", "::1", "", NOW, ends, link_id=link.id)

    quiet = Principal(None, world.catalog.write(work), link)
    refused = 0
    for _ in range(10 * BURST):
        try:
            world.chats.open(flood)
        except TooManyRequestsError:
            refused += 1
    assert refused == 9 * BURST
    assert world.chats.open(quiet).peer.kind == "operators"


def test_the_oldest_messages_of_a_conversation_give_way(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_MAX", 3)
    monkeypatch.setattr(module, "_TRIM_EVERY", 2)
    chat = world.open("ada")
    for number in range(8):
        world.say("ada", chat, str(number))
    assert world.texts("ada", chat) == ["7", "6", "5"]


def test_old_messages_are_forgotten(world: World) -> None:
    old, young = world.open("ada"), world.open("ada", "bob")
    world.say("ada", old, "old")
    world.clock.advance(20 * DAY)
    world.say("ada", young, "young")
    world.clock.advance(10 * DAY)
    assert world.chats.remove_expired() == 2
    assert world.texts("bob", young) == ["young"]
    with pytest.raises(NotFoundError):
        world.texts("ada", old)
    forever = Chats(world.catalog, world.clock, LocalEventBus(), Audit(world.clock, world.log.append), days=0)
    world.clock.advance(10_000 * DAY)
    assert forever.remove_expired() == 0
    assert world.texts("bob", young) == ["young"]


# --- reading ----------------------------------------------------------------------------------------------------


def test_marks_say_what_arrived_and_what_was_read(world: World) -> None:
    chat = world.open("ada", "bob")
    for text in "abc":
        world.say("ada", chat, text)

    def marks() -> tuple[int, int]:
        talk = world.talk("ada", chat)
        return talk.peer_delivered, talk.peer_read

    assert (marks(), world.talk("bob", chat).unread) == ((0, 0), 3)
    world.chats.talks(world.who["bob"])  # a list is not the messages
    assert marks() == (0, 0)
    assert world.texts("bob", chat, after=0, limit=2) == ["a", "b"]
    assert marks() == (2, 0)
    assert world.chats.read(world.who["bob"], chat, 1).unread == 2
    assert marks() == (2, 1)
    assert world.chats.read(world.who["bob"], chat, 999).read == 3
    assert marks() == (3, 3)
    assert world.chats.read(world.who["bob"], chat, 1).read == 3
    assert world.chats.unread(world.who["bob"]) == 0


def test_unread_counts_are_each_operators_own(world: World) -> None:
    chat = world.open("ada")
    for text in "abc":
        world.say("ada", chat, text)
    world.say("op", chat, "an answer is unread to nobody on this side")
    world.chats.read(world.who["op"], chat, 3)
    assert [world.chats.unread(world.who[name]) for name in ("op", "ops", "ada")] == [0, 3, 1]
    assert world.talk("ada", chat).peer_read == 3


def test_history_goes_both_ways_and_says_when_there_is_more(world: World) -> None:
    chat = world.open("ada", "bob")
    for number in range(5):
        world.say("ada", chat, str(number))

    def page(**where: int) -> tuple[list[str], bool]:
        found = world.chats.history(world.who["bob"], chat, **where)
        return [each.text for each in found.messages], found.more

    assert page(limit=2) == (["4", "3"], True)
    assert page(before=4, limit=2) == (["2", "1"], True)
    assert page(before=2, limit=2) == (["0"], False)
    assert page(after=0, limit=3) == (["0", "1", "2"], True)
    assert page(after=3) == (["3", "4"], False)
    assert page(after=5) == ([], False)
    with pytest.raises(InvalidRequestError):
        page(before=1, after=1)


def test_conversations_are_listed_by_their_last_message(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    chats = [world.open("ada", name) for name in ("bob", "cyn", "op")]
    world.open("ada")
    for each in (chats[0], chats[1], chats[2], chats[0]):
        world.say("ada", each, "x")
    first, cursor = world.chats.talks(world.who["ada"], limit=2)
    rest, end = world.chats.talks(world.who["ada"], before=cursor, limit=2)
    assert [each.id for each in (*first, *rest)] == [chats[0], chats[2], chats[1]]
    assert end is None
    assert first[0].latest is not None
    assert first[0].latest.sequence == 2


def test_a_search_finds_what_one_may_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    inbox, pair, others = world.open("ada"), world.open("ada", "bob"), world.open("bob", "cyn")
    for chat, who in ((inbox, "ada"), (pair, "bob"), (others, "cyn")):
        world.say(who, chat, f"گزارش می\u200cخواهم from {who}")

    def found(who: str, query: str, **where: ChatId) -> list[tuple[str, str]]:
        said = world.chats.search(world.who[who], query, chat_id=where.get("chat_id")).messages
        return [(str(peer), each.sender) for peer, each in said]

    assert found("ada", "می خواهم گزارش") == [("bob", "bob"), ("operators", "ada")]
    assert found("ada", "گزارش", chat_id=inbox) == [("operators", "ada")]
    assert found("op", "گزارش") == [("ada", "ada")]
    assert found("cyn", "گزارش") == [("bob", "cyn")]
    monkeypatch.setattr(module, "SCAN_MAX", 1)
    first = world.chats.search(world.who["ada"], "ada")
    assert (first.messages, first.cursor is None) == ([], False)
    then = world.chats.search(world.who["ada"], "ada", before=first.cursor)
    assert [each.sender for _, each in then.messages] == ["ada"]


# --- links to files ---------------------------------------------------------------------------------------------


def test_a_path_becomes_a_link_to_where_the_reader_finds_it(world: World) -> None:
    for path in ("/trips", "/trips/rome"):
        world.folder("ada", path)
    world.put("ada", "/trips/rome/a cat.jpg", b"meow")
    world.shares.grant(world.who["ada"], RemotePath.parse("/trips"), "bob", Rights.READ)
    chat = world.open("ada", "bob")
    world.say("ada", chat, 'look: ":/trips/rome/a cat.jpg" in :/trips/rome.')
    assert world.links("ada", chat) == ["/trips/rome/a cat.jpg", "/trips/rome"]
    assert world.links("bob", chat) == ["/Shared/ada/trips/rome/a cat.jpg", "/Shared/ada/trips/rome"]
    world.say("bob", chat, "nice! I have :/Shared/ada/trips/rome and :/trips")
    assert world.links("ada", chat) == ["/trips/rome"]
    world.shares.revoke(world.who["ada"], RemotePath.parse("/trips"), "bob")
    assert world.links("bob", chat) == []
    (said, *_) = world.chats.history(world.who["bob"], chat, limit=1).messages
    assert said.text == "nice! I have :/Shared/ada/trips/rome and :/trips"


def test_attack_41_a_path_that_one_may_not_read_looks_like_one_that_is_not_there(world: World) -> None:
    world.put("ada", "/secret")
    world.folder("ada", "/box")
    world.put("ada", "/box/inside")
    world.put("bob", "/secret")
    world.shares.grant(world.who["ada"], RemotePath.parse("/box"), "bob", Rights.CREATE)
    pair, inbox = world.open("ada", "bob"), world.open("ada")
    for path in ("/secret", "/box", "/box/inside", "/nothing", "/Shared", "/Shared/bob", "/Shared/bob/secret"):
        for reader, chat in (("bob", pair), ("op", inbox)):
            world.say("ada", chat, f"see :{path} !")
            (said, *_) = world.chats.history(world.who[reader], chat, limit=1).messages
            assert [(each.text, each.path) for each in said.segments] == [(f"see :{path} !", None)]


def test_visitors_and_operators_name_files_to_each_other(world: World) -> None:
    world.folder("ada", "/pub")
    world.put("ada", "/pub/cat.jpg")
    world.put("ada", "/other")
    world.visitor("vic", "ada", "/pub")
    chat = world.open("vic")
    world.say("vic", chat, "where is :/cat.jpg and :/other ?")
    assert world.links("vic", chat) == ["/cat.jpg"]
    assert world.links("op", chat) == []
    op = world.account("op")
    world.change(
        lambda tx: tx.grants.put(world.node_id("ada", RemotePath.parse("/pub")), op.id, None, Rights.READ, NOW)
    )
    assert world.links("op", chat) == ["/Shared/ada/pub/cat.jpg"]
    world.say("op", chat, "at :/Shared/ada/pub/cat.jpg")
    assert world.links("vic", chat) == ["/cat.jpg"]


def test_a_visitor_of_one_file_names_that_file(world: World) -> None:
    world.put("ada", "/cat.jpg")
    world.visitor("vic", "ada", "/cat.jpg")
    chat = world.open("vic")
    world.say("vic", chat, "is :/cat.jpg all, or :/ or :/dog.jpg or :/cat.jpg/x ?")
    assert world.links("vic", chat) == ["/cat.jpg"]


def test_paths_beyond_what_one_answer_looks_at_are_text(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.folder("ada", "/a")
    chat = world.open("ada", "bob")
    world.say("ada", chat, ":/a :/a :/a :/a")
    assert len(world.links("ada", chat)) == 4
    monkeypatch.setattr(chat_places, "STEPS_MAX", 5)
    assert len(world.links("ada", chat)) == 2


def test_a_message_full_of_paths_costs_a_bounded_number_of_looks(world: World) -> None:
    world.folder("ada", "/a")
    chat = world.open("ada", "bob")
    for _ in range(3):
        world.say("ada", chat, " ".join([":/a"] * 50))
    assert len(world.links("ada", chat)) == 20


# --- events and the log -----------------------------------------------------------------------------------------


def test_attack_41_events_reach_both_sides_alone_and_say_nothing_of_the_text(world: World) -> None:
    inbox, pair = world.open("ada"), world.open("ada", "bob")
    world.folder("ada", "/pub")
    guest = world.visitor("vic", "ada", "/pub").session
    assert guest is not None
    ada, bob = world.account_id("ada"), world.account_id("bob")
    both = [
        (inbox, "ada", Audience(operators=True, accounts=frozenset({ada}))),
        (pair, "ada", Audience(accounts=frozenset({ada, bob}))),
        (world.open("vic"), "vic", Audience(operators=True, sessions=frozenset({guest.id}))),
    ]
    assert world.events == []  # nobody hears of a conversation in which nothing was said
    for chat, who, audience in both:
        said = world.say(who, chat, "hidden words")
        event = world.events[-1]
        assert (event.topic, event.kind, event.audience, event.key) == ("chat", "message", audience, None)
        assert event.data == {
            "chat": chat, "sequence": 1, "sender": said.sender, "kind": said.kind, "id": str(said.id)
        }  # fmt: skip


def test_marks_are_told_to_the_other_side_and_counts_to_oneself(world: World) -> None:
    chat = world.open("ada")
    world.say("ada", chat, "x")
    world.events.clear()
    world.texts("op", chat)
    world.texts("op", chat)
    world.chats.read(world.who["op"], chat, 1)
    world.chats.read(world.who["op"], chat, 1)
    ada, op = Audience(accounts=frozenset({world.account_id("ada")})), world.account_id("op")
    assert [(each.kind, dict(each.data), each.audience) for each in world.events] == [
        ("delivered", {"chat": chat, "upto": 1}, ada),
        ("read", {"chat": chat, "upto": 1}, ada),
        ("unread", {"chat": chat, "upto": 1, "unread": 0}, Audience(accounts=frozenset({op}))),
    ]
    world.say("op", chat, "y")
    world.events.clear()
    world.texts("ada", chat)
    assert [each.audience for each in world.events] == [OPERATORS]


def test_the_log_says_who_wrote_to_whom_and_never_what(world: World) -> None:
    world.say("ada", world.open("ada"), "hidden words")
    world.say("op", world.open("op", "ada"), "hidden answer")
    assert [(each.kind, each.text, each.target) for each in world.log] == [
        ("chat.sent", "ada wrote to operators", "operators"),
        ("chat.sent", "op wrote to ada", "ada"),
    ]
    assert "hidden" not in repr(world.log)
