"""PostgreSQL and MariaDB for the tests.

`provide()` gives a whole test run its databases; `PostgresServer` and `MariaDBServer` give one test
a server of its own, which it may stop, kill and start again. Whatever is started here ends with the
process that started it, even when that process is killed.
"""

from tests.services.environment import MYSQL_URL, POSTGRES_URL, provide
from tests.services.mariadb import MariaDBServer
from tests.services.postgres import PostgresServer
from tests.services.server import Server, Unavailable

__all__ = [
    "MYSQL_URL",
    "POSTGRES_URL",
    "MariaDBServer",
    "PostgresServer",
    "Server",
    "Unavailable",
    "provide",
]
