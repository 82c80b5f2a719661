"""What people do to files and folders, their own and each other's, and what has to come of it: for `rights_machine`.

Names say what they are: `d…` is a folder, `f…` a file, `zz` is never there. They are equally long, so that answers
about them are.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from secure_file_transfer.client.blocks import block_id
from secure_file_transfer.errors import SecureFileTransferError
from secure_file_transfer.model import LEVELS, Kind, Rights
from secure_file_transfer.paths import RemotePath, numbered

from .rights_http import HttpWorld, RefusedError
from .rights_world import GROUPS, PEOPLE, VISITORS, Model, Thing

R, C, W, D = Rights.READ, Rights.CREATE, Rights.WRITE, Rights.DELETE
DATA = st.binary(min_size=1, max_size=4)
PERSON, VISITOR = st.sampled_from(PEOPLE), st.sampled_from(VISITORS)
ANYBODY = st.one_of(PERSON, PERSON, VISITOR)
FOLDER, FILE = st.sampled_from(("d1", "d2")), st.sampled_from(("f1", "f2"))
MASK = st.one_of(st.sampled_from([*LEVELS.values()]), st.integers(1, 15).map(Rights))
NOBODYS = "zz"


def _inner(last: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.builds(lambda above, name: (*above, name), st.lists(FOLDER, max_size=2), last)


def _paths(last: st.SearchStrategy[str]) -> st.SearchStrategy[RemotePath]:
    """In one's home, and below /Shared of anybody, whether anything of the name was shared or not."""
    # Where something is from the beginning: most of what is worth trying happens there.
    busy = st.builds(lambda above, name: (*above, name), st.sampled_from(((), ("d1",), ("d1",), ("d1", "d2"))), last)
    within = st.one_of(_inner(last), busy, busy)
    shared = st.builds(lambda owner, below: ("Shared", owner, *below), PERSON, within)
    return st.one_of(within, shared, shared).map(RemotePath)


FILES, FOLDERS, ANY = _paths(FILE), _paths(FOLDER), _paths(st.one_of(FOLDER, FILE))
OWN = _inner(st.one_of(FOLDER, FILE)).map(RemotePath)
TO = st.sampled_from((*PEOPLE, *GROUPS))
WAYS = ("put", "tus", "pieces", "batch", "blocks")


class SharingRules(RuleBasedStateMachine):
    """One world and its model. `steps` counts what was compared, over all worlds; `done` what was allowed,
    `compared` how often a refusal was held against that of what is not there."""

    steps = 0
    done = 0
    compared = 0

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.world = HttpWorld(Path(self._folder.name))
        self.model = Model(self.world.clock)
        for group in GROUPS:
            self.world.groups.create(group[1:])

    def teardown(self) -> None:
        """Let go of everything."""
        self.world.close()
        self._folder.cleanup()

    def something_for_others(self, masks: list[Rights]) -> None:
        """Everybody begins with a few files, and shares some with the next."""
        for at, who in enumerate(PEOPLE):
            self.make_folder(who, RemotePath(("d1",)))
            self.make_folder(who, RemotePath(("d1", "d2")))
            self.write(who, RemotePath(("d1", "f1")), who.encode(), "put")
            self.write(who, RemotePath(("d1", "d2", "f2")), b"of " + who.encode(), "blocks")
            self.grant(who, RemotePath(("d1",)), PEOPLE[at - 1], masks[at])

    # --- what is asked ------------------------------------------------------------------------------------------

    def _rights(self, who: str, thing: Thing | None) -> Rights:
        return Rights.NONE if thing is None else self.model.rights(who, thing)

    def _meant(self, who: str, path: RemotePath) -> RemotePath:
        """Visitors are in something that was shared already; what they see of it mostly begins at d1."""
        if who in VISITORS and path.parts[0] == "Shared" and len(path.parts) > 2:
            return RemotePath(path.parts[3:] if path.parts[2] == "d1" and len(path.parts) > 3 else path.parts[2:])
        return path

    def _no(self, who: str) -> str:
        """How they are told that something is not there."""
        return "not_found" if self.model.is_in(who) else "sign_in_required"

    def _folder_of(self, who: str, path: RemotePath) -> Thing | None:
        """The folder that a name comes or goes in. The top of what was shared lies in none that others see."""
        if who in VISITORS:
            link = self.model.link_of(who)
            top = link.thing if link is not None and link.thing.kind is Kind.FOLDER else None
            return top if len(path.parts) == 1 else self.model.at(who, path.parent)
        if len(path.parts) == 1 or (path.parts[0] == "Shared" and len(path.parts) <= 3):
            return None if path.parts[0] == "Shared" else self.model.homes[who]
        return self.model.at(who, path.parent)

    def _try(self, allowed: bool, act: Callable[[], object]) -> object:
        """Do it; it must work exactly when it is allowed."""
        type(self).steps += 1
        result: object
        try:
            result, failed = act(), False
        except (RefusedError, SecureFileTransferError) as error:
            result, failed = error, True
        # What is believed of sessions for half a second is not believed by the next act.
        self.world.clock.advance(1)
        if failed:
            assert not allowed, f"refused, though allowed: {result!r}"
            return result
        assert allowed, "done, though it is not allowed"
        type(self).done += 1
        return result

    def _like_nothing(
        self, who: str, path: RemotePath, refused: RefusedError, act: Callable[[RemotePath], object]
    ) -> None:
        """Where one has no part in what is there, the failure is, to the letter, that of a name nobody has."""
        if path.parts[0] != "Shared" or self.model.at(who, path) is not None:
            return
        at = 2
        if self.model.shared(who).get((path.parts[1], path.parts[2])) is not None:
            at = len(path.parts) - 1
        absent = RemotePath((*path.parts[:at], NOBODYS, *path.parts[at + 1 :]))
        self.same(refused, lambda: act(absent), (NOBODYS, path.parts[at]))

    def same(self, refused: RefusedError, act: Callable[[], object], names: tuple[str, str] = ("", "")) -> None:
        """`act`, which is about what nobody has, is refused with the same answer: status, headers and body.

        The first of the `names` is what nobody has, the second what it stands for.
        """
        type(self).steps += 1
        type(self).compared += 1
        other: RefusedError | None = None
        try:
            act()
        except RefusedError as error:
            other = error
        assert other is not None, "something was done to what is not there"
        assert str(other.answer).replace(*names) == str(refused.answer), "it looks otherwise than what is not there"

    # --- reading ------------------------------------------------------------------------------------------------

    @rule(who=ANYBODY, path=ANY)
    def stat(self, who: str, path: RemotePath) -> None:
        """Look at it."""
        path = self._meant(who, path)
        thing, code = self.model.at(who, path), self._no(who)
        found = self._try(R in self._rights(who, thing), lambda: self.world.stat(who, path))
        if isinstance(found, RefusedError):
            assert found.code == code
            self._like_nothing(who, path, found, lambda at: self.world.stat(who, at))
        else:
            assert thing is not None
            assert found is thing.kind

    @rule(who=ANYBODY, path=FILES, by=st.sampled_from(("fetch", "part", "head")))
    def read(self, who: str, path: RemotePath, by: str) -> None:
        """Read a file, whole or in part, or ask for its length."""
        path = self._meant(who, path)
        thing = self.model.at(who, path)
        allowed = R in self._rights(who, thing)
        if by == "part" and thing is not None and len(thing.data or b"") < 2:
            return  # there is no such range
        act = getattr(self.world, by)
        data = self._try(allowed, lambda: act(who, path))
        if isinstance(data, RefusedError):
            self._like_nothing(who, path, data, lambda at: act(who, at))
            return
        assert thing is not None
        assert thing.data is not None
        assert data == {"fetch": thing.data, "part": thing.data[1:], "head": len(thing.data)}[by]
        if by != "head":
            self.model.fetched(who)

    @rule(who=ANYBODY, path=ANY)
    def zip(self, who: str, path: RemotePath) -> None:
        """Read all that is there."""
        path = self._meant(who, path)
        thing = self.model.at(who, path)
        found = self._try(R in self._rights(who, thing), lambda: self.world.zipped(who, path))
        if isinstance(found, RefusedError):
            self._like_nothing(who, path, found, lambda at: self.world.zipped(who, at))
            return
        assert thing is not None
        below = {self._way(each, thing): each.data for each in self.model.things if thing in each.up()}
        assert found == {name: data for name, data in below.items() if data is not None}
        if found:
            self.model.fetched(who)

    def _way(self, thing: Thing, top: Thing) -> str:
        names = []
        for each in thing.up():
            names.append(each.name)
            if each is top:
                break
        return "/".join(reversed(names))

    @rule(who=ANYBODY, path=FOLDERS)
    def list_folder(self, who: str, path: RemotePath) -> None:
        """List a folder."""
        path = self._meant(who, path)
        thing = self.model.at(who, path)
        names = self._try(R in self._rights(who, thing), lambda: self.world.names_in(who, path))
        if isinstance(names, RefusedError):
            self._like_nothing(who, path, names, lambda at: self.world.names_in(who, at))
        else:
            assert names == sorted(each.name for each in self.model.things if each.parent is thing)

    @rule(who=ANYBODY, path=ANY)
    def by_blocks(self, who: str, path: RemotePath) -> None:
        """No way leads around: there are no blocks of what others share."""
        if path.parts[0] != "Shared" and who not in VISITORS:
            return
        for act in (self.world.naming_key, self.world.manifest):
            code = self._no(who)
            refused = self._try(False, lambda act=act: act(who, path))  # type: ignore[misc]
            assert isinstance(refused, RefusedError)
            assert refused.code == code

    @rule(who=PERSON, path=OWN, owner=PERSON, data=DATA)
    def claim(self, who: str, path: RemotePath, owner: str, data: bytes) -> None:
        """A hash is no proof of possession, whosever key it was made with (attack 53)."""
        if who == owner:
            return
        name = block_id(data, self.world.naming_key(owner)).hex()
        assert self.world.missing(who, name) == [name]
        result = self._try(False, lambda: self.world.commit(who, path, name, len(data)))
        assert isinstance(result, RefusedError)

    # --- writing ------------------------------------------------------------------------------------------------

    @rule(who=ANYBODY, path=FILES, data=DATA, by=st.sampled_from(WAYS))
    def write(self, who: str, path: RemotePath, data: bytes, by: str) -> None:
        """Write a file, in whichever way."""
        path = self._meant(who, path)
        allowed = self._may_write(who, path) and not (by in {"batch", "blocks"} and self._foreign(who, path))
        result = self._try(allowed, lambda: self.world.send(who, path, data, by))
        if isinstance(result, RefusedError):
            if by in {"put", "tus"}:
                self._like_nothing(who, path, result, lambda at: self.world.send(who, at, data, by))
            return
        assert isinstance(result, RemotePath)
        self._written(who, path, data, result)

    def _foreign(self, who: str, path: RemotePath) -> bool:
        return who in VISITORS or path.parts[0] == "Shared"

    def _replaces(self, who: str, path: RemotePath) -> bool:
        thing = self.model.at(who, path)
        return thing is not None and W in self._rights(who, thing)

    def _may_write(self, who: str, path: RemotePath) -> bool:
        thing, folder = self.model.at(who, path), self._folder_of(who, path)
        rights = self._rights(who, thing or folder)
        if self._depth(who, path) > 1 and R not in rights:
            return False
        return self._replaces(who, path) or (folder is not None and C in rights)

    def _written(self, who: str, path: RemotePath, data: bytes, result: RemotePath) -> None:
        """It went there: over what was there, or beside it."""
        thing, folder = self.model.at(who, path), self._folder_of(who, path)
        if self._replaces(who, path):
            assert thing is not None
            assert result == path
            thing.data = data
            return
        assert folder is not None
        assert result.parent == path.parent
        name = path.name
        number = 0
        while self.model.child(folder, name) is not None:
            number += 1
            name = numbered(path.name, number)
        assert result.name == name
        self._add(folder, name, data)

    def _depth(self, who: str, path: RemotePath) -> int:
        """How many names lie between it and the last thing on the way that was itself shared with `who`."""
        if (link := self.model.link_of(who)) is not None:
            return len(path.parts) - (link.thing.kind is Kind.FILE)
        if path.parts[0] != "Shared":
            return 0
        for length in range(len(path.parts), 2, -1):
            thing = self.model.at(who, RemotePath(path.parts[:length]))
            if thing is not None and self.model.granted(who, thing):
                return len(path.parts) - length
        return 0

    @rule(who=ANYBODY, path=FOLDERS)
    def make_folder(self, who: str, path: RemotePath) -> None:
        """Make a folder."""
        path = self._meant(who, path)
        thing, folder = self.model.at(who, path), self._folder_of(who, path)
        allowed = thing is None and (R | C) in self._rights(who, folder)
        if not isinstance(self._try(allowed, lambda: self.world.make_folder(who, path)), RefusedError):
            assert folder is not None
            self._add(folder, path.name, None)

    @rule(who=ANYBODY, path=ANY)
    def remove(self, who: str, path: RemotePath) -> None:
        """Remove a file or a tree."""
        path = self._meant(who, path)
        thing = self.model.at(who, path)
        allowed = thing is not None and (R | D) in self._rights(who, self._folder_of(who, path))

        refused = self._try(allowed, lambda: self.world.remove(who, path))
        if isinstance(refused, RefusedError):
            self._like_nothing(who, path, refused, lambda at: self.world.remove(who, at))
        elif thing is not None:
            self.model.drop(thing)

    @rule(
        who=ANYBODY,
        ways=st.one_of(st.tuples(FILES, FILES), st.tuples(FOLDERS, FOLDERS)),
        moving=st.booleans(),
    )
    def journey(self, who: str, ways: tuple[RemotePath, RemotePath], moving: bool) -> None:
        """Move or copy, within a drive or not."""
        source, target = (self._meant(who, each) for each in ways)
        thing, there, folder = self.model.at(who, source), self.model.at(who, target), self._folder_of(who, target)
        may_leave = (
            (R | D) in self._rights(who, self._folder_of(who, source)) if moving else R in self._rights(who, thing)
        )
        allowed = (
            thing is not None
            and may_leave
            and there is None
            and folder is not None
            and (R | C) in self._rights(who, folder)
            and thing not in folder.up()
        )
        result = self._try(allowed, lambda: self.world.journey(who, source, target, moving=moving))
        if isinstance(result, RefusedError):
            if self._rights(who, thing) == Rights.NONE:
                act = self.world.journey
                self._like_nothing(who, source, result, lambda at: act(who, at, target, moving=moving))
            return
        assert thing is not None
        assert folder is not None
        if folder.owner != thing.owner:  # a new thing in another drive, which nothing was granted on
            self._copy(thing, folder, target.name)
            if moving:
                self.model.drop(thing)
        elif moving:
            thing.parent, thing.name = folder, target.name
        else:
            self._copy(thing, folder, target.name)

    def _copy(self, thing: Thing, folder: Thing, name: str) -> None:
        below = [each for each in self.model.things if each.parent is thing]
        new = self._add(folder, name, thing.data)
        for each in below:
            self._copy(each, new, each.name)

    def _add(self, folder: Thing, name: str, data: bytes | None) -> Thing:
        above = tuple(reversed([each.name for each in folder.up()][:-1]))
        number = self.world.node_id(folder.owner, RemotePath((*above, name)))
        thing = Thing(folder.owner, name, folder, data, number)
        self.model.things.add(thing)
        return thing

    # --- sharing ------------------------------------------------------------------------------------------------

    @rule(who=PERSON, path=OWN, to=TO, mask=MASK)
    def grant(self, who: str, path: RemotePath, to: str, mask: Rights) -> None:
        """Share something of one's own."""
        thing = self.model.at(who, path)
        effective = mask & (R | W) if thing is not None and thing.kind is Kind.FILE else mask
        allowed = thing is not None and bool(effective) and to != who
        result = self._try(allowed, lambda: self.world.grant(who, path, to, mask))
        if thing is not None and not isinstance(result, RefusedError):
            self.model.grants[thing, to] = effective

    @rule(who=PERSON, path=ANY, to=TO)
    def share_on(self, who: str, path: RemotePath, to: str) -> None:
        """Nobody shares what is somebody else's, however much they may do with it."""
        if path.parts[0] == "Shared":
            error = self._try(False, lambda: self.world.grant(who, path, to, R))
            assert isinstance(error, RefusedError)
            assert error.code == "forbidden"

    @rule(who=PERSON, path=OWN, to=st.one_of(st.none(), TO))
    def revoke(self, who: str, path: RemotePath, to: str | None) -> None:
        """Take it back."""
        thing = self.model.at(who, path)
        keys = {key for key in self.model.grants if key[0] is thing and to in {None, key[1]}}
        result = self._try(bool(keys), lambda: self.world.revoke(who, path, to))
        if not isinstance(result, RefusedError):
            assert result == len(keys)
            for key in keys:
                del self.model.grants[key]

    @rule(group=st.sampled_from(GROUPS), member=PERSON, joins=st.booleans())
    def membership(self, group: str, member: str, joins: bool) -> None:
        """Join or leave a group."""
        there = (group, member) in self.model.members
        act = self.world.groups.add if joins else self.world.groups.remove
        self._try(joins or there, lambda: act(group, member))
        (self.model.members.add if joins else self.model.members.discard)((group, member))

    @rule(group=st.sampled_from(GROUPS))
    def made_again(self, group: str) -> None:
        """A group that is deleted and made again inherits nothing."""
        self._try(True, lambda: self.world.groups.delete(group))
        self._try(True, lambda: self.world.groups.create(group[1:]))
        self.model.members = {each for each in self.model.members if each[0] != group}
        self.model.grants = {key: mask for key, mask in self.model.grants.items() if key[1] != group}

    @invariant()
    def everybody_is_told_the_truth(self) -> None:
        """What is shared with whom, as the model knows it."""
        for who in PEOPLE:
            told = self.world.grants(who)
            received = {
                (each["owner"], each["path"].rpartition("/")[2]): Rights(each["rights"]) for each in told["received"]
            }
            assert received == {key: self.model.rights(who, thing) for key, thing in self.model.shared(who).items()}
            assert len(told["given"]) == sum(thing.owner == who for thing, _ in self.model.grants)
