"""What makes one tree like another: plain trees in, an ordered list of actions out.

The plan never relies on luck: carried out one by one, each action finds what it needs; the target is whole after
each of them; nothing is removed before everything else is done; and the plan of the result is empty. What the
source holds already under another name at the target is moved there, not sent again.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

from ..model import Kind, TimeUs
from .filters import Parts

_SECOND = 1_000_000
_NEVER = TimeUs(0)
_PAIRS_MAX = 64
"""One content that lies in more places than that says nothing about where a folder went."""
_TIMES_ENOUGH = 8
"""So many times tell a coarse clock from chance."""
ASIDE = ".sft-aside-"
"""Rules the name begins that things bear while they are out of the way: of a swap, or of what will stand there."""


@dataclass(frozen=True, slots=True)
class Item:
    """A file or folder of one side. `sha256` is None where nobody knows it."""

    kind: Kind
    size: int = 0
    modified_us: TimeUs = _NEVER
    sha256: bytes | None = None


Tree = Mapping[Parts, Item]
"""All that a side holds below its top; the folder of every item is in it too."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What counts as the same, and whether anything goes.

    `checksum`: files are the same if their digests are, whatever their times. `delete`: what the source does not
    have goes; only then are things moved, if `moves` says so. `resolution_us`: of the times that the target keeps.
    """

    delete: bool = False
    checksum: bool = False
    resolution_us: int = 1
    moves: bool = True

    def same(self, source: Item, target: Item | None) -> bool:
        """Whether the target's item needs nothing."""
        if target is None or source.kind is not target.kind:
            return False
        if source.kind is Kind.FOLDER:
            return True
        if source.size != target.size:
            return False
        if self.checksum:
            return source.sha256 is not None and source.sha256 == target.sha256
        return same_time(source.modified_us, target.modified_us, self.resolution_us)


def same_time(one: TimeUs, other: TimeUs, resolution_us: int) -> bool:
    """Whether two times are one, seen through the coarser of two clocks.

    A time in whole seconds may be any within that second: some file systems and archives keep no more.
    """
    if abs(one - other) < resolution_us:
        return True
    whole = one % _SECOND == 0 or other % _SECOND == 0
    return whole and one // _SECOND == other // _SECOND


class Do(StrEnum):
    """What an action does."""

    MAKE = "make"
    MOVE = "move"
    TRANSFER = "transfer"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Action:
    """One step at the target.

    `source` is where a moved item was there. `files` and `size` count what an item holds, and `below` names all that
    goes with it when it is removed, itself included.
    """

    do: Do
    path: Parts
    item: Item
    source: Parts = ()
    replaces: bool = False
    files: int = 1
    size: int = 0
    below: tuple[Parts, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """Actions in their order, what stands in the way and stays there (why), and how many files need nothing."""

    actions: tuple[Action, ...] = ()
    in_the_way: tuple[tuple[Parts, str], ...] = ()
    unchanged: int = 0

    def of(self, do: Do) -> list[Action]:
        """The actions of one kind."""
        return [action for action in self.actions if action.do is do]


def plan(source: Tree, target: Tree, rules: Rules, kept: Mapping[Parts, str] | None = None) -> Plan:
    """What to do so that the target becomes like the source.

    `kept` are places that are left alone with all below, and what is there: what is excluded, links, whatever the
    source has there and cannot send. Neither tree needs to hold them.
    """
    return _Planner(source, target, rules, kept or {}).plan()


def wanted_digests(source: Tree, target: Tree, rules: Rules) -> tuple[set[Parts], set[Parts]]:
    """The files, of the source and of the target, whose digests the plan depends on and does not know."""
    ours: set[Parts] = set()
    theirs: set[Parts] = set()
    if rules.checksum:
        both = {
            path
            for path, item in source.items()
            if _is_file(item) and (other := target.get(path)) and _is_file(other) and item.size == other.size
        }
        ours |= both
        theirs |= both
    if rules.delete:
        takers, donors = _candidates(source, target, rules)
        sizes = {source[path].size for path in takers} & {target[path].size for path in donors}
        ours |= {path for path in takers if source[path].size in sizes}
        theirs |= {path for path in donors if target[path].size in sizes}
    return {path for path in ours if source[path].sha256 is None}, {
        path for path in theirs if target[path].sha256 is None
    }


def _candidates(source: Tree, target: Tree, rules: Rules) -> tuple[list[Parts], list[Parts]]:
    """The files that the target lacks, and those of the target that would be lost. Empty ones are not worth a move."""
    takers = [
        path for path, item in source.items() if _is_file(item) and item.size and not rules.same(item, target.get(path))
    ]
    donors = [
        path
        for path, item in target.items()
        if _is_file(item) and item.size and ((other := source.get(path)) is None or not rules.same(other, item))
    ]
    return takers, donors


def applied(tree: Tree, actions: Iterable[Action]) -> dict[Parts, Item]:
    """The target after some actions of a plan, in their order."""
    found = dict(tree)
    for action in actions:
        if action.do is Do.MOVE:
            whole = action.item.kind is Kind.FOLDER
            moved = (
                [path for path in found if path[: len(action.source)] == action.source] if whole else [action.source]
            )
            for path in moved:
                found[action.path + path[len(action.source) :]] = found.pop(path)
        elif action.do is Do.DELETE:
            for path in action.below:
                found.pop(path, None)
        else:
            found[action.path] = action.item
    return found


def _is_file(item: Item) -> bool:
    return item.kind is Kind.FILE


def _with_folders(places: Iterable[Parts]) -> set[Parts]:
    """The places and every folder above them."""
    return {place[:length] for place in places for length in range(1, len(place) + 1)}


def _without(tree: Tree, places: Mapping[Parts, str]) -> dict[Parts, Item]:
    """The tree in order, parents first, without those places and what is below them."""
    found: dict[Parts, Item] = {}
    gone: set[Parts] = set()
    for path in sorted(tree):
        if path in places or path[:-1] in gone:
            gone.add(path)
        else:
            found[path] = tree[path]
    return found


class _Planner:
    """One plan in the making. `tree` is the target as it is after the actions so far."""

    def __init__(self, source: Tree, target: Tree, rules: Rules, kept: Mapping[Parts, str]) -> None:
        self._rules = rules
        self._actions: list[Action] = []
        self._in_the_way = [(path, reason) for path, reason in sorted(kept.items()) if path in source]
        self._stays = _with_folders(kept)
        """What can neither be removed nor moved as a whole."""
        self._source, self._tree = _without(source, kept), _without(target, kept)
        self._original = target
        self._asides = 0

    def plan(self) -> Plan:
        """All of it."""
        self._resolve_kinds()
        moves = self._rules.delete and self._rules.moves
        if moves:
            self._move_folders()
        for path, item in self._source.items():
            if not _is_file(item) and path not in self._tree:
                self._make(path)
        if moves:
            self._move_files()
        unchanged = 0
        for path, item in self._source.items():
            if not _is_file(item):
                continue
            unchanged += self._rules.same(item, self._original.get(path))
            if not self._rules.same(item, there := self._tree.get(path)):
                self._actions.append(Action(Do.TRANSFER, path, item, replaces=there is not None, size=item.size))
        if self._rules.delete:
            self._delete()
        return Plan(tuple(self._actions), tuple(self._in_the_way), unchanged)

    # --- what stands in the way -----------------------------------------------------------------------------------

    def _resolve_kinds(self) -> None:
        """A file where a folder belongs, or a folder where a file belongs, is put aside; it goes in the end."""
        left: dict[Parts, str] = {}
        for path, item in self._source.items():
            there = self._tree.get(path)
            if there is None or there.kind is item.kind:
                continue
            what = "a file" if _is_file(there) else "a folder"
            if not self._rules.delete:
                left[path] = f"{what} stands there, which only goes with --delete"
            elif path in self._stays:
                left[path] = f"{what} stands there that holds something to be left alone"
            else:
                self._move(path, self._free_aside(path))
        if left:
            self._in_the_way += left.items()
            self._stays |= _with_folders(left)
            self._source, self._tree = _without(self._source, left), _without(self._tree, left)

    def _free_aside(self, path: Parts) -> Parts:
        """A name in the same folder, so that it is in the same file system, too."""
        while True:
            self._asides += 1
            aside = (*path[:-1], f"{ASIDE}{self._asides}")
            if aside not in self._tree and aside not in self._source and aside not in self._original:
                return aside

    # --- steps ----------------------------------------------------------------------------------------------------

    def _make(self, path: Parts) -> None:
        item = self._source[path]
        self._tree[path] = item
        self._actions.append(Action(Do.MAKE, path, item, files=0))

    def _move(self, source: Parts, target: Parts) -> None:
        item = self._tree[source]
        moved = [source] if _is_file(item) else self._below(source)
        files = [self._tree[path] for path in moved if _is_file(self._tree[path])]
        replaces = target in self._tree
        for path in moved:
            self._tree[target + path[len(source) :]] = self._tree.pop(path)
        size = sum(file.size for file in files)
        self._actions.append(Action(Do.MOVE, target, item, source, replaces, len(files), size))

    def _below(self, folder: Parts) -> list[Parts]:
        """The folder and all in it."""
        return [path for path in self._tree if path[: len(folder)] == folder]

    # --- moves ----------------------------------------------------------------------------------------------------

    def _contents(self) -> list[tuple[list[Parts], list[Parts]]]:
        """Where the target lacks a content, and where it would lose the same; a pair of lists for each content."""
        takers, donors = _candidates(self._source, self._tree, self._rules)
        found: dict[tuple[int, bytes], tuple[list[Parts], list[Parts]]] = defaultdict(lambda: ([], []))
        for number, (tree, paths) in enumerate(((self._source, takers), (self._tree, donors))):
            for path in sorted(paths):
                if (sha256 := tree[path].sha256) is not None:
                    found[tree[path].size, sha256][number].append(path)
        # A file whose time alone has changed gives its content to nobody else.
        return [
            ([path for path in ours if path not in theirs], [path for path in theirs if path not in ours])
            for ours, theirs in ((set_a, set_b) for set_a, set_b in found.values() if set_a and set_b)
        ]

    def _move_folders(self) -> None:
        """Move whole folders while there are any whose files the source has under a new name of the folder."""
        while True:
            votes = self._votes()
            count = len(self._actions)
            for old, new in sorted(votes, key=lambda pair: (len(pair[1]), -votes[pair], pair)):
                if self._may_move(old, new, votes[old, new]):
                    for length in range(1, len(new)):
                        if new[:length] not in self._tree:
                            self._make(new[:length])
                    self._move(old, new)
            if len(self._actions) == count:
                return

    def _votes(self) -> dict[tuple[Parts, Parts], int]:
        """For each pair of folders, an old one and a new one: how many files say that the one became the other."""
        votes: dict[tuple[Parts, Parts], int] = defaultdict(int)
        for takers, donors in self._contents():
            if len(takers) * len(donors) <= _PAIRS_MAX:
                for donor, taker in product(donors, takers):
                    for folders in self._common(donor, taker):
                        votes[folders] += 1
        return votes

    def _common(self, donor: Parts, taker: Parts) -> Iterator[tuple[Parts, Parts]]:
        """The folders above both whose new name explains how one file became the other."""
        for up in range(1, min(len(donor), len(taker))):
            if donor[-up] != taker[-up]:
                return
            yield donor[:-up], taker[:-up]

    def _may_move(self, old: Parts, new: Parts, votes: int) -> bool:
        if old not in self._tree or new in self._tree or old in self._source or old in self._stays:
            return False
        if new not in self._source or new in self._stays:
            return False
        files = sum(_is_file(self._tree[path]) for path in self._below(old))
        return 2 * votes >= files

    def _move_files(self) -> None:
        """Move single files: first those that kept their name, then the others; each donor once."""
        pending: dict[Parts, Parts] = {}
        for takers, donors in self._contents():
            left = dict.fromkeys(donors)
            by_name = {path[-1]: path for path in reversed(donors)}
            for taker in takers:
                if (donor := by_name.get(taker[-1])) in left and donor is not None:
                    pending[taker] = donor
                    del left[donor]
            for taker in takers:
                if taker not in pending and left:
                    pending[taker] = next(iter(left))
                    del left[pending[taker]]
        self._carry_out(pending)

    def _carry_out(self, pending: dict[Parts, Parts]) -> None:
        """Order the moves so that none falls on a file that is still to be moved; a circle is opened by an aside."""
        givers = {donor: taker for taker, donor in pending.items()}
        ready = [taker for taker in sorted(pending, reverse=True) if taker not in givers]
        waiting = dict.fromkeys(sorted(pending))
        while waiting:
            if not ready:
                taker = next(iter(waiting))
                aside = self._free_aside(taker)
                self._move(taker, aside)
                pending[givers.pop(taker)] = aside
                ready.append(taker)
            taker = ready.pop()
            donor = pending[taker]
            self._move(donor, taker)
            del waiting[taker]
            if givers.pop(donor, None) is not None and donor in waiting:
                ready.append(donor)

    # --- what goes ------------------------------------------------------------------------------------------------

    def _delete(self) -> None:
        """Remove what the source does not have; a folder as a whole where nothing in it stays."""
        whole: dict[Parts, list[Parts]] = {}
        tops: dict[Parts, Parts] = {}
        for path in sorted(self._tree):
            if path in self._source or path in self._stays:
                continue
            top = tops[path] = tops.get(path[:-1], path)
            whole.setdefault(top, []).append(path)
        for top, below in whole.items():
            files = [self._tree[path] for path in below if _is_file(self._tree[path])]
            size = sum(item.size for item in files)
            self._actions.append(
                Action(Do.DELETE, top, self._tree[top], files=len(files), size=size, below=tuple(below))
            )


def resolution_of(times: Sequence[TimeUs]) -> int:
    """Rules fine the clock behind these times is, in microseconds: FAT keeps every other second, exFAT hundredths."""
    if len(times) >= _TIMES_ENOUGH:
        for resolution in (2 * _SECOND, _SECOND // 100):
            if all(time % resolution == 0 for time in times):
                return resolution
    return 1


def collisions(paths: Sequence[Parts]) -> dict[Parts, Parts]:
    """Those that a file system without upper and lower case takes for an earlier one, and which that is."""
    first: dict[Parts, Parts] = {}
    found: dict[Parts, Parts] = {}
    for path in sorted(paths):
        other = first.setdefault(_folded(path), path)
        if other != path:
            found[path] = other
    return found


def spelled_alike(target: Iterable[Parts], source: Iterable[Parts]) -> dict[Parts, Parts]:
    """For places of a target without upper and lower case: under which path the source has them, if it does."""
    spelling = {_folded(path): path for path in sorted(source, reverse=True)}  # the first wins, as in `collisions`
    found: dict[Parts, Parts] = {}
    for path in sorted(target):
        above = found.get(path[:-1], path[:-1])
        found[path] = spelling.get(_folded(path), (*above, path[-1]))
    return found


def _folded(path: Parts) -> Parts:
    return tuple(name.casefold() for name in path)
