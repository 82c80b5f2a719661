"""What takes most of the time of a server's start and is looked at by tests of its own, done cheaply in all others."""

import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from ..server import house
from ..services import passwords
from ..services.passwords import PasswordHasher
from ..storage.catalog import schema
from ..storage.catalog.connections import connect, make_file
from ..storage.catalog.tables import NO_REVISION

Migrate = Callable[[Path], None]
MIGRATE: Migrate = schema.migrate
YIELD = passwords.yield_to_others
"""The real ones."""


def make_quick(replace: Callable[[Any, str, Any], None] = setattr) -> None:
    """Passwords that are hashed for an instant, and new catalogs that are written down instead of migrated."""
    # The name that the server takes it by, not the class: others make one with parameters of their own.
    replace(house, "PasswordHasher", partial(PasswordHasher, time_cost=1, memory_kib=8, lanes=1))
    # On a busy machine a thread that gives way waits long, and so does everybody while it holds the interpreter.
    replace(passwords, "yield_to_others", lambda: None)
    replace(schema, "migrate", _written(_statements()))


def _statements() -> list[str]:
    """Those that write a new catalog."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "catalog"
        make_file(path)
        MIGRATE(path)
        with closing(sqlite3.connect(path)) as connection:
            return [text for text in connection.iterdump() if text.startswith(("CREATE", "INSERT"))]


def _written(statements: list[str]) -> Migrate:
    def migrate(path: Path) -> None:
        with closing(connect(path, writable=True)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            if schema.revision(connection) == NO_REVISION:
                for text in statements:
                    connection.execute(text)
                connection.execute("COMMIT")
                return
        MIGRATE(path)

    return migrate
