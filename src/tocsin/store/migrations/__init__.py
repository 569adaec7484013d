"""How tables of an older version become those of today: one module a version, in the words of Alembic."""
