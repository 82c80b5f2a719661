"""A page of a folder is read off an index: what it costs does not grow with the folder."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from secure_file_transfer.model import DriveId, Kind, NodeId, SortKey
from secure_file_transfer.ports import NodeCursor
from secure_file_transfer.storage.catalog.connections import connect
from secure_file_transfer.storage.catalog.names import name_key
from secure_file_transfer.storage.catalog.queries.listing import page, statement
from secure_file_transfer.storage.catalog.queries.nodes import Nodes
from secure_file_transfer.storage.catalog.schema import prepare
from secure_file_transfer.storage.catalog.sql import Sql
from secure_file_transfer.storage.clock import SystemClock

BIG, SMALL = 100_000, 1_000
ORDERS = [(sort, descending) for sort in SortKey for descending in (False, True)]


def fill(connection: sqlite3.Connection, drive_id: int, parent_id: int, count: int) -> None:
    """`count` children: one in ten a folder; sizes and times with many ties."""
    names = [f"File {number * 7919 % count:06} گزارش.txt" for number in range(count)]
    connection.executemany(
        "INSERT INTO nodes (drive_id, parent_id, name, name_key, kind, size, modified_us, created_us)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
        (
            (drive_id, parent_id, name, name_key(name), int(at % 10 > 0), at % 10 and at % 997, at % 5003)
            for at, name in enumerate(names)
        ),
    )


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[sqlite3.Connection, NodeId, NodeId]]:
    """A database with a big and a small folder."""
    path = tmp_path_factory.mktemp("listing") / "catalog.sqlite3"
    prepare(path)
    with closing(connect(path, writable=True)) as connection:
        connection.execute("BEGIN")
        connection.execute("INSERT INTO drives (id, name, wrapped_key, bytes, files) VALUES (1, '', x'', 0, 0)")
        nodes = Nodes(Sql(connection), SystemClock())
        top = "INSERT INTO nodes (id, drive_id, name, name_key, kind, size, modified_us, created_us) "
        connection.execute(top + "VALUES (1, 1, '', '', 0, 0, 0, 0)")
        big, small = (nodes.create(DriveId(1), NodeId(1), n, Kind.FOLDER, SystemClock().now_us()) for n in "bs")
        fill(connection, 1, big.id, BIG)
        fill(connection, 1, small.id, SMALL)
        connection.execute("COMMIT")
        yield connection, big.id, small.id


def plan(connection: sqlite3.Connection, sort: SortKey, *, descending: bool, begun: bool) -> list[str]:
    query = statement(sort, descending=descending, begun=begun)
    names = ("parent", "sort_of", "most", "after_name_key", "after_name", "after_size", "after_modified_us")
    values = query.parameters(dict.fromkeys(names, 1))
    return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query.text}", values)]


@pytest.mark.parametrize(("sort", "descending"), ORDERS)
@pytest.mark.parametrize("begun", [False, True])
def test_every_order_is_read_off_its_own_index_without_sorting(
    folders: tuple[sqlite3.Connection, NodeId, NodeId], sort: SortKey, *, descending: bool, begun: bool
) -> None:
    key = {SortKey.NAME: "name_key", SortKey.SIZE: "size", SortKey.MODIFIED: "modified_us"}[sort]
    keys = key if sort is SortKey.NAME else f"{key},name_key"
    place = f" AND ({keys},name){'<' if descending else '>'}(?,?{'' if sort is SortKey.NAME else ',?'})"
    assert plan(folders[0], sort, descending=descending, begun=begun) == [
        f"SEARCH nodes USING INDEX nodes_by_{sort.value} (parent_id=? AND kind=?{place if begun else ''})"
    ]


def steps(
    connection: sqlite3.Connection, parent: NodeId, sort: SortKey, after: NodeCursor | None, *, down: bool
) -> int:
    """How many instructions SQLite's machine needs for a page of 100."""
    count = 0

    def tick() -> int:
        nonlocal count
        count += 1
        return 0

    connection.set_progress_handler(tick, 1)
    try:
        nodes = page(Sql(connection), parent, sort, descending=down, after=after, limit=100)
    finally:
        connection.set_progress_handler(None, 1)
    assert len(nodes) == 100
    return count


@pytest.mark.parametrize(("sort", "descending"), ORDERS)
@pytest.mark.parametrize("begun", [False, True])
def test_a_page_of_a_hundred_times_bigger_folder_costs_no_more(
    folders: tuple[sqlite3.Connection, NodeId, NodeId], sort: SortKey, *, descending: bool, begun: bool
) -> None:
    connection, big, small = folders
    costs = []
    for parent, count in ((big, BIG), (small, SMALL)):
        after = NodeCursor(Kind.FILE, 500, f"File {count // 2:06}") if begun else None
        costs.append(steps(connection, parent, sort, after, down=descending))
    # Rows that tie with the cursor take an instruction or two more; one row too many would take ten.
    assert costs[0] < costs[1] * 1.1
    assert costs[0] < 100 * 30


@pytest.mark.parametrize("limit", [100, 1000])
def test_timing_is_printed(folders: tuple[sqlite3.Connection, NodeId, NodeId], limit: int) -> None:
    connection, big, _ = folders
    for sort, descending in ORDERS:
        for after in (None, NodeCursor(Kind.FILE, 500, f"File {BIG // 2:06}")):
            begin = time.perf_counter()
            nodes = page(Sql(connection), big, sort, descending=descending, after=after, limit=limit)
            took = (time.perf_counter() - begin) * 1000
            print(
                f"{limit} of {BIG} by {sort} {'down' if descending else 'up'}, {'middle' if after else 'first'}:"
                f" {took:.2f} ms"
            )
            assert len(nodes) == limit


def test_renaming_and_removing_a_folder_of_any_size_changes_one_row(
    folders: tuple[sqlite3.Connection, NodeId, NodeId],
) -> None:
    connection, big, small = folders
    nodes = Nodes(Sql(connection), SystemClock())
    connection.execute("BEGIN")
    changes: list[Callable[[], None]] = [
        lambda: nodes.relocate(big, NodeId(1), "renamed"),
        lambda: nodes.relocate(big, small, "moved"),
        lambda: nodes.detach(big),
    ]
    for change in changes:
        before = connection.total_changes
        change()
        assert connection.total_changes - before == 1
    assert len(page(Sql(connection), big, SortKey.NAME, descending=False, after=None, limit=10)) == 10
    connection.execute("ROLLBACK")
