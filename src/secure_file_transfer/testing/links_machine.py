"""The state machine of rights, with links and their visitors besides.

What a visitor may do is put into one sentence by the model: the link's rights on its thing and all below, while the
thing and the link are there; and nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from secure_file_transfer.errors import NotFoundError, SecureFileTransferError, SignInRequiredError
from secure_file_transfer.model import Kind, Principal, Rights
from secure_file_transfer.paths import RemotePath, numbered
from secure_file_transfer.services.guard import Guard
from secure_file_transfer.services.links import Links, Terms
from secure_file_transfer.services.passwords import PasswordHasher
from secure_file_transfer.services.sessions import Sessions

from .rights_machine import DATA, FILE, FOLDER, MASK, OWN, PERSON, C, D, R, RightsMachine, W
from .rights_world import PEOPLE, Thing

_LINKS_MAX = 6
_HOUR_US = 3_600_000_000
WHICH = st.integers(0, _LINKS_MAX - 1)
INNER = st.builds(lambda above, last: RemotePath((*above, last)), st.lists(FOLDER, max_size=2), st.one_of(FOLDER, FILE))


@dataclass(eq=False)
class Given:
    """A link of the model, with the visitor that has opened it."""

    number: int
    owner: str
    thing: Thing
    rights: Rights
    visitor: Principal
    ended: bool = False


class LinksMachine(RightsMachine):
    """See `RightsMachine`."""

    def __init__(self) -> None:
        super().__init__()
        world, hasher = self.world, PasswordHasher(time_cost=1, memory_kib=8, lanes=1)
        guard = Guard(world.clock)
        self.sessions = Sessions(world.catalog, world.clock, hasher, _HOUR_US, guard=guard)
        self.links = Links(
            world.catalog,
            world.clock,
            hasher,
            self.sessions,
            guard,
            lambda drive, salt: world.trees[drive].room.keys.link_secret(salt),
        )
        self.given: list[Given] = []

    @initialize(masks=st.lists(MASK, min_size=3, max_size=3))
    def something_to_share(self, masks: list[Rights]) -> None:
        """Everybody begins with a link as well."""
        super().something_to_share(masks)
        for at, who in enumerate(PEOPLE):
            self.make_link(who, RemotePath(("d1",)), masks[at - 1] | R)

    # --- what the model says ----------------------------------------------------------------------------------------

    def _chosen(self, which: int) -> Given | None:
        return self.given[which % len(self.given)] if self.given else None

    def _alive(self, given: Given) -> bool:
        return not given.ended and given.thing in self.model.things

    def _seen(self, given: Given, path: RemotePath) -> Thing | None:
        """What a path of the visitor means."""
        if not self._alive(given):
            return None
        at: Thing | None = given.thing
        names = path.parts
        if given.thing.kind is Kind.FILE:
            if path.parts[0] != given.thing.name:
                return None
            names = path.parts[1:]
        for name in names:
            at = at and self.model.child(at, name)
        return at

    def _over(self, given: Given, path: RemotePath) -> Thing | None:
        """The folder that a name comes or goes in. A shared file lies in none that its visitor has a part in."""
        if given.thing.kind is Kind.FILE:
            return None
        if len(path.parts) > 1:
            return self._seen(given, path.parent)
        return given.thing if self._alive(given) else None

    def _visit(self, given: Given, path: RemotePath, allowed: bool, act: Callable[[RemotePath], object]) -> object:
        """Do it; what the visitor may not see fails like what is not there."""
        result = self._try(allowed, lambda: act(path))
        if isinstance(result, SecureFileTransferError) and (R not in given.rights or self._seen(given, path) is None):
            if self._alive(given):
                assert R in given.rights or isinstance(result, NotFoundError)
            else:
                assert isinstance(result, NotFoundError)
        return result

    # --- links ------------------------------------------------------------------------------------------------------

    @rule(who=PERSON, path=OWN, mask=MASK)
    def make_link(self, who: str, path: RemotePath, mask: Rights) -> None:
        """Give something of one's own away, and visit it."""
        if len(self.given) >= _LINKS_MAX:
            return
        thing = self.model.at(who, path)
        rights = mask & (R | W) if thing is not None and thing.kind is Kind.FILE else mask
        allowed = thing is not None and bool(rights)
        made = self._try(allowed, lambda: self.links.create(self.world.who[who], path, Terms(mask)))
        if isinstance(made, SecureFileTransferError):
            return
        assert thing is not None
        assert made.path == path  # type: ignore[attr-defined]
        secret, number = made.secret, made.link.id  # type: ignore[attr-defined]
        visit = self.links.open(secret, None, door="http", address="192.0.2.1", agent="machine")
        self.given.append(Given(number, who, thing, rights, self.sessions.resolve(visit.token)))

    @rule(who=PERSON, which=WHICH)
    def end_link(self, who: str, which: int) -> None:
        """End a link: only its maker can, and to others it is not there."""
        given = self._chosen(which)
        if given is None:
            return
        allowed = who == given.owner and not given.ended
        if not self._is_listed(given):  # purged, perhaps
            allowed = allowed and given.thing in self.model.things
        error = self._try(allowed, lambda: self.links.revoke(self.world.who[who], given.number))  # type: ignore[arg-type]
        if error is None:
            given.ended = True
        else:
            assert isinstance(error, NotFoundError)

    def _is_listed(self, given: Given) -> bool:
        account = self.world.account_id(given.owner)
        return any(each.id == given.number for each in self.world.catalog.read(lambda tx: tx.links.of(account)))

    @rule(which=WHICH)
    def owner_removes_it(self, which: int) -> None:
        """Remove what a link was made to; what is put there later was never given."""
        given = self._chosen(which)
        if given is not None and given.thing in self.model.things:
            names = [each.name for each in given.thing.up()][:-1]
            self.remove(given.owner, RemotePath(tuple(reversed(names))))

    @invariant()
    def visitors_see_what_is_given(self) -> None:
        """At the root of every visitor; an ended link, and one to a removed thing, show nothing."""
        for given in self.given:
            try:
                names = sorted(entry.name for entry in self.world.files.list(given.visitor, RemotePath()).entries)
            except NotFoundError:
                assert not (self._alive(given) and R in given.rights), "refused, though allowed"
                continue
            assert self._alive(given), "seen, though it has ended"
            assert R in given.rights, "seen, though nothing may be read"
            if given.thing.kind is Kind.FILE:
                assert names == [given.thing.name]
            else:
                assert names == sorted(each.name for each in self.model.things if each.parent is given.thing)

    # --- visitors ---------------------------------------------------------------------------------------------------

    @rule(which=WHICH, path=INNER)
    def visitor_looks(self, which: int, path: RemotePath) -> None:
        """Look at something, and read it."""
        given = self._chosen(which)
        if given is None:
            return
        thing = self._seen(given, path)
        allowed = thing is not None and R in given.rights
        self._visit(given, path, allowed, lambda at: self.world.files.stat(given.visitor, at))
        if thing is None or thing.kind is Kind.FILE:
            data = self._visit(given, path, allowed, lambda at: self._read(given.visitor, at))
            if not isinstance(data, SecureFileTransferError):
                assert thing is not None
                assert data == thing.data

    def _read(self, who: Principal, path: RemotePath) -> bytes:
        content = self.world.files.open(who, path)
        try:
            return b"".join(content.chunks(0, content.entry.size))
        finally:
            content.close()

    @rule(which=WHICH, path=INNER, data=DATA)
    def visitor_writes(self, which: int, path: RemotePath, data: bytes) -> None:
        """Write a file."""
        given = self._chosen(which)
        if given is None or not path.name.startswith("f"):
            return
        thing, folder = self._seen(given, path), self._over(given, path)
        rights, blind = given.rights, R not in given.rights
        replaces = thing is not None and W in rights
        creates = folder is not None and C in rights and (thing is None or W not in rights)
        whole = given.thing.kind is Kind.FILE
        allowed = (replaces or creates) and not (blind and len(path.parts) > 1)
        result = self._visit(given, path, allowed, lambda at: self._send_as(given.visitor, at, data))
        if isinstance(result, SecureFileTransferError):
            return
        if replaces:
            assert thing is not None
            thing.data = data
            return
        assert folder is not None
        assert not whole
        name, number = path.name, 0
        while self.model.child(folder, name) is not None:
            number += 1
            name = numbered(path.name, number)
        assert result == path.parent / name
        self._add(folder, name, data)

    def _send_as(self, who: Principal, path: RemotePath, data: bytes) -> RemotePath:
        draft = self.world.files.draft(who, path)
        try:
            draft.append(data)
            return RemotePath.parse(draft.commit().entry.path)
        finally:
            draft.abort()

    @rule(which=WHICH, path=INNER)
    def visitor_removes(self, which: int, path: RemotePath) -> None:
        """Remove a file or a tree; never what was given itself."""
        given = self._chosen(which)
        if given is None:
            return
        thing, folder = self._seen(given, path), self._over(given, path)
        allowed = thing is not None and folder is not None and (R | D) in given.rights
        error = self._visit(given, path, allowed, lambda at: self.world.files.remove(given.visitor, at, recursive=True))
        if error is None and thing is not None:
            self.model.drop(thing)

    @rule(which=WHICH, path=INNER)
    def visitor_makes_a_folder(self, which: int, path: RemotePath) -> None:
        """Make a folder."""
        given = self._chosen(which)
        if given is None or not path.name.startswith("d"):
            return
        folder = self._over(given, path)
        allowed = folder is not None and self._seen(given, path) is None and (R | C) in given.rights
        made = self._visit(given, path, allowed, lambda at: self.world.files.make_folder(given.visitor, at))
        if not isinstance(made, SecureFileTransferError):
            assert folder is not None
            self._add(folder, path.name, None)

    @rule(which=WHICH, path=OWN)
    def visitor_has_nothing_of_the_owner(self, which: int, path: RemotePath) -> None:
        """A visitor shares nothing on, and has no account, drive or blocks."""
        given = self._chosen(which)
        if given is None:
            return
        who = given.visitor
        for act in (
            lambda: self.links.create(who, path, Terms(R)),
            lambda: self.links.listed(who),
            lambda: self.world.shares.grant(who, path, "bob", R),
            lambda: self.world.shares.given(who),
            lambda: self.sessions.listed(who),
        ):
            assert isinstance(self._try(False, act), SignInRequiredError)
        assert isinstance(self._try(False, lambda: self.world.blocks.naming_key(who)), NotFoundError)
