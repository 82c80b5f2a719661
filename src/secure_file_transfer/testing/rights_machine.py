"""Everything that three accounts can do to each other's files, tried in any order and compared with a small model.

Names say what they are: `d…` is a folder, `f…` a file. Whatever the model forbids must fail, whatever it allows must
happen, and what one has no part in must look, to the letter, like what is not there.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from secure_file_transfer.errors import ForbiddenError, NotFoundError, SecureFileTransferError
from secure_file_transfer.model import LEVELS, Kind, Rights
from secure_file_transfer.paths import RemotePath, numbered
from secure_file_transfer.ports import Written
from secure_file_transfer.services.commits import Small, Terms
from secure_file_transfer.services.uploads import Wanted

from .rights_world import GROUPS, PEOPLE, Model, SharingWorld, Thing

R, C, W, D = Rights.READ, Rights.CREATE, Rights.WRITE, Rights.DELETE
DATA = st.binary(max_size=4)
PERSON = st.sampled_from(PEOPLE)
FOLDER, FILE = st.sampled_from(("d1", "d2")), st.sampled_from(("f1", "f2"))
MASK = st.one_of(st.sampled_from([*LEVELS.values()]), st.integers(1, 15).map(Rights))
_NOBODYS = "f-nowhere"
_STEPS_A_WORLD = 60


def _inner(last: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.builds(lambda above, name: (*above, name), st.lists(FOLDER, max_size=2), last)


def _paths(last: st.SearchStrategy[str]) -> st.SearchStrategy[RemotePath]:
    """In one's home, and below /Shared of anybody, whether anything of the name was shared or not."""
    shared = st.builds(lambda owner, below: ("Shared", owner, *below), PERSON, _inner(last))
    # Where something is from the beginning: most of what is worth trying happens there.
    busy = st.builds(
        lambda owner, above, name: ("Shared", owner, *above, name),
        PERSON,
        st.sampled_from(((), ("d1",), ("d1", "d2"))),
        last,
    )
    return st.one_of(_inner(last), shared, busy, busy).map(RemotePath)


FILES, FOLDERS, ANY = _paths(FILE), _paths(FOLDER), _paths(st.one_of(FOLDER, FILE))
OWN = _inner(st.one_of(FOLDER, FILE)).map(RemotePath)
TO = st.sampled_from((*PEOPLE, *GROUPS))


class RightsMachine(RuleBasedStateMachine):
    """One world and its model. `steps` counts what was compared, over all worlds; `done` what was allowed."""

    steps = 0
    done = 0

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.world = SharingWorld(Path(self._folder.name))
        self.model = Model()
        for group in GROUPS:
            self.world.groups.create(group[1:])

    def teardown(self) -> None:
        """Let go of everything."""
        self.world.close()
        self._folder.cleanup()

    @initialize(masks=st.lists(MASK, min_size=3, max_size=3))
    def something_to_share(self, masks: list[Rights]) -> None:
        """Everybody begins with a few files, and shares some with the next."""
        for at, who in enumerate(PEOPLE):
            self.make_folder(who, RemotePath(("d1",)))
            self.make_folder(who, RemotePath(("d1", "d2")))
            self.write(who, RemotePath(("d1", "f1")), who.encode(), "put")
            self.grant(who, RemotePath(("d1",)), PEOPLE[at - 1], masks[at])

    # --- what is asked ------------------------------------------------------------------------------------------

    def _rights(self, who: str, thing: Thing | None) -> Rights:
        return Rights.NONE if thing is None else self.model.rights(who, thing)

    def _folder_of(self, who: str, path: RemotePath) -> Thing | None:
        """The folder that a name comes or goes in. The top of what was shared lies in none that others see."""
        if len(path.parts) == 1 or (path.parts[0] == "Shared" and len(path.parts) <= 3):
            return None if path.parts[0] == "Shared" else self.model.homes[who]
        return self.model.at(who, path.parent)

    def _try(self, allowed: bool, act: Callable[[], object]) -> object:
        """Do it; it must work exactly when it is allowed."""
        type(self).steps += 1
        result: object
        try:
            result, failed = act(), False
        except SecureFileTransferError as error:
            result, failed = error, True
        if failed:
            assert not allowed, f"refused, though allowed: {result!r}"
            return result
        assert allowed, "done, though it is not allowed"
        type(self).done += 1
        return result

    def _like_nothing(self, who: str, path: RemotePath, error: object, act: Callable[[RemotePath], object]) -> None:
        """Where one has no part in what is there, the failure is, word for word, that of a name nobody has."""
        if path.parts[0] != "Shared" or self.model.at(who, path) is not None:
            return
        absent = RemotePath((*path.parts[:2], _NOBODYS, *path.parts[3:]))
        if self.model.shared(who).get((path.parts[1], path.parts[2])) is not None:
            absent = path.parent / _NOBODYS
        other: object = None
        try:
            act(absent)
        except SecureFileTransferError as refusal:
            other = refusal
        assert isinstance(error, SecureFileTransferError)
        assert isinstance(other, SecureFileTransferError), "something was done to what is not there"
        said = (type(error), str(error).replace(str(path), "?"), error.hint)
        assert said == (type(other), str(other).replace(str(absent), "?"), other.hint)

    # --- reading ------------------------------------------------------------------------------------------------

    @rule(who=PERSON, path=ANY)
    def stat(self, who: str, path: RemotePath) -> None:
        """Look at it."""

        def act(at: RemotePath) -> object:
            return self.world.files.stat(self.world.who[who], at)

        thing = self.model.at(who, path)
        found = self._try(R in self._rights(who, thing), lambda: act(path))
        if isinstance(found, SecureFileTransferError):
            assert isinstance(found, NotFoundError)
            self._like_nothing(who, path, found, act)

    @rule(who=PERSON, path=FILES)
    def read(self, who: str, path: RemotePath) -> None:
        """Read a file."""
        thing = self.model.at(who, path)
        data = self._try(R in self._rights(who, thing), lambda: self.world.read(who, str(path)))
        if isinstance(data, SecureFileTransferError):
            self._like_nothing(who, path, data, lambda at: self.world.read(who, str(at)))
        else:
            assert thing is not None
            assert data == thing.data

    @rule(who=PERSON, path=FOLDERS)
    def list_folder(self, who: str, path: RemotePath) -> None:
        """List a folder."""
        thing = self.model.at(who, path)
        names = self._try(R in self._rights(who, thing), lambda: self.world.names(who, str(path)))
        if not isinstance(names, SecureFileTransferError):
            assert names == sorted(each.name for each in self.model.things if each.parent is thing)

    @rule(who=PERSON, path=ANY)
    def by_blocks(self, who: str, path: RemotePath) -> None:
        """No way leads around: there are no blocks of what others share."""
        if path.parts[0] != "Shared":
            return
        principal = self.world.who[who]
        for act in (self.world.blocks.naming_key, self.world.blocks.manifest):
            assert isinstance(self._try(False, lambda act=act: act(principal, path)), NotFoundError)  # type: ignore[misc]
        type(self).steps += 1
        (result,) = self.world.commits.batch(principal, [Small(Terms(str(path)), b"x")])
        assert isinstance(result, NotFoundError)

    # --- writing ------------------------------------------------------------------------------------------------

    @rule(who=PERSON, path=FILES, data=DATA, by=st.sampled_from(("put", "upload", "batch")))
    def write(self, who: str, path: RemotePath, data: bytes, by: str) -> None:
        """Write a file, in whichever way."""
        if by == "batch" and path.parts[0] == "Shared":
            return
        thing, folder = self.model.at(who, path), self._folder_of(who, path)
        target = thing or folder
        rights = self._rights(who, target)
        deep = self._depth(who, path) > 1 and R not in rights
        replaces = thing is not None and W in rights
        creates = folder is not None and C in rights and (thing is None or W not in rights)
        allowed = not deep and (replaces or creates) and (thing is not None or folder is not None)
        result = self._try(allowed, lambda: self._send(who, path, data, by))
        if isinstance(result, SecureFileTransferError):
            if by == "put":
                self._like_nothing(who, path, result, lambda at: self.world.put(who, str(at), b""))
            return
        assert isinstance(result, RemotePath)
        if replaces:
            assert thing is not None
            assert result == path
            thing.data = data
        else:
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
        if path.parts[0] != "Shared":
            return 0
        for length in range(len(path.parts), 2, -1):
            thing = self.model.at(who, RemotePath(path.parts[:length]))
            if thing is not None and self.model.granted(who, thing):
                return len(path.parts) - length
        return 0

    def _send(self, who: str, path: RemotePath, data: bytes, by: str) -> RemotePath:
        if by == "put":
            return self.world.put(who, str(path), data)
        principal = self.world.who[who]
        if by == "batch":
            (result,) = self.world.commits.batch(principal, [Small(Terms(str(path)), data)])
            if not isinstance(result, Written):
                raise result
            return RemotePath.parse(result.entry.path)
        uploads = self.world.uploads
        upload = uploads.create(principal, Wanted(path, len(data)))
        if upload.published is None:
            writer = uploads.write(principal, upload.id, 0)
            try:
                writer.append(data)
                upload = writer.finish()
            finally:
                writer.leave()
        assert upload.published is not None
        uploads.remove(principal, upload.id)
        return RemotePath.parse(upload.published)

    @rule(who=PERSON, path=FOLDERS)
    def make_folder(self, who: str, path: RemotePath) -> None:
        """Make a folder."""
        thing, folder = self.model.at(who, path), self._folder_of(who, path)
        allowed = thing is None and (R | C) in self._rights(who, folder)
        if not isinstance(self._try(allowed, lambda: self.world.folder(who, str(path))), SecureFileTransferError):
            assert folder is not None
            self._add(folder, path.name, None)

    @rule(who=PERSON, path=ANY)
    def remove(self, who: str, path: RemotePath) -> None:
        """Remove a file or a tree."""
        thing = self.model.at(who, path)
        allowed = thing is not None and (R | D) in self._rights(who, self._folder_of(who, path))

        def act(at: RemotePath) -> None:
            self.world.files.remove(self.world.who[who], at, recursive=True)

        error = self._try(allowed, lambda: act(path))
        if error is not None:
            self._like_nothing(who, path, error, act)
        elif thing is not None:
            self.model.drop(thing)

    @rule(
        who=PERSON,
        ways=st.one_of(st.tuples(FILES, FILES), st.tuples(FOLDERS, FOLDERS)),
        moving=st.booleans(),
    )
    def journey(self, who: str, ways: tuple[RemotePath, RemotePath], moving: bool) -> None:
        """Move or copy, within a drive or not."""
        source, target = ways
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
        act = self.world.files.move if moving else self.world.files.copy
        result = self._try(allowed, lambda: act(self.world.who[who], source, target))
        if isinstance(result, SecureFileTransferError):
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
        result = self._try(allowed, lambda: self.world.shares.grant(self.world.who[who], path, to, mask))
        if thing is not None and not isinstance(result, SecureFileTransferError):
            self.model.grants[thing, to] = effective

    @rule(who=PERSON, path=ANY, to=TO)
    def share_on(self, who: str, path: RemotePath, to: str) -> None:
        """Nobody shares what is somebody else's, however much they may do with it."""
        if path.parts[0] == "Shared":
            error = self._try(False, lambda: self.world.shares.grant(self.world.who[who], path, to, R))
            assert isinstance(error, ForbiddenError)

    @rule(who=PERSON, path=OWN, to=st.one_of(st.none(), TO))
    def revoke(self, who: str, path: RemotePath, to: str | None) -> None:
        """Take it back."""
        thing = self.model.at(who, path)
        keys = {key for key in self.model.grants if key[0] is thing and to in {None, key[1]}}
        result = self._try(bool(keys), lambda: self.world.shares.revoke(self.world.who[who], path, to))
        if not isinstance(result, SecureFileTransferError):
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
            received = {
                (each.path.parts[1], each.path.name): each.rights
                for each in self.world.shares.received(self.world.who[who])
            }
            assert received == {key: self.model.rights(who, thing) for key, thing in self.model.shared(who).items()}
            given = self.world.shares.given(self.world.who[who])
            assert len(given) == sum(thing.owner == who for thing, _ in self.model.grants)


def run(steps: int, machine: type[RightsMachine] = RightsMachine) -> str:
    """At least so many steps; what was tried, in a sentence. Raises AssertionError at the first disagreement."""
    first, done = machine.steps, machine.done
    while (left := steps - (machine.steps - first)) > 0:
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=min(50, 1 + left // _STEPS_A_WORLD),
                stateful_step_count=_STEPS_A_WORLD,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
                report_multiple_bugs=False,
            ),
        )
    tried, done = machine.steps - first, machine.done - done
    if done < tried // 10:
        raise AssertionError(f"only {done} of {tried} steps were allowed: this proved little")
    return f"{tried} steps without disagreement with the model; {done} of them were allowed"
