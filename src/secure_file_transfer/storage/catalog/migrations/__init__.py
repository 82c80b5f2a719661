"""How a catalog of an older version becomes one of this version. Alembic's scripts; each runs once."""
