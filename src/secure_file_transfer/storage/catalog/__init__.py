"""The catalog: accounts, drives, names, versions and small blocks in one SQLite file."""

from .catalog import SqliteCatalog, open_catalog

__all__ = ["SqliteCatalog", "open_catalog"]
