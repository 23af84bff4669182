"""What Alembic runs: the connection comes from `trimtab.storage.sql.versions.upgrade`."""

from alembic import context

from trimtab.storage.sql.schema import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    version_table=VERSION_TABLE,
)
context.run_migrations()
