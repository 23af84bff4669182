"""The database fixtures."""

import pytest
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.pool import NullPool

from tests.databases import fresh_database, server_url
from tests.services import MYSQL_URL, POSTGRES_URL


@pytest.mark.parametrize("_again", [1, 2])
def test_every_test_gets_an_empty_database(storage_url: str, _again: int) -> None:
    engine = create_engine(storage_url, poolclass=NullPool)
    assert inspect(engine).get_table_names() == []
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE here (n INTEGER)"))


@pytest.mark.parametrize("variable", [POSTGRES_URL, MYSQL_URL])
def test_a_database_in_use_is_dropped_all_the_same(variable: str) -> None:
    server = server_url(variable)
    with fresh_database(server) as url:
        left_open = create_engine(url).connect()
        left_open.execute(text("CREATE TABLE here (n INTEGER)"))
        left_open.execute(text("SELECT * FROM here"))  # holds a lock on the table
    with create_engine(server, poolclass=NullPool).connect() as connection:
        names = connection.execute(text("SELECT schema_name FROM information_schema.schemata"))
        assert url.rpartition("/")[2] not in names.scalars().all()
    left_open.invalidate()
    left_open.close()


@pytest.mark.parametrize("variable", [POSTGRES_URL, MYSQL_URL])
def test_a_missing_server_skips_and_says_so(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv(variable + "_MISSING", "none could be had")
    with pytest.raises(pytest.skip.Exception, match="none could be had"):
        server_url(variable)
