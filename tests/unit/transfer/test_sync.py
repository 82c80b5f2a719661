"""The plan, carried out on a model: the target becomes the source, and nothing is lost on the way or sent twice."""

from collections.abc import Mapping

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from secure_file_transfer.model import Kind, TimeUs
from secure_file_transfer.transfer.sync import (
    ASIDE,
    Do,
    Item,
    Plan,
    Rules,
    collisions,
    plan,
    same_time,
    spelled_alike,
    wanted_digests,
)

Path = tuple[str, ...]
MIRROR, ADD = Rules(delete=True), Rules()


def file(content: str, time: int = 1_500_000) -> Item:
    return Item(Kind.FILE, len(content), TimeUs(time), content.encode())


FOLDER = Item(Kind.FOLDER)


def tree(files: Mapping[str, Item | str]) -> dict[Path, Item]:
    """A tree with the folders that its files need; a name that ends with a slash is a folder."""
    found: dict[Path, Item] = {}
    for name, item in files.items():
        path = tuple(name.strip("/").split("/"))
        for length in range(1, len(path)):
            found[path[:length]] = FOLDER
        found[path] = FOLDER if name.endswith("/") else item if isinstance(item, Item) else file(item)
    return found


def carried_out(made: Plan, target: Mapping[Path, Item]) -> dict[Path, Item]:
    """Do it step by step, as strictly as disks and servers are."""
    model = dict(target)
    removed = False

    def parent(path: Path) -> None:
        assert len(path) == 1 or model[path[:-1]].kind is Kind.FOLDER, path

    for action in made.actions:
        parent(action.path)
        there = model.get(action.path)
        assert not removed or action.do is Do.DELETE, "something is removed before all is done"
        match action.do:
            case Do.MAKE:
                assert there is None
                model[action.path] = FOLDER
            case Do.MOVE:
                below = [path for path in model if path[: len(action.source)] == action.source]
                assert action.source in below
                assert action.path[: len(action.source)] != action.source
                if there is not None:
                    assert action.replaces
                    assert there.kind is Kind.FILE is model[action.source].kind
                for path in sorted(below):
                    model[action.path + path[len(action.source) :]] = model.pop(path)
            case Do.TRANSFER:
                assert there is None or (there.kind is Kind.FILE and action.replaces)
                model[action.path] = action.item
            case Do.DELETE:
                removed = True
                assert there is not None
                for path in [path for path in model if path[: len(action.path)] == action.path]:
                    del model[path]
    return model


def files_of(model: Mapping[Path, Item]) -> dict[Path, Item]:
    return {path: item for path, item in model.items() if item.kind is Kind.FILE}


names = st.sampled_from(["a", "b", "c"])
paths = st.lists(names, min_size=1, max_size=4).map(tuple)
items = st.builds(file, st.sampled_from(["", "1", "2", "33", "44"]), st.sampled_from([1_500_000, 2_500_000]))


@st.composite
def trees(draw: st.DrawFn) -> dict[Path, Item]:
    found: dict[Path, Item] = {}
    for path, item in draw(st.dictionaries(paths, st.one_of(items, st.just(FOLDER)), max_size=12)).items():
        above = [path[:length] for length in range(1, len(path))]
        if path in found or any(found.get(spot, FOLDER).kind is Kind.FILE for spot in above):
            continue
        found |= dict.fromkeys(above, FOLDER)
        found[path] = item
    return found


@given(trees(), trees(), st.booleans())
@example(tree({"a": "1", "b": "2"}), tree({"a": "2", "b": "1"}), False)
@example(tree({"a": "1", "b": "2", "c": "33"}), tree({"a": "2", "b": "33", "c": "1"}), False)
@example(tree({"a/b": "1", "a/c": "2"}), tree({"a": "1", "b": "2"}), False)
@example(tree({"a": "1", "b": "2"}), tree({"a/b": "1", "a/c": "2"}), False)
def test_a_mirror_is_like_its_source(source: dict[Path, Item], target: dict[Path, Item], checksum: bool) -> None:
    how = Rules(delete=True, checksum=checksum)
    made = plan(source, target, how)
    assert not made.in_the_way
    after = carried_out(made, target)
    assert after.keys() == source.keys()
    for path, item in source.items():
        assert how.same(item, after[path])
        assert (item.kind, item.size, item.sha256) == (after[path].kind, after[path].size, after[path].sha256) or (
            # The same size and time: nobody looks at the content, unless asked.
            not checksum and how.same(item, target[path])
        )
    assert plan(source, after, how).actions == ()
    moved = {action.path for action in made.of(Do.MOVE)}
    assert made.unchanged == len([p for p in files_of(source) if how.same(source[p], target.get(p))])
    assert not {path for path in moved if path[-1].startswith(ASIDE)} & after.keys()


@given(trees(), trees())
def test_without_delete_nothing_goes(source: dict[Path, Item], target: dict[Path, Item]) -> None:
    made = plan(source, target, ADD)
    assert not made.of(Do.DELETE)
    assert not made.of(Do.MOVE)
    after = carried_out(made, target)
    assert after.keys() >= target.keys()
    left = [path for path, _ in made.in_the_way]
    for path, item in source.items():
        if not any(path[: len(spot)] == spot for spot in left):
            assert ADD.same(item, after[path])
    assert plan(source, after, ADD).actions == ()


@given(trees(), trees(), st.sets(paths, max_size=3))
def test_what_is_kept_stays_as_it_was(source: dict[Path, Item], target: dict[Path, Item], spots: set[Path]) -> None:
    kept = dict.fromkeys(spots, "left alone")

    def below(path: Path) -> bool:
        return any(path[: len(spot)] == spot for spot in spots)

    # Where the kept thing lies in a folder, that folder is there, too.
    for spot in spots:
        for length in range(1, len(spot)):
            if target.get(spot[:length], FOLDER).kind is Kind.FILE:
                return
            target[spot[:length]] = FOLDER
    after = carried_out(plan(source, target, MIRROR, kept), target)
    assert {path: item for path, item in after.items() if below(path)} == {
        path: item for path, item in target.items() if below(path)
    }
    assert plan(source, after, MIRROR, kept).actions == ()


@given(trees())
def test_equal_trees_need_nothing(same: dict[Path, Item]) -> None:
    for how in (ADD, MIRROR, Rules(delete=True, checksum=True)):
        made = plan(same, same, how)
        assert made == Plan(unchanged=len(files_of(same)))


@given(trees(), trees())
def test_the_digests_asked_for_are_enough(source: dict[Path, Item], target: dict[Path, Item]) -> None:
    """What nobody asks for makes no difference to the plan."""

    def known(of: dict[Path, Item], asked: set[Path]) -> dict[Path, Item]:
        return {path: item if path in asked else _unknown(item) for path, item in of.items()}

    for how in (MIRROR, Rules(checksum=True), Rules(delete=True, checksum=True)):
        ours, theirs = wanted_digests(known(source, set()), known(target, set()), how)
        few = plan(known(source, ours), known(target, theirs), how)
        full = plan(source, target, how)
        assert [(a.do, a.path, a.source) for a in few.actions] == [(a.do, a.path, a.source) for a in full.actions]


def _unknown(item: Item) -> Item:
    return Item(item.kind, item.size, item.modified_us)


def steps(source: dict[str, Item | str], target: dict[str, Item | str], how: Rules = MIRROR) -> list[str]:
    """The plan in words."""

    def word(path: Path) -> str:
        return "/".join(path)

    made = plan(tree(source), tree(target), how)
    return [
        f"{action.do} {word(action.source)} > {word(action.path)}"
        if action.do is Do.MOVE
        else f"{action.do} {word(action.path)}"
        for action in made.actions
    ]


MANY: dict[str, Item | str] = {f"{number}.jpg": f"picture {number}" for number in range(50)}


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        pytest.param({"b": "content"}, {"a": "content"}, ["move a > b"], id="a renamed file"),
        pytest.param({"d/a": "content"}, {"a": "content"}, ["make d", "move a > d/a"], id="into a new folder"),
        pytest.param(
            {f"new/{n}": c for n, c in MANY.items()},
            {f"old/{n}": c for n, c in MANY.items()},
            ["move old > new"],
            id="a renamed folder",
        ),
        pytest.param(
            {f"x/y/deep/new/sub/{n}": c for n, c in MANY.items()} | {"x/y/deep/new/empty": ""},
            {f"old/sub/{n}": c for n, c in MANY.items()} | {"old/empty": ""},
            ["make x", "make x/y", "make x/y/deep", "move old > x/y/deep/new"],
            id="a folder that went deeper takes its empty files along",
        ),
        pytest.param(
            {f"new/{n}": c for n, c in MANY.items()} | {"new/more": "more"},
            {f"old/{n}": c for n, c in MANY.items()} | {"old/less": "less!"},
            ["move old > new", "transfer new/more", "delete new/less"],
            id="a renamed folder that was changed as well",
        ),
        pytest.param(
            {"a": "one", "b": "two"},
            {"a": "two", "b": "one"},
            [],
            id="a swap that nobody sees without a digest",
        ),
        pytest.param(
            {"a": file("one", 5), "b": file("two", 6)},
            {"a": file("two", 6), "b": file("one", 5)},
            [f"move a > {ASIDE}1", "move b > a", f"move {ASIDE}1 > b"],
            id="a swap",
        ),
        pytest.param(
            {"b": file("one", 5), "c": file("two", 6)},
            {"a": file("one", 5), "b": file("two", 6)},
            ["move b > c", "move a > b"],
            id="a chain",
        ),
        pytest.param(
            {"a": file("one", 9)}, {"a": file("one", 5)}, ["transfer a"], id="a new time of the same content"
        ),
        pytest.param(
            {"b": file("one", 9)}, {"a": file("one", 5)}, ["move a > b", "transfer b"], id="moved and touched"
        ),
        pytest.param({"a": "one", "b": "one"}, {"a": "one"}, ["transfer b"], id="a copy is no move"),
        pytest.param({"b": ""}, {"a": ""}, ["transfer b", "delete a"], id="an empty file is not worth a move"),
        pytest.param(
            {"a/b": "one"}, {"a": "two"}, [f"move a > {ASIDE}1", "make a", "transfer a/b", f"delete {ASIDE}1"],
            id="a file became a folder",
        ),
        pytest.param(
            {"a": "one"}, {"a/b": "one"}, [f"move a > {ASIDE}1", f"move {ASIDE}1/b > a", f"delete {ASIDE}1"],
            id="a folder became the file in it",
        ),
        pytest.param({"a/": ""}, {"a/b/c": "one", "d/": ""}, ["delete a/b", "delete d"], id="folders go whole"),
    ],
)  # fmt: skip
def test_plans(source: dict[str, Item | str], target: dict[str, Item | str], expected: list[str]) -> None:
    assert steps(source, target) == expected
    carried_out(plan(tree(source), tree(target), MIRROR), tree(target))


def test_without_delete_a_file_in_the_way_is_told() -> None:
    made = plan(tree({"a/b": "one", "c": "two"}), tree({"a": "old"}), ADD)
    assert [action.path for action in made.actions] == [("c",)]
    ((path, reason),) = made.in_the_way
    assert path == ("a",)
    assert "--delete" in reason


def test_checksum_looks_at_nothing_but_content() -> None:
    how = Rules(checksum=True)
    assert steps({"a": file("one", 9)}, {"a": file("one", 5)}, how) == []
    assert steps({"a": file("one", 5)}, {"a": file("two", 5)}, how) == ["transfer a"]


@pytest.mark.parametrize(
    ("one", "other", "resolution", "same"),
    [
        (1_500_000, 1_500_000, 1, True),
        (1_500_001, 1_500_000, 1, False),
        (1_999_999, 1_000_000, 1, True),  # cut to whole seconds
        (2_000_000, 1_999_999, 1, False),
        (1_000_000, 2_000_000, 1, False),
        (3_500_000, 2_000_000, 2_000_000, True),  # FAT
        (4_000_000, 2_000_000, 2_000_000, False),
        (-500_000, -1_000_000, 1, True),
    ],
)
def test_times_through_the_coarser_clock(one: int, other: int, resolution: int, same: bool) -> None:
    assert same_time(TimeUs(one), TimeUs(other), resolution) is same
    assert same_time(TimeUs(other), TimeUs(one), resolution) is same


def test_names_that_differ_only_in_case() -> None:
    assert collisions([("A", "x"), ("A",), ("a",), ("a", "X"), ("b",)]) == {
        ("a",): ("A",),
        ("a", "X"): ("A", "x"),
    }
    assert spelled_alike([("PHOTOS",), ("PHOTOS", "A"), ("PHOTOS", "b")], [("Photos",), ("Photos", "a")]) == {
        ("PHOTOS",): ("Photos",),
        ("PHOTOS", "A"): ("Photos", "a"),
        ("PHOTOS", "b"): ("Photos", "b"),
    }


def test_a_thousand_renamed_files_in_one_folder() -> None:
    source = tree({f"d/new {number}": f"content {number}" for number in range(1000)})
    target = tree({f"d/old {number}": f"content {number}" for number in range(1000)})
    made = plan(source, target, MIRROR)
    assert {action.do for action in made.actions} == {Do.MOVE}
    assert len(made.actions) == 1000
    assert carried_out(made, target).keys() == source.keys()
