"""Everything that three accounts and the visitors of links can try on each other's files, in any order.

Whatever the model forbids must fail, whatever it allows must happen, and what one has no part in must look, to the
letter, like what is not there: status, headers and body of the answer. The rules about files and grants are in
`rights_rules`; here are those about links, sessions and unfinished uploads.
"""

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule, run_state_machine_as_test

from secure_file_transfer.model import Kind, Rights
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.services.links import VISIT_US

from .rights_http import NO_TOKEN, RefusedError
from .rights_rules import ANY, ANYBODY, DATA, FILES, MASK, OWN, PERSON, TO, VISITOR, R, SharingRules, W
from .rights_world import PEOPLE, VISITORS, LinkThing, Visit

_STEPS_A_WORLD = 60
_NO_UPLOAD = "uploads/" + "x" * 32
_NO_LINK, _NO_SESSION = "links/999999", "sessions/999999"
_INDEX = st.integers(0, 1000)


class RightsMachine(SharingRules):
    """See `SharingRules`."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[tuple[str, RemotePath, bytes, str]] = []
        """Uploads that wait for their bytes: whose, where to, what, and their address."""

    @initialize(
        masks=st.lists(MASK, min_size=3, max_size=3),
        downloads=st.sampled_from((None, 1, 1, 2)),
        seconds=st.sampled_from((None, 60)),
    )
    def something_to_share(self, masks: list[Rights], downloads: int | None, seconds: int | None) -> None:
        """Besides, two of them give the same away by links, and the visitors open them, or both of them the same."""
        self.something_for_others(masks)
        for at in (0, 1):
            self.make_link(PEOPLE[at], RemotePath(("d1",)), masks[at], downloads, seconds)
        for at, visitor in enumerate(VISITORS):
            self.visit(visitor, index=0 if masks[2] > masks[1] else at)

    # --- links --------------------------------------------------------------------------------------------------

    @rule(
        who=PERSON,
        path=OWN,
        mask=MASK,
        downloads=st.sampled_from((None, 1, 2)),
        seconds=st.sampled_from((None, None, 20, 300)),
    )
    def make_link(self, who: str, path: RemotePath, mask: Rights, downloads: int | None, seconds: int | None) -> None:
        """Give something of one's own to whoever holds a URL."""
        thing = self.model.at(who, path)
        effective = mask & (R | W) if thing is not None and thing.kind is Kind.FILE else mask
        ends = None if seconds is None else self.world.clock.now_us() + seconds * 1_000_000
        made = self._try(
            thing is not None and bool(effective), lambda: self.world.make_link(who, path, mask, downloads, ends)
        )
        if thing is not None and not isinstance(made, RefusedError):
            assert isinstance(made, dict)
            self.model.links.append(LinkThing(thing, effective, made["id"], made["secret"], ends, downloads))

    @rule(who=PERSON, path=ANY)
    def link_on(self, who: str, path: RemotePath) -> None:
        """Nobody makes links to what is somebody else's, however much they may do with it."""
        if path.parts[0] == "Shared":
            refused = self._try(False, lambda: self.world.make_link(who, path, R, None, None))
            assert isinstance(refused, RefusedError)
            assert refused.code == "forbidden"

    def _some_link(self, index: int) -> LinkThing | None:
        # Mostly a late one: the others have mostly ended.
        return self.model.links[-1 - index % min(4, len(self.model.links))] if self.model.links else None

    @rule(visitor=VISITOR, index=_INDEX)
    def visit(self, visitor: str, index: int) -> None:
        """Open a link. One that gives nothing any more says what an invented one says."""
        if (link := self._some_link(index)) is None:
            return
        ends = self.world.clock.now_us() + VISIT_US
        opened = self._try(self.model.opens(link), lambda: self.world.open_link(visitor, link.secret))
        if isinstance(opened, RefusedError):
            self.same(opened, lambda: self.world.open_link(visitor, "x" * 43))
            return
        self.model.visits[visitor] = Visit(link, ends if link.expires_us is None else min(ends, link.expires_us))

    @rule(who=PERSON, index=_INDEX, ends=st.booleans())
    def a_link_and_its_secret(self, who: str, index: int, ends: bool) -> None:
        """Its maker may see its secret again, and end it. Nobody else may know that it is there."""
        if (link := self._some_link(index)) is None:
            return
        method, address = "DELETE" if ends else "GET", f"links/{link.number}"
        mine, is_there = link.thing.owner == who, link.thing in self.model.things
        if mine and ends and not is_there:
            return  # its maker may end it as long as the sweep has not
        allowed = mine and is_there and not link.revoked
        answer = self._try(allowed, lambda: self.world.ask(who, method, address))
        if isinstance(answer, RefusedError):
            self.same(answer, lambda: self.world.ask(who, method, _NO_LINK))
        elif ends:
            link.revoked = True

    @rule(who=PERSON)
    def links_are_counted(self, who: str) -> None:
        """What has gone out by each."""
        listed = self._try(True, lambda: self.world.links(who))
        assert isinstance(listed, dict)
        assert listed == {
            link.number: link.downloads
            for link in self.model.links
            if link.thing.owner == who and not link.revoked and link.thing in self.model.things
        }

    @rule(who=ANYBODY, index=_INDEX, by=st.sampled_from(("fetch", "part", "head")))
    def read_what_is_there(self, who: str, index: int, by: str) -> None:
        """A file that somebody has: random paths seldom lead to one."""
        link = self.model.link_of(who)
        files = [each for each in self.model.things if each.kind is Kind.FILE]
        if link is not None:
            files = [each for each in files if link.thing in each.up()]
        if not files:
            return
        thing = sorted(files, key=lambda each: each.id)[index % len(files)]
        names = [each.name for each in reversed([*thing.up()][:-1])]
        if link is not None:
            names = [thing.name] if link.thing is thing else names[len([*link.thing.up()]) - 1 :]
        elif who in PEOPLE and thing.owner != who:
            # What is shared deeper down has a way of its own; from the top there is none then.
            names = ["Shared", thing.owner, *names]
        self.read(who, RemotePath(tuple(names)), by)

    @rule(index=_INDEX)
    def one_after_the_other(self, index: int) -> None:
        """Both visitors come by the same link. If it is good for one more, the first to fetch has it (attack 49)."""
        for visitor in VISITORS:
            self.visit(visitor, index)
        first, second = VISITORS
        self.read_what_is_there(first, index, "fetch")
        self.list_the_root(second)
        self.read_what_is_there(second, index, "fetch")

    @rule(visitor=VISITOR)
    def list_the_root(self, visitor: str) -> None:
        """A visitor sees what is in the folder that was given, or the one file."""
        link = self.model.link_of(visitor)
        allowed = link is not None and R in link.rights
        names = self._try(allowed, lambda: self.world.names_in(visitor, RemotePath()))
        if link is not None and not isinstance(names, RefusedError):
            top = link.thing
            inside = {top} if top.kind is Kind.FILE else {each for each in self.model.things if each.parent is top}
            assert names == sorted(each.name for each in inside)

    @rule(index=_INDEX)
    def remove_what_was_given(self, index: int) -> None:
        """What its owner makes there later was never given."""
        link = self._some_link(index)
        if link is not None and link.thing in self.model.things:
            names = [each.name for each in link.thing.up()][:-1]
            self.remove(link.thing.owner, RemotePath(tuple(reversed(names))))

    @rule(visitor=VISITOR, path=OWN, to=TO)
    def a_visitor_has_no_account(self, visitor: str, path: RemotePath, to: str) -> None:
        """Rights on files are all that a link gives: neither sharing, nor links, nor anything of its owner's."""
        for act in (
            lambda: self.world.grant(visitor, path, to, R),
            lambda: self.world.grants(visitor),
            lambda: self.world.make_link(visitor, path, R, None, None),
            lambda: self.world.links(visitor),
            lambda: self.world.ask(visitor, "GET", "sessions"),
            lambda: self.world.ask(visitor, "DELETE", "sessions"),
        ):
            self._try(False, act)

    @rule(seconds=st.sampled_from((10, 100, 100, 13 * 3600)))
    def time_passes(self, seconds: int) -> None:
        """Links and visits end by themselves."""
        self.world.clock.advance(seconds)

    # --- sessions -----------------------------------------------------------------------------------------------

    @rule(who=PERSON)
    def sign_out(self, who: str) -> None:
        """A token that was good is then like any other that is not."""
        old = self.world.tokens[who]
        self._try(True, lambda: self.world.ask(who, "DELETE", "sessions/current"))
        self.world.tokens |= {"old": old, "none": NO_TOKEN}
        refused = self._try(False, lambda: self.world.ask("old", "GET", "folders/"))
        assert isinstance(refused, RefusedError)
        self.same(refused, lambda: self.world.ask("none", "GET", "folders/"))
        self.world.sign_in(who)

    @rule(who=PERSON, other=PERSON)
    def sessions_of_others(self, who: str, other: str) -> None:
        """Nobody sees or ends them."""
        listed = self._try(True, lambda: self.world.sessions_of(who))
        assert isinstance(listed, list)
        theirs = self.world.sessions_of(other)
        if who == other:
            assert listed == theirs
            return
        assert not set(listed) & set(theirs)
        refused = self._try(False, lambda: self.world.ask(who, "DELETE", f"sessions/{theirs[0]}"))
        assert isinstance(refused, RefusedError)
        self.same(refused, lambda: self.world.ask(who, "DELETE", _NO_SESSION))

    # --- uploads that wait --------------------------------------------------------------------------------------

    @rule(who=ANYBODY, path=FILES, data=DATA)
    def begin_upload(self, who: str, path: RemotePath, data: bytes) -> None:
        """It is published when it is whole, if that is still allowed then. A visitor's is not its host's."""
        path = self._meant(who, path)
        try:
            self.begun.append((who, path, data, self.world.begin_upload(who, path, len(data))))
        except RefusedError:
            assert not self._may_write(who, path)

    @rule(who=PERSON, index=_INDEX, method=st.sampled_from(("HEAD", "DELETE", "PATCH")))
    def uploads_of_others(self, who: str, index: int, method: str) -> None:
        """They are not there."""
        if not self.begun:
            return
        owner, _, data, address = self.begun[index % len(self.begun)]

        def act(at: str) -> object:
            if method == "PATCH":
                return self.world.finish_upload(who, at, data)
            return self.world.about_upload(who, at, method)

        if who != owner:
            refused = self._try(False, lambda: act(address))
            assert isinstance(refused, RefusedError)
            self.same(refused, lambda: act(_NO_UPLOAD))

    @rule(index=_INDEX)
    def finish_upload(self, index: int) -> None:
        """What was begun goes on only if it could be begun now. Where its folder is another now, it need not."""
        if not self.begun:
            return
        who, path, data, address = self.begun.pop(index % len(self.begun))
        type(self).steps += 1
        allowed = self._may_write(who, path)
        try:
            result = self.world.finish_upload(who, address, data)
        except RefusedError:
            return
        assert allowed, "published, though it is not allowed any more"
        self._written(who, path, data, result)


def run(steps: int) -> str:
    """At least so many steps; what was tried, in a sentence. Raises AssertionError at the first disagreement."""
    first, done, compared = RightsMachine.steps, RightsMachine.done, RightsMachine.compared
    while (left := steps - (RightsMachine.steps - first)) > 0:
        run_state_machine_as_test(
            RightsMachine,
            settings=settings(
                max_examples=min(50, 1 + left // _STEPS_A_WORLD),
                stateful_step_count=_STEPS_A_WORLD,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
                report_multiple_bugs=False,
                # Making a world takes half a second, and shrinking would make hundreds of them.
                phases=[Phase.generate],
            ),
        )
    tried, done = RightsMachine.steps - first, RightsMachine.done - done
    compared = RightsMachine.compared - compared
    if done < tried // 10 or not compared:
        raise AssertionError(f"only {done} of {tried} steps were allowed: this proved little")
    return (
        f"{tried} requests without disagreement with the model; {done} of them were allowed, {compared} refusals were "
        "held against those of what is not there"
    )
