"""How a catalog file comes to have the present schema, and what is refused."""

import re
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from secure_file_transfer.errors import CatalogTooNewError, NoSpaceError, StorageError
from secure_file_transfer.storage.catalog import open_catalog, schema
from secure_file_transfer.storage.catalog.connections import connect, make_file
from secure_file_transfer.storage.catalog.tables import METADATA, NO_REVISION, REVISION
from secure_file_transfer.testing.clock import START_US
from secure_file_transfer.testing.quick import MIGRATE, make_quick
from secure_file_transfer.version import __version__


@pytest.fixture(autouse=True)
def _real_migrations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "migrate", MIGRATE)


def described(path: Path) -> dict[tuple[str, str], object]:
    """Every table and index with the statement that made it, whatever its white space.

    A column that was added later carries its foreign key itself, where a new table lists it at the end: those are
    compared as SQLite understands them.
    """
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE name <> 'alembic_version'"
        ).fetchall()
        keys = {
            name: {row[2:] for row in connection.execute("SELECT * FROM pragma_foreign_key_list(?)", (name,))}
            for _, name, _ in rows
        }
    return {(kind, name): (_without_keys(" ".join(text.split())), keys[name]) for kind, name, text in rows if text}


def _without_keys(statement: str) -> str:
    action = r" REFERENCES \w+ ?\(\w+\)( ON DELETE (CASCADE|SET NULL))?"
    statement = re.sub(rf", FOREIGN KEY\(\w+\){action}", "", statement)
    # What stands behind the columns also stands behind one that was added.
    constraint, added = r"((?:, (?:UNIQUE|PRIMARY KEY|CHECK) \([^()]*\))+)", r"((?:, [a-z_]+ [A-Z][^(),]*)+)"
    return re.sub(rf"{constraint}{added}(?=\) STRICT)", r"\2\1", re.sub(action, "", statement))


def test_what_other_tests_begin_with_is_what_the_migrations_make(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def everything(path: Path) -> list[str]:
        with closing(sqlite3.connect(path)) as connection:
            return list(connection.iterdump())

    migrated, quick = tmp_path / "migrated.sqlite3", tmp_path / "quick.sqlite3"
    schema.prepare(migrated)
    make_quick(monkeypatch.setattr)
    schema.prepare(quick)
    assert everything(quick) == everything(migrated)


def test_the_migrations_make_exactly_the_tables_of_this_program(tmp_path: Path) -> None:
    migrated, made = tmp_path / "migrated.sqlite3", tmp_path / "made.sqlite3"
    schema.prepare(migrated)
    engine = sa.create_engine(f"sqlite:///{made}")
    METADATA.create_all(engine)
    engine.dispose()
    assert described(migrated) == described(made)
    assert len(described(made)) > len(METADATA.tables)


def test_the_newest_migration_is_the_revision_of_this_program() -> None:
    scripts = sorted(path.name[:4] for path in (schema.MIGRATIONS / "versions").glob("[0-9]*.py"))
    assert scripts
    assert scripts[-1] == REVISION
    assert scripts == sorted(set(scripts))  # a number may be left out


def test_every_table_is_strict_and_no_foreign_key_is_without_an_index(tmp_path: Path) -> None:
    path = tmp_path / "c"
    schema.prepare(path)
    unindexed = set()
    with closing(sqlite3.connect(path)) as connection:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            leading = {
                connection.execute("SELECT name FROM pragma_index_info(?) WHERE seqno = 0", index).fetchone()[0]
                for index in connection.execute("SELECT name FROM pragma_index_list(?)", (table,)).fetchall()
            }
            keys = {row[3] for row in connection.execute("SELECT * FROM pragma_foreign_key_list(?)", (table,))}
            numbers = {row[1] for row in connection.execute("SELECT * FROM pragma_table_info(?)", (table,)) if row[5]}
            unindexed |= {(table, key) for key in keys - leading - numbers}
    assert unindexed == {("nodes", "drive_id")}, "drives are hardly ever deleted, nodes made all the time"
    assert {name for name, table in METADATA.tables.items() if not table.dialect_options["sqlite"]["strict"]} == set()


def test_the_files_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "data" / "catalog.sqlite3"
    catalog = open_catalog(path)
    catalog.write(lambda tx: tx.facts.set("a", "1"))
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    catalog.close()
    assert modes == dict.fromkeys(("catalog.sqlite3", "catalog.sqlite3-wal", "catalog.sqlite3-shm"), 0o600)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "c"
    open_catalog(path).close()
    path.chmod(0o644)
    open_catalog(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_opening_again_keeps_what_is_there_and_never_imports_alembic(tmp_path: Path) -> None:
    path = tmp_path / "c"
    catalog = open_catalog(path)
    catalog.write(lambda tx: tx.facts.set("a", "1"))
    catalog.close()
    code = (
        "import sys; from pathlib import Path; from secure_file_transfer.storage.catalog import open_catalog\n"
        "catalog = open_catalog(Path(sys.argv[1])); print(catalog.read(lambda tx: tx.facts.get('a')))\n"
        "catalog.close(); print('alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "False"]


def test_a_newer_catalog_is_refused_and_left_untouched(tmp_path: Path) -> None:
    path = tmp_path / "c"
    open_catalog(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0999'")
        connection.commit()
    before = path.read_bytes()
    with pytest.raises(CatalogTooNewError) as caught:
        open_catalog(path)
    assert path.read_bytes() == before
    for part in ("0999", REVISION, __version__, str(path)):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TABLE other (x)"],
        ["CREATE TABLE alembic_version (version_num TEXT)"],
        ["CREATE TABLE alembic_version (version_num TEXT)", "INSERT INTO alembic_version VALUES ('abc123')"],
        ["CREATE TABLE alembic_version (version_num TEXT)", "INSERT INTO alembic_version VALUES ('0001'), ('0002')"],
    ],
)
def test_another_program_s_database_is_refused(tmp_path: Path, statements: list[str]) -> None:
    path = tmp_path / "c"
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    before = path.read_bytes()
    with pytest.raises(StorageError):
        open_catalog(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"this is not a database at all" * 200, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_what_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "c"
    path.write_bytes(content)
    with pytest.raises(StorageError):
        open_catalog(path)
    assert path.read_bytes() == content


def test_a_migration_that_fails_leaves_nothing_and_may_be_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripts = tmp_path / "migrations"
    (scripts / "versions").mkdir(parents=True)
    for name in ("env.py", "versions/0001_foundation.py"):
        (scripts / name).write_bytes((schema.MIGRATIONS / name).read_bytes())
    broken = scripts / "versions" / "0002_broken.py"
    broken.write_text(
        "from alembic import op\nrevision, down_revision = '0002', '0001'\n"
        "def upgrade():\n    op.execute('CREATE TABLE half (x)')\n    op.execute('INSERT INTO nowhere VALUES (1)')\n"
    )
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", scripts)
        with pytest.raises(StorageError):
            open_catalog(tmp_path / "c")
    assert described(tmp_path / "c") == {}
    open_catalog(tmp_path / "c").close()
    with closing(connect(tmp_path / "c", writable=False)) as connection:
        assert schema.revision(connection) == REVISION


def test_a_migration_runs_on_rows_that_point_at_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "c"
    catalog = open_catalog(path)
    drive = catalog.write(lambda tx: tx.drives.create("d", None, START_US))
    catalog.close()
    scripts = tmp_path / "migrations"
    (scripts / "versions").mkdir(parents=True)
    for script in ("env.py", *(f"versions/{path.name}" for path in (schema.MIGRATIONS / "versions").glob("0*.py"))):
        (scripts / script).write_bytes((schema.MIGRATIONS / script).read_bytes())
    (scripts / "versions" / "9999_rebuild.py").write_text(
        f"import sqlalchemy as sa\nfrom alembic import op\nrevision, down_revision = '9999', '{REVISION}'\n"
        "def upgrade():\n    with op.batch_alter_table('drives', recreate='always') as batch:\n"
        "        batch.add_column(sa.Column('quota', sa.Integer))\n"
    )
    monkeypatch.setattr(schema, "MIGRATIONS", scripts)
    monkeypatch.setattr(schema, "REVISION", "9999")
    catalog = open_catalog(path)
    assert catalog.read(lambda tx: tx.nodes.get(drive.root_id))
    assert catalog.read(lambda tx: tx.drives.all()) == [drive]
    catalog.close()


def test_many_may_open_a_new_catalog_at_once(tmp_path: Path) -> None:
    path = tmp_path / "c"

    def come(number: int) -> None:
        catalog = open_catalog(path)
        catalog.write(lambda tx: tx.facts.set(str(number), "here"))
        catalog.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(come, range(6)))
    catalog = open_catalog(path)
    assert catalog.read(lambda tx: [tx.facts.get(str(number)) for number in range(6)]) == ["here"] * 6
    catalog.close()


def test_an_empty_file_counts_as_new(tmp_path: Path) -> None:
    path = tmp_path / "c"
    make_file(path)
    with closing(connect(path, writable=False)) as connection:
        assert schema.revision(connection) == NO_REVISION
    open_catalog(path).close()


def test_no_space_for_the_migration_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def small(path: Path, *, writable: bool) -> sqlite3.Connection:
        connection = connect(path, writable=writable)
        connection.execute("PRAGMA max_page_count = 5")
        return connection

    monkeypatch.setattr(schema, "connect", small)
    with pytest.raises(NoSpaceError):
        open_catalog(tmp_path / "c")


def test_what_is_called_shared_at_the_top_of_a_home_gets_a_number(tmp_path: Path) -> None:
    path = tmp_path / "c"
    before(path, "0006")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO drives VALUES (1, 'home', NULL, NULL, x'', 0, 0)")
        for number, parent, name in (
            (1, None, ""),
            (2, 1, "Shared"),
            (3, 1, "Shared (1)"),
            (4, 1, "shared"),
            (5, 2, "Shared"),
        ):
            connection.execute(
                "INSERT INTO nodes (id, drive_id, parent_id, name, name_key, kind, size, modified_us, created_us)"
                " VALUES (?, 1, ?, ?, ?, 0, 0, 0, 0)",
                (number, parent, name, name.casefold()),
            )
        connection.execute("UPDATE drives SET root_id = 1")
        connection.commit()
    open_catalog(path).close()
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT id, name, name_key FROM nodes WHERE id > 1 ORDER BY id").fetchall()
    assert found == [
        (2, "Shared (2)", "shared (2)"),
        (3, "Shared (1)", "shared (1)"),
        (4, "shared", "shared"),
        (5, "Shared", "shared"),
    ]


def before(path: Path, migration: str) -> None:
    """Make a catalog as it was before a migration."""
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    script = ScriptDirectory.from_config(config).get_revision(migration)
    assert isinstance(script.down_revision, str)
    make_file(path)
    engine = sa.create_engine("sqlite://", creator=lambda: connect(path, writable=True), poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        config.attributes["connection"] = connection
        command.upgrade(config, script.down_revision)
        connection.exec_driver_sql("COMMIT")
