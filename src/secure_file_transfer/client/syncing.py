"""One way from a folder to a folder: look at both ends, plan, do."""

import unicodedata
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import cast

from ..errors import ConflictError, InvalidRequestError, NotFoundError, SecureFileTransferError
from ..model import Conflict, Kind
from ..paths import RemotePath, display
from ..transfer.filters import Filter, Parts, Pattern
from ..transfer.sync import (
    Action,
    Do,
    Item,
    Plan,
    Rules,
    applied,
    collisions,
    plan,
    resolution_of,
    spelled_alike,
    wanted_digests,
)
from .api import Api
from .how import How
from .many import side_by_side
from .progress import Meter, OnProgress
from .receiving import receive_all
from .sending import send_all
from .small import Wanted
from .trees import LocalTree, RemoteTree, Survey, Top

REMOTE = ":"
"""How a path on the server begins where both kinds of paths may stand."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a sync does, or does not.

    `do` is make, move, send, receive, copy, delete, or skip. `path` lies below both tops; `source` is where a moved
    thing was. `outcome` is planned, done, failed, withheld (a removal, because something else failed) or skipped.
    """

    do: str
    path: str
    source: str = ""
    folder: bool = False
    files: int = 0
    size: int = 0
    outcome: str = "planned"
    reason: str = ""
    error: SecureFileTransferError | None = None


@dataclass(frozen=True, slots=True)
class Synced:
    """A sync, planned or done: its steps in order, and how many files needed nothing."""

    steps: tuple[Step, ...]
    unchanged: int
    complete: bool = True
    """False when a part of the source could not be read; nothing is removed then."""

    def of(self, *kinds: str, outcome: str = "") -> list[Step]:
        """The steps of some kinds, and of one outcome if it is given."""
        return [step for step in self.steps if step.do in kinds and outcome in {"", step.outcome}]

    @property
    def transfers(self) -> list[Step]:
        """What was, or will be, sent, received or copied."""
        return [step for step in self.of("send", "receive", "copy") if step.outcome in {"planned", "done"}]

    @property
    def failed(self) -> list[Step]:
        """What did not work."""
        return [step for step in self.steps if step.error is not None]


OnPlan = Callable[[Synced], None]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a sync is asked for, see AsyncClient.sync."""

    delete: bool = False
    checksum: bool = False
    chosen: Filter = field(default_factory=Filter)
    allow_empty: bool = False
    how: How = field(default_factory=How)
    """How what is to be transferred travels."""


class _MoveFailedError(Exception):
    """Some file systems and servers do not move everything; then it is sent."""


def ends(api: Api, source: str | Path, target: str | Path) -> tuple[Top, Top]:
    """Both ends of a sync. A text that begins with a colon is a path on the server.

    Raises:
        InvalidRequestError: both are here.
        ConflictError: one of them lies in the other.
        InvalidNameError
    """
    one, other = _end(api, source), _end(api, target)
    if isinstance(one, LocalTree) and isinstance(other, LocalTree):
        raise InvalidRequestError(
            f"{display(str(source))} and {display(str(target))} are both on this computer",
            hint=f"A path on the server begins with a colon, such as :/{Path(target).name}.",
        )
    tops = [end.top for end in (one, other) if isinstance(end, RemoteTree)]
    if len(tops) == 2 and (tops[0].is_within(tops[1]) or tops[1].is_within(tops[0])):
        raise ConflictError(f"{display(str(one))} and {display(str(other))} lie one in the other")
    return one, other


def _end(api: Api, text: str | Path) -> Top:
    if isinstance(text, str) and text.startswith(REMOTE):
        return RemoteTree(api, RemotePath.parse(unicodedata.normalize("NFC", text.removeprefix(REMOTE))))
    return LocalTree(api, Path(text))


class Sync:
    """One sync, and what it knows of both ends: `look`, `prepare`, `carry_out`, in this order, as often as needed."""

    def __init__(self, api: Api, source: Top, target: Top, wishes: Wishes) -> None:
        self._api, self._source, self._target, self._wishes = api, source, target, wishes
        self._rules = Rules(delete=wishes.delete, checksum=wishes.checksum)
        self._here, self._there = Survey(), Survey()
        self._exists = False
        self.plan = Plan()

    async def look(self) -> None:
        """Read both ends.

        Raises:
            NotFoundError, NotAFolderError, ...: there is no such source, or the target cannot be read.
        """
        await self.look_at_source()
        await self._look_at_target()

    async def look_at_source(self) -> None:
        """Read the source alone; the target is taken for what it was, with what was done since."""
        source, target = self._source, self._target
        if isinstance(source, RemoteTree):
            local = isinstance(target, LocalTree)
            self._here = await source.survey(self._wishes.chosen, source=True, local=local)
        elif isinstance(target, RemoteTree):
            self._here = await source.survey(self._wishes.chosen, target.path)

    async def _look_at_target(self) -> None:
        """Read the target; one that is missing is empty."""
        try:
            if isinstance(self._target, RemoteTree):
                self._there = await self._target.survey(self._wishes.chosen, source=False)
            else:
                self._there = await self._target.survey(self._wishes.chosen, None)
            self._exists = True
        except NotFoundError:
            self._there, self._exists = Survey(), False
        if not isinstance(self._target, LocalTree):
            return
        if self._exists and await self._target.ignores_case():
            spelling = spelled_alike([*self._there.items, *self._there.kept], self._here.items)
            self._target.respell(spelling)
            self._there.items = {spelling[path]: item for path, item in self._there.items.items()}
            self._there.kept = {spelling[path]: what for path, what in self._there.kept.items()}
            self._there.kept |= dict.fromkeys(collisions(list(self._here.items)), "a name that differs only in case")
        times = [item.modified_us for item in self._there.items.values() if item.kind is Kind.FILE]
        self._rules = replace(self._rules, resolution_us=resolution_of(times))

    async def prepare(self, *, moves: bool = True) -> Synced:
        """Make the plan.

        Raises:
            ConflictError: the source is empty, and all of the target would go.
        """
        rules = replace(self._rules, delete=self._rules.delete and self._here.complete, moves=moves)
        ours, theirs = wanted_digests(self._here.items, self._there.items, rules)
        await _learn(self._source, self._here, ours)
        await _learn(self._target, self._there, theirs)
        self.plan = plan(self._here.items, self._there.items, rules, self._there.kept | self._here.kept)
        if not (self._here.items or self._wishes.allow_empty) and self.plan.of(Do.DELETE):
            raise ConflictError(
                f"{display(str(self._source))} holds nothing, so everything in {display(str(self._target))} would go",
                hint="Is it the right folder, or a disk that is not there? If you mean it, add --yes.",
            )
        return self._told([_Done(action, "planned") for action in self.plan.actions])

    async def carry_out(
        self, on_progress: OnProgress | None = None, *, hold: Collection[Parts] = frozenset()
    ) -> Synced:
        """Do what was planned, but transfer nothing on `hold`. Nothing is removed unless all the rest was done.

        Raises:
            SecureFileTransferError: the top of the target cannot be made, or a move failed in a way that passes.
        """
        if self.plan.actions and not self._exists:
            await self._target.make(())
            self._exists = True
        doing = _Doing(self._api, self._source, self._target, self._wishes.how, on_progress, hold)
        seen = 0  # so much of what was done is in what we know of the target
        try:
            await doing.run(self.plan)
        except _MoveFailedError:
            unchanged, seen = self.plan.unchanged, len(doing.done)
            await self._look_at_target()
            await self.prepare(moves=False)
            self.plan = replace(self.plan, unchanged=unchanged)
            await doing.run(self.plan)
        self._there.items = applied(
            self._there.items, [one.action for one in doing.done[seen:] if one.outcome == "done"]
        )
        place = {(action.do, action.path, action.source): at for at, action in enumerate(self.plan.actions)}
        # Side by side they ended in any order; those of a plan that was given up come first.
        return self._told(
            sorted(doing.done, key=lambda one: place.get((one.action.do, one.action.path, one.action.source), -1))
        )

    def _told(self, done: "Sequence[_Done]") -> Synced:
        """The plan, or what became of it."""
        left = [
            Step("skip", one.path, outcome="failed" if one.error else "skipped", reason=one.reason, error=one.error)
            for one in (*self._here.left_out, *self._there.left_out)
        ]
        for path, reason in self.plan.in_the_way:
            shown = "/".join(path)
            error = ConflictError(f"{display(shown)} is left as it is at the target: {reason}")
            left.append(Step("skip", shown, outcome="failed", error=error))
        steps = [_step(self._source, self._target, one) for one in done]
        return Synced((*left, *steps), self.plan.unchanged, self._here.complete)


@dataclass(frozen=True, slots=True)
class _Done:
    action: Action
    outcome: str
    error: SecureFileTransferError | None = None


class _Doing:
    """A plan on its way. `done` says of each action what became of it."""

    def __init__(
        self,
        api: Api,
        source: Top,
        target: Top,
        how: How,
        on_progress: OnProgress | None,
        hold: Collection[Parts],
    ) -> None:
        self._api, self._source, self._target, self._how = api, source, target, how
        self._on_progress, self._hold = on_progress, hold
        self._moves_failed = False
        self.done: list[_Done] = []

    async def run(self, plan_: Plan) -> None:
        """All of it.

        Raises:
            _MoveFailedError: for the first time; plan anew, without moves.
        """
        for do, group in groupby(plan_.actions, key=lambda action: action.do):
            actions = list(group)
            if do is Do.MAKE:
                # Parents come first, and those of one depth do not need each other.
                for _, level in groupby(sorted(actions, key=_depth), key=_depth):
                    await self._each(list(level), lambda action: self._target.make(action.path))
            elif do is Do.MOVE:
                await self._move(actions)
            elif do is Do.TRANSFER:
                await self._transfer([action for action in actions if action.path not in self._hold])
            elif self._hold or any(one.error for one in self.done):
                self.done += [_Done(action, "withheld") for action in actions]
            else:
                await self._each(actions, self._target.delete)

    async def _each(self, actions: Sequence[Action], work: Callable[[Action], Awaitable[None]]) -> None:
        async def one(action: Action) -> None:
            try:
                await work(action)
            except SecureFileTransferError as error:
                self.done.append(_Done(action, "failed", error))
            else:
                self.done.append(_Done(action, "done"))

        await side_by_side(actions, one, self._api.connections)

    async def _move(self, actions: Sequence[Action]) -> None:
        """One after the other: each may need what the one before has done."""
        for action in actions:
            try:
                await self._target.move(action)
            except SecureFileTransferError as error:
                if self._moves_failed or error.retryable:
                    raise
                self._moves_failed = True
                raise _MoveFailedError from error
            self.done.append(_Done(action, "done"))

    async def _transfer(self, actions: Sequence[Action]) -> None:
        source, target = self._source, self._target
        if isinstance(source, LocalTree) and isinstance(target, RemoteTree):
            wanted = [
                Wanted(at, source.place(one.path), target.path(one.path), one.size) for at, one in enumerate(actions)
            ]
            results = await send_all(self._api, wanted, self._how, self._on_progress, None)
        elif isinstance(source, RemoteTree) and isinstance(target, LocalTree):
            files = [(at, source.entries[one.path], target.place(one.path)) for at, one in enumerate(actions)]
            results = await receive_all(self._api, files, self._how, self._on_progress, None)
        else:
            await self._copy(actions)
            return
        for action, result in zip(actions, results, strict=True):
            if result.error is not None or result.entry is None:
                self.done.append(_Done(action, "failed", result.error))
            else:
                # What arrived, which may be newer than what was seen, and whose digest is known now.
                entry = result.entry
                item = Item(Kind.FILE, entry.size, entry.modified_us, entry.sha256)
                self.done.append(_Done(replace(action, item=item, size=entry.size), "done"))

    async def _copy(self, actions: Sequence[Action]) -> None:
        """Both ends are on the server: nothing travels."""
        meter = Meter(self._on_progress, total=sum(one.size for one in actions), files_total=len(actions))
        source, target = cast("RemoteTree", self._source), cast("RemoteTree", self._target)

        async def one(action: Action) -> None:
            origin, goal = str(source.path(action.path)), str(target.path(action.path))
            try:
                await self._api.copy(origin, goal, conflict=Conflict.OVERWRITE)
                meter.add(origin, action.size)
            finally:
                meter.file_done(origin)

        await self._each(actions, one)


def _depth(action: Action) -> int:
    return len(action.path)


def _step(source: Top, target: Top, one: _Done) -> Step:
    action, word = one.action, one.action.do.value
    if action.do is Do.TRANSFER:
        word = "receive" if isinstance(target, LocalTree) else "send" if isinstance(source, LocalTree) else "copy"
    path, moved = "/".join(action.path), "/".join(action.source)
    folder = action.item.kind is Kind.FOLDER
    return Step(word, path, moved, folder, action.files, action.size, one.outcome, error=one.error)


async def _learn(end: Top, survey: Survey, paths: set[Parts]) -> None:
    """Find out the digests of files; what the server does not know of its own stays unknown."""
    if isinstance(end, LocalTree):
        for path, sha256 in (await end.digests(paths)).items():
            survey.items[path] = replace(survey.items[path], sha256=sha256)


async def sync(
    api: Api,
    source: str | Path,
    target: str | Path,
    wishes: Wishes,
    *,
    dry_run: bool,
    on_plan: OnPlan | None,
    on_progress: OnProgress | None,
    check: bool,
) -> Synced:
    """See AsyncClient.sync."""
    work = Sync(api, *ends(api, source, target), wishes)
    await work.look()
    planned = await work.prepare()
    if on_plan is not None:
        on_plan(planned)
    result = planned if dry_run else await work.carry_out(on_progress)
    if check and not dry_run and result.failed:
        first = result.failed[0].error
        if first is not None:
            raise type(first)(f"{len(result.failed)} failed; the first: {first}", hint=first.hint) from first
    return result


def wishes_of(filters: Sequence[str], how: How, *, delete: bool, checksum: bool, allow_empty: bool) -> Wishes:
    """The wishes in the words of the library.

    Raises:
        InvalidRequestError: one of the filters is none.
    """
    chosen = Filter([Pattern.parse(rule) for rule in filters])
    return Wishes(delete=delete, checksum=checksum, chosen=chosen, allow_empty=allow_empty, how=how)
