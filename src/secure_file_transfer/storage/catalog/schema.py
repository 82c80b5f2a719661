"""Which schema a catalog file has, and how it comes to have the present one.

Alembic is imported only when there is something to migrate: a start that finds all in order does not pay for it.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from ...errors import CatalogTooNewError, StorageError
from ...version import __version__
from .connections import connect, make_file, use_wal
from .sql import typed
from .tables import NO_REVISION, REVISION

MIGRATIONS = Path(__file__).parent / "migrations"


def prepare(path: Path) -> None:
    """Make `path` a catalog with the present schema, in one transaction, or raise and leave it as it was.

    Raises:
        CatalogTooNewError, NoSpaceError, StorageError
    """
    make_file(path)
    try:
        with closing(connect(path, writable=True)) as connection:
            found = revision(connection)
            if found > REVISION:
                raise CatalogTooNewError(
                    f"The catalog {path} has schema {found}; this program (version {__version__}) knows {REVISION}",
                    hint="Use the newer version of the program, or restore a backup from before the upgrade.",
                )
            use_wal(connection)
        if found < REVISION:
            migrate(path)
    except sqlite3.Error as error:
        raise typed(error) from error


def revision(connection: sqlite3.Connection) -> str:
    """The schema's revision; `NO_REVISION` for an empty database.

    Raises:
        StorageError: it is a database, but no catalog.
    """
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return NO_REVISION
    found = (
        [str(number) for (number,) in connection.execute("SELECT version_num FROM alembic_version")]
        if "alembic_version" in tables
        else []
    )
    if len(found) != 1 or not (len(found[0]) == len(REVISION) and found[0].isdecimal()):
        raise StorageError("The database is not a catalog of this program", hint="Restore the catalog from a backup.")
    return found[0]


def migrate(path: Path) -> None:
    """Run what is missing. All of it and the record of it commit together.

    Two programs may come here at once: the second waits for the first, and then finds nothing to do.
    """
    import sqlalchemy as sa
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    engine = sa.create_engine("sqlite://", creator=lambda: connect(path, writable=True), poolclass=sa.pool.NullPool)
    try:
        with engine.connect() as connection:  # leaving it rolls back what was not committed
            # A table that a migration makes anew must not take along what points at it; that is checked at the end.
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                raise StorageError("The catalog has rows that belong to nothing, so it was not migrated")
            connection.exec_driver_sql("COMMIT")
    except sa.exc.DBAPIError as error:
        raise (typed(error.orig) if isinstance(error.orig, sqlite3.Error) else error) from error
