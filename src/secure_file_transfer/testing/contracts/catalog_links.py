"""What every catalog promises about links and the sessions of their visitors."""

import pytest

from secure_file_transfer.errors import ExistsError, NotFoundError
from secure_file_transfer.model import (
    Account,
    AccountId,
    Drive,
    Kind,
    Link,
    LinkId,
    Node,
    NodeId,
    Rights,
    Session,
    SessionId,
    TimeUs,
)
from secure_file_transfer.ports import Catalog

from .catalog_kit import EVER, HOSTILE, NOW, CatalogBase, new_account, new_folder, purge_all

READ = Rights.READ


class LinksContract(CatalogBase):
    @pytest.fixture
    def sara(self, catalog: Catalog) -> Account:
        return new_account(catalog)

    @pytest.fixture
    def home(self, catalog: Catalog, sara: Account) -> Drive:
        drive = catalog.read(lambda tx: tx.drives.get(sara.home_id))
        assert drive
        return drive

    @pytest.fixture
    def folder(self, catalog: Catalog, home: Drive) -> Node:
        return new_folder(catalog, home, "folder")

    @pytest.fixture
    def link(self, catalog: Catalog, sara: Account, folder: Node) -> Link:
        return new_link(catalog, sara, folder)

    def test_a_link_is_found_by_its_secret_with_what_it_gives(
        self, catalog: Catalog, sara: Account, folder: Node, link: Link
    ) -> None:
        assert link == Link(
            id=link.id,
            account_id=sara.id,
            owner="sara",
            drive_id=sara.home_id,
            node_id=folder.id,
            target="folder",
            kind=Kind.FOLDER,
            rights=READ,
            name="",
            protected=False,
            created_us=NOW,
            expires_us=None,
            downloads_max=None,
            downloads=0,
            used_us=None,
        )
        assert catalog.read(lambda tx: tx.links.by_secret(b"hash")) == link
        assert catalog.read(lambda tx: tx.links.get(link.id)) == link
        assert catalog.read(lambda tx: tx.links.salt(link.id)) == b"salt"
        assert catalog.read(lambda tx: tx.links.password_hash(link.id)) is None
        for nothing in (
            catalog.read(lambda tx: tx.links.by_secret(b"other")),
            catalog.read(lambda tx: tx.links.get(LinkId(link.id + 1))),
            catalog.read(lambda tx: tx.links.password_hash(LinkId(link.id + 1))),
        ):
            assert nothing is None
        assert catalog.read(lambda tx: tx.links.salt(LinkId(link.id + 1))) == b""
        with pytest.raises(ExistsError):
            new_link(catalog, sara, folder)

    def test_its_terms_are_kept(self, catalog: Catalog, sara: Account, folder: Node) -> None:
        for number, text in enumerate(HOSTILE):
            made = catalog.write(
                lambda tx, number=number, text=text: tx.links.create(  # type: ignore[misc]
                    folder.id,
                    sara.id,
                    (b"", b"%d" % number),
                    Rights.ALL,
                    NOW,
                    name=text,
                    password_hash=text,
                    expires_us=EVER,
                    downloads_max=7,
                )
            )
            assert (made.name, made.protected, made.expires_us, made.downloads_max) == (text, True, EVER, 7)
            assert made.left == 7
            assert catalog.read(lambda tx, made=made: tx.links.password_hash(made.id)) == text  # type: ignore[misc]
        assert [each.name for each in catalog.read(lambda tx: tx.links.of(sara.id))] == list(HOSTILE)
        assert catalog.read(lambda tx: tx.links.of(AccountId(sara.id + 1))) == []

    def test_a_download_is_counted_once_for_each_session_and_never_beyond_the_last(
        self, catalog: Catalog, sara: Account, folder: Node
    ) -> None:
        link = catalog.write(lambda tx: tx.links.create(folder.id, sara.id, (b"", b"x"), READ, NOW, downloads_max=2))
        one, two, three = (visit(catalog, link, bytes([n])) for n in range(3))
        later = TimeUs(NOW + 1)

        def count(session: Session) -> bool:
            return catalog.write(lambda tx: tx.links.count(link.id, session.id, later))

        assert [count(each) for each in (one, one, two, three, three, one, two)] == [
            True, True, True, False, False, True, True,
        ]  # fmt: skip
        found = catalog.read(lambda tx: tx.links.get(link.id))
        assert found
        assert (found.downloads, found.left, found.used_us) == (2, 0, later)
        sessions = [catalog.read(lambda tx, each=each: tx.sessions.get(each.id)) for each in (one, two, three)]  # type: ignore[misc]
        assert [each[0].counted for each in sessions if each] == [True, True, False]

    def test_a_session_counts_for_its_own_link_only(
        self, catalog: Catalog, sara: Account, folder: Node, link: Link
    ) -> None:
        other = catalog.write(lambda tx: tx.links.create(folder.id, sara.id, (b"", b"other"), READ, NOW))
        session = visit(catalog, other, b"t")
        assert catalog.write(lambda tx: tx.links.count(link.id, session.id, NOW))
        assert [each.downloads for each in catalog.read(lambda tx: tx.links.of(sara.id))] == [0, 0]

    def test_sessions_of_visitors_are_not_those_of_the_owner(self, catalog: Catalog, sara: Account, link: Link) -> None:
        own = catalog.write(lambda tx: tx.sessions.create(sara.id, b"own", "http", "a", "b", NOW, EVER))
        session = visit(catalog, link, b"t")
        assert (session.link_id, session.account_id, session.counted) == (link.id, sara.id, False)
        assert catalog.read(lambda tx: tx.sessions.of(sara.id)) == [own]
        assert {each.id for each, _ in catalog.read(lambda tx: tx.sessions.all(9))} == {own.id, session.id}
        assert catalog.write(lambda tx: tx.sessions.delete_of(sara.id)) == 1
        assert catalog.read(lambda tx: tx.sessions.by_token(b"t")) == (session, sara)
        with pytest.raises(NotFoundError):
            visit(catalog, link, b"u", LinkId(link.id + 1))

    def test_its_sessions_end_with_it_and_are_never_anybodys_else(self, catalog: Catalog, link: Link) -> None:
        visit(catalog, link, b"t")
        catalog.write(lambda tx: tx.links.delete(link.id))
        assert catalog.read(lambda tx: tx.sessions.by_token(b"t")) is None
        assert catalog.read(lambda tx: tx.links.get(link.id)) is None
        catalog.write(lambda tx: tx.links.delete(link.id))

    def test_sessions_that_do_not_last_are_known_in_one_go(
        self, catalog: Catalog, sara: Account, folder: Node, link: Link
    ) -> None:
        def begin(seed: int, seen: int, ends: int, number: LinkId | None = None) -> SessionId:
            account, at = sara.id, TimeUs(seen)
            return catalog.write(
                lambda tx: tx.sessions.create(account, b"%d" % seed, "http", "", "", at, TimeUs(ends), link_id=number)
            ).id

        used = catalog.write(lambda tx: tx.links.create(folder.id, sara.id, (b"", b"used"), READ, NOW, downloads_max=1))
        now = TimeUs(NOW + 100)
        lasting = [begin(1, NOW + 50, now + 1), begin(2, NOW + 50, now + 1, link.id), begin(3, now, EVER, used.id)]
        over = [begin(4, NOW + 50, now), begin(5, NOW + 9, EVER), begin(6, now, EVER, used.id), SessionId(4711)]
        catalog.write(lambda tx: tx.links.count(used.id, lasting[2], NOW))  # and so nothing is left for the other
        asked = [*lasting, *over]
        assert set(catalog.read(lambda tx: tx.sessions.ended(asked, now, TimeUs(NOW + 9)))) == set(over)
        assert catalog.read(lambda tx: list(tx.sessions.ended([], now, NOW))) == []
        catalog.write(lambda tx: tx.accounts.set_disabled(sara.id, disabled=True))
        gone = set(catalog.read(lambda tx: tx.sessions.ended(asked, now, TimeUs(NOW + 9))))
        assert gone == {*over, lasting[1], lasting[2]}, "a link of a disabled account gives nothing"

    def test_of_too_many_sessions_those_stay_that_fetched_something(self, catalog: Catalog, link: Link) -> None:
        sessions = [visit(catalog, link, bytes([n])) for n in range(5)]
        catalog.write(lambda tx: tx.links.count(link.id, sessions[1].id, NOW))
        catalog.write(lambda tx: tx.links.trim(link.id, 3))
        left = [each for each in sessions if catalog.read(lambda tx, each=each: tx.sessions.get(each.id))]  # type: ignore[misc]
        assert left == [sessions[1], sessions[3], sessions[4]]

    def test_one_of_a_removed_node_or_a_disabled_account_opens_nothing(
        self, catalog: Catalog, sara: Account, home: Drive, folder: Node
    ) -> None:
        inner = new_folder(catalog, home, "inner", parent=folder)
        link = new_link(catalog, sara, inner)
        catalog.write(lambda tx: tx.accounts.set_disabled(sara.id, disabled=True))
        assert found(catalog, link) == (None, None)
        catalog.write(lambda tx: tx.accounts.set_disabled(sara.id, disabled=False))
        assert found(catalog, link) == (link, link)
        catalog.write(lambda tx: tx.nodes.detach(folder.id))
        assert found(catalog, link) == (None, None)
        assert catalog.read(lambda tx: tx.links.of(sara.id)) == [link]
        purge_all(catalog)
        assert catalog.read(lambda tx: tx.links.of(sara.id)) == []

    def test_it_goes_with_its_account(self, catalog: Catalog, sara: Account, link: Link) -> None:
        visit(catalog, link, b"t")
        catalog.write(lambda tx: tx.accounts.delete(sara.id))
        assert found(catalog, link) == (None, None)
        assert catalog.read(lambda tx: tx.sessions.by_token(b"t")) is None

    def test_nothing_is_linked_to_what_is_not_there(self, catalog: Catalog, sara: Account, folder: Node) -> None:
        for node, account in ((NodeId(999), sara.id), (folder.id, AccountId(999))):
            with pytest.raises(NotFoundError):
                catalog.write(
                    lambda tx, node=node, account=account: tx.links.create(node, account, (b"", b"h"), READ, NOW)  # type: ignore[misc]
                )

    def test_use_is_noted(self, catalog: Catalog, sara: Account, link: Link) -> None:
        catalog.write(lambda tx: tx.links.use(link.id, TimeUs(NOW + 5)))
        assert [each.used_us for each in catalog.read(lambda tx: tx.links.of(sara.id))] == [NOW + 5]

    def test_links_are_read_page_by_page_of_everybody_or_of_one_account(
        self, catalog: Catalog, sara: Account, folder: Node, link: Link
    ) -> None:
        omid = new_account(catalog, "omid")
        home = catalog.read(lambda tx: tx.drives.get(omid.home_id))
        assert home
        theirs = new_folder(catalog, home, "theirs")
        other = catalog.write(lambda tx: tx.links.create(theirs.id, omid.id, (b"", b"other"), READ, NOW))
        last = catalog.write(lambda tx: tx.links.create(folder.id, sara.id, (b"", b"last"), READ, NOW))
        assert catalog.read(lambda tx: tx.links.page(None, 0, 2)) == [link, other]
        assert catalog.read(lambda tx: tx.links.page(None, other.id, 2)) == [last]
        assert catalog.read(lambda tx: tx.links.page(sara.id, link.id, 2)) == [last]
        assert catalog.read(lambda tx: tx.links.page(omid.id, 0, 2)) == [other]

    def test_visitors_are_listed_with_their_names(self, catalog: Catalog, sara: Account, link: Link) -> None:
        for number, name in enumerate(("Guest 1", "مهمان", "")):
            catalog.write(
                lambda tx, number=number, name=name: tx.sessions.create(  # type: ignore[misc]
                    sara.id, b"%d" % number, "http", "a", "b", NOW, EVER, link_id=link.id, guest=name
                )
            )
        catalog.write(lambda tx: tx.sessions.create(sara.id, b"own", "http", "a", "b", NOW, EVER))
        seen = catalog.read(lambda tx: tx.sessions.of_link(link.id))
        assert [each.guest for each in seen] == ["Guest 1", "مهمان", ""]
        assert {each.link_id for each in seen} == {link.id}
        assert list(catalog.read(lambda tx: tx.sessions.guests(link.id))) == ["Guest 1", "مهمان", ""]
        assert [each.guest for each in catalog.read(lambda tx: tx.sessions.of(sara.id))] == [""]
        catalog.write(lambda tx: tx.links.delete(link.id))
        assert catalog.read(lambda tx: tx.sessions.of_link(link.id)) == []


def new_link(catalog: Catalog, account: Account, node: Node) -> Link:
    return catalog.write(lambda tx: tx.links.create(node.id, account.id, (b"salt", b"hash"), READ, NOW))


def visit(catalog: Catalog, link: Link, token: bytes, link_id: LinkId | None = None) -> Session:
    return catalog.write(
        lambda tx: tx.sessions.create(
            link.account_id, token, "http", "a", "b", NOW, EVER, link_id=link.id if link_id is None else link_id
        )
    )


def found(catalog: Catalog, link: Link) -> tuple[Link | None, Link | None]:
    return catalog.read(lambda tx: (tx.links.get(link.id), tx.links.by_secret(b"hash")))
