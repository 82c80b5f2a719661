"""What every catalog promises about conversations."""

from dataclasses import replace

import pytest

from secure_file_transfer.errors import ExistsError, NotFoundError
from secure_file_transfer.model import Account, AccountId, SessionId, TimeUs
from secure_file_transfer.ports import Catalog, CatalogTx
from secure_file_transfer.ports.chat import GUEST, UNREAD_MAX, Chat, ChatId, Marks, Message, ReaderId, Side, Sight

from .catalog_kit import HOSTILE, NOW, CatalogBase, new_account

NOWHERE = ChatId(4711)


def with_operators(catalog: Catalog, account: Account) -> Chat:
    return catalog.write(lambda tx: tx.chats.open(account.id, None, None, "", NOW))


def of_guest(catalog: Catalog, number: int, name: str = "Vic") -> Chat:
    return catalog.write(lambda tx: tx.chats.open(None, SessionId(number), None, name, NOW))


def between(catalog: Catalog, one: Account, other: Account) -> Chat:
    return catalog.write(lambda tx: tx.chats.open(one.id, None, other.id, "", NOW))


def say(catalog: Catalog, chat: Chat, text: str, *, side: Side = Side.FIRST, key: str = "", at: int = NOW) -> Message:
    name = (key or text).encode()[:16].rjust(16, b"\0")
    message = Message(chat.id, 0, name, side, chat.first_id, "somebody", text, TimeUs(at))
    return catalog.write(lambda tx: tx.chats.add(message, text.casefold()))


def seen(catalog: Catalog, sight: Sight, before: int | None = None, limit: int = 10) -> list[ChatId]:
    return [each.id for each in catalog.read(lambda tx: tx.chats.seen(sight, before, limit))]


def texts(found: tuple[object, ...] | list[Message]) -> list[str]:
    return [each.text for each in found if isinstance(each, Message)]


def look_for(
    catalog: Catalog, sight: Sight, *words: str, chat: Chat | None = None, limit: int = 10, scan: int = 1000
) -> list[str]:
    number = chat.id if chat else None
    found, _ = catalog.read(lambda tx: tx.chats.search(sight, number, words, None, limit, scan))
    return texts(list(found))


class ChatsContract(CatalogBase):
    def test_a_conversation_is_made_once_for_each_pair(self, catalog: Catalog) -> None:
        sara, omid = new_account(catalog, "sara"), new_account(catalog, "omid")
        chat = with_operators(catalog, sara)
        assert chat == Chat(chat.id, sara.id, None, None, "sara", "", 0, 0, NOW)
        assert with_operators(catalog, sara) == chat
        pair = between(catalog, omid, sara)
        assert (pair.first_id, pair.second_id, pair.first, pair.second) == (sara.id, omid.id, "sara", "omid")
        assert between(catalog, sara, omid) == pair
        guest = of_guest(catalog, 7)
        assert (guest.first, guest.session_id, guest.first_id) == ("Vic", 7, None)
        assert of_guest(catalog, 7, "another name") == guest
        assert len({chat.id, pair.id, guest.id, of_guest(catalog, 8).id, with_operators(catalog, omid).id}) == 5
        assert catalog.read(lambda tx: tx.chats.get(pair.id)) == pair
        assert catalog.read(lambda tx: tx.chats.get(NOWHERE)) is None

    def test_nobody_has_no_conversation(self, catalog: Catalog) -> None:
        sara = new_account(catalog, "sara")
        with pytest.raises(NotFoundError):
            catalog.write(lambda tx: tx.chats.open(AccountId(4711), None, None, "", NOW))
        with pytest.raises(NotFoundError):
            catalog.write(lambda tx: tx.chats.open(sara.id, None, AccountId(4711), "", NOW))

    def test_messages_are_counted_in_each_conversation(self, catalog: Catalog) -> None:
        one, other = (with_operators(catalog, new_account(catalog, name)) for name in ("sara", "omid"))
        first, second, third = say(catalog, one, "a"), say(catalog, other, "b"), say(catalog, one, "c")
        assert [each.sequence for each in (first, second, third)] == [1, 1, 2]
        assert first.number < second.number < third.number
        assert first == Message(one.id, 1, b"a".rjust(16, b"\0"), Side.FIRST, one.first_id, "somebody", "a", NOW, 1)
        assert catalog.read(lambda tx: tx.chats.by_key(one.id, third.key)) == third
        assert catalog.read(lambda tx: tx.chats.by_key(other.id, third.key)) is None
        now = catalog.read(lambda tx: tx.chats.get(one.id))
        assert now == replace(one, last=2, moved=third.number)

    def test_a_key_is_taken_once_in_a_conversation_and_what_failed_leaves_no_gap(self, catalog: Catalog) -> None:
        one, other = (with_operators(catalog, new_account(catalog, name)) for name in ("sara", "omid"))
        say(catalog, one, "a", key="k")
        with pytest.raises(ExistsError):
            say(catalog, one, "b", key="k")
        assert say(catalog, other, "b", key="k").sequence == 1
        assert say(catalog, one, "c").sequence == 2
        with pytest.raises(NotFoundError):
            say(catalog, replace(one, id=NOWHERE), "x")

    def test_history_is_read_from_both_ends(self, catalog: Catalog) -> None:
        chat = with_operators(catalog, new_account(catalog))
        for number in range(1, 8):
            say(catalog, chat, str(number))
        chats = catalog.read(
            lambda tx: [
                texts(list(tx.chats.before(chat.id, None, 3))),
                texts(list(tx.chats.before(chat.id, 5, 3))),
                texts(list(tx.chats.before(chat.id, 1, 3))),
                texts(list(tx.chats.after(chat.id, 0, 3))),
                texts(list(tx.chats.after(chat.id, 5, 3))),
                texts(list(tx.chats.after(chat.id, 7, 3))),
                texts(list(tx.chats.after(NOWHERE, 0, 3))),
            ]
        )
        assert chats == [["7", "6", "5"], ["4", "3", "2"], [], ["1", "2", "3"], ["6", "7"], [], []]

    def test_each_sees_their_own_and_operators_all_that_is_for_them(self, catalog: Catalog) -> None:
        sara, omid, ada = (new_account(catalog, name) for name in ("sara", "omid", "ada"))
        chats = [
            with_operators(catalog, sara),
            of_guest(catalog, 7),
            between(catalog, sara, omid),
            between(catalog, omid, ada),
            of_guest(catalog, 8),
        ]
        with_operators(catalog, omid)  # nothing was said there
        for each in chats:
            say(catalog, each, "hello")
        first, guest, pair, other_pair, other_guest = (each.id for each in chats)
        assert seen(catalog, Sight(sara.id)) == [pair, first]
        assert seen(catalog, Sight(omid.id)) == [other_pair, pair]
        assert seen(catalog, Sight(ada.id)) == [other_pair]
        assert seen(catalog, Sight(ada.id, operator=True)) == [other_guest, other_pair, guest, first]
        assert seen(catalog, Sight(session_id=SessionId(7))) == [guest]
        assert seen(catalog, Sight()) == []
        say(catalog, chats[1], "again")
        page = catalog.read(lambda tx: tx.chats.seen(Sight(ada.id, operator=True), None, 2))
        assert [each.id for each in page] == [guest, other_guest]
        assert seen(catalog, Sight(ada.id, operator=True), page[-1].moved) == [other_pair, first]

    def test_marks_go_forward_only(self, catalog: Catalog) -> None:
        chat = with_operators(catalog, new_account(catalog))

        def marked(reader: int, side: Side, *marks: int) -> Marks:
            def work(tx: CatalogTx) -> Marks:
                tx.chats.mark(chat.id, side, ReaderId(reader), Marks(*marks))
                return tx.chats.marks(chat.id, ReaderId(reader))

            return catalog.write(work)

        assert catalog.read(lambda tx: tx.chats.marks(chat.id, GUEST)) == Marks(0, 0)
        assert marked(0, Side.FIRST, 3, 1) == Marks(3, 1)
        assert marked(0, Side.FIRST, 2, 2) == Marks(3, 2)
        assert marked(5, Side.SECOND, 1, 4) == Marks(4, 4)
        assert marked(6, Side.SECOND, 7, 0) == Marks(7, 0)
        assert catalog.read(lambda tx: tx.chats.marks_of(chat.id, Side.SECOND)) == Marks(7, 4)
        assert catalog.read(lambda tx: tx.chats.marks_of(chat.id, Side.FIRST)) == Marks(3, 2)
        assert catalog.read(lambda tx: tx.chats.marks_of(NOWHERE, Side.FIRST)) == Marks()

    def test_what_the_other_side_said_is_unread_until_it_is_marked(self, catalog: Catalog) -> None:
        sara, ada = new_account(catalog, "sara"), new_account(catalog, "ada")
        chat, guest, own = with_operators(catalog, sara), of_guest(catalog, 7), between(catalog, sara, ada)
        for text in "abc":
            say(catalog, chat, text)
        say(catalog, chat, "answer", side=Side.SECOND)
        say(catalog, guest, "hello")
        say(catalog, own, "you", side=Side.SECOND)

        def unread(sight: Sight) -> int:
            return catalog.read(lambda tx: tx.chats.unread_of(sight))

        assert catalog.read(lambda tx: tx.chats.unread(chat.id, Side.SECOND, 1)) == 2
        assert catalog.read(lambda tx: tx.chats.unread(chat.id, Side.FIRST, 0)) == 1
        assert [unread(Sight(sara.id)), unread(Sight(ada.id)), unread(Sight(ada.id, operator=True))] == [2, 0, 4]
        assert unread(Sight(session_id=SessionId(7))) == 0
        catalog.write(lambda tx: tx.chats.mark(chat.id, Side.SECOND, ReaderId(ada.id), Marks(2, 2)))
        assert [unread(Sight(sara.id)), unread(Sight(ada.id, operator=True))] == [2, 2]
        catalog.write(lambda tx: tx.chats.mark(chat.id, Side.FIRST, ReaderId(sara.id), Marks(4, 4)))
        assert unread(Sight(sara.id)) == 1

    def test_counting_stops(self, catalog: Catalog) -> None:
        chat = with_operators(catalog, new_account(catalog))

        def work(tx: CatalogTx) -> None:
            for number in range(UNREAD_MAX + 5):
                key = number.to_bytes(16, "big")
                tx.chats.add(Message(chat.id, 0, key, Side.FIRST, None, "x", "x", NOW), "x")

        catalog.write(work)
        assert catalog.read(lambda tx: tx.chats.unread(chat.id, Side.SECOND, 0)) == UNREAD_MAX
        assert catalog.read(lambda tx: tx.chats.unread_of(Sight(AccountId(99), operator=True))) == UNREAD_MAX

    def test_words_are_found_where_one_may_look(self, catalog: Catalog) -> None:
        sara, omid = new_account(catalog, "sara"), new_account(catalog, "omid")
        chat, other, pair = with_operators(catalog, sara), with_operators(catalog, omid), between(catalog, sara, omid)
        for each, text in ((chat, "red boat"), (other, "red house"), (pair, "boats, three red ones"), (chat, "blue")):
            say(catalog, each, text)
        mine, operators = Sight(sara.id), Sight(AccountId(99), operator=True)
        assert look_for(catalog, mine, "red") == ["boats, three red ones", "red boat"]
        assert look_for(catalog, mine, "boat", "red") == ["boats, three red ones", "red boat"]
        assert look_for(catalog, mine, "boat", "blue") == []
        assert look_for(catalog, operators, "red") == ["red house", "red boat"]
        assert look_for(catalog, mine, "red", chat=chat) == ["red boat"]
        assert look_for(catalog, Sight(), "red") == []

    def test_a_search_goes_on_where_it_stopped(self, catalog: Catalog) -> None:
        chat, sight = with_operators(catalog, new_account(catalog)), Sight(AccountId(99), operator=True)
        for number in range(10):
            say(catalog, chat, f"{'odd' if number % 2 else 'even'} {number}")

        for everywhere in (True, False):
            found: list[str] = []
            steps, before = 0, None
            while steps == 0 or before is not None:
                page, before = catalog.read(
                    lambda tx, before=before, everywhere=everywhere: tx.chats.search(  # type: ignore[misc]
                        sight, None if everywhere else chat.id, ["odd"], before, 2, 3
                    )
                )
                found += texts(list(page))
                steps += 1
            assert found == ["odd 9", "odd 7", "odd 5", "odd 3", "odd 1"]
            assert steps > 2

    @pytest.mark.parametrize("text", HOSTILE)
    def test_any_text_is_only_a_text_and_is_found(self, catalog: Catalog, text: str) -> None:
        chat = with_operators(catalog, new_account(catalog))
        say(catalog, chat, text, key="1")
        say(catalog, chat, "nothing else", key="2")
        assert look_for(catalog, Sight(), text.casefold(), chat=chat) == [text]

    def test_the_oldest_give_way(self, catalog: Catalog) -> None:
        chat = with_operators(catalog, new_account(catalog))
        for number in range(5):
            say(catalog, chat, str(number))
        catalog.write(lambda tx: tx.chats.trim(chat.id, 2))
        assert catalog.read(lambda tx: texts(list(tx.chats.after(chat.id, 0, 9)))) == ["3", "4"]
        catalog.write(lambda tx: tx.chats.trim(chat.id, 2))
        assert say(catalog, chat, "on").sequence == 6
        catalog.write(lambda tx: tx.chats.trim(NOWHERE, 2))

    def test_what_is_old_is_forgotten_with_the_conversation_that_it_leaves_empty(self, catalog: Catalog) -> None:
        sara, omid = new_account(catalog, "sara"), new_account(catalog, "omid")
        old, lives = with_operators(catalog, sara), with_operators(catalog, omid)
        for number in range(3):
            say(catalog, old, str(number), at=NOW + number)
            say(catalog, lives, str(number), at=NOW + number)
        say(catalog, lives, "new", at=NOW + 100)

        def forget(moment: int) -> int:
            return catalog.write(lambda tx: tx.chats.delete_before(TimeUs(moment), 4))

        assert forget(NOW) == 0
        assert [forget(NOW + 50) for _ in range(4)] == [4, 2, 1, 0]
        assert catalog.read(lambda tx: tx.chats.get(old.id)) is None
        assert catalog.read(lambda tx: texts(list(tx.chats.after(lives.id, 0, 9)))) == ["new"]

    def test_conversations_go_with_either_account_and_nothing_of_them_comes_back(self, catalog: Catalog) -> None:
        sara, omid, ada = (new_account(catalog, name) for name in ("sara", "omid", "ada"))
        chats = [with_operators(catalog, sara), between(catalog, sara, omid), between(catalog, omid, ada)]
        for each in chats:
            say(catalog, each, "hello")
            catalog.write(lambda tx, each=each: tx.chats.mark(each.id, Side.SECOND, GUEST, Marks(1, 1)))  # type: ignore[misc]
        catalog.write(lambda tx: tx.accounts.delete(sara.id))
        assert [catalog.read(lambda tx, each=each: tx.chats.get(each.id)) for each in chats[:2]] == [None, None]  # type: ignore[misc]
        assert catalog.read(lambda tx: texts(list(tx.chats.after(chats[0].id, 0, 9)))) == []
        again = new_account(catalog, "sara")
        assert with_operators(catalog, again).last == 0
        assert seen(catalog, Sight(omid.id)) == [chats[2].id]
