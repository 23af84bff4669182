"""PostgreSQL."""

import signal
import subprocess
from pathlib import Path

from tests.services.server import Server, Unavailable, find_folder, path_folders


def _by_version(folder: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in folder.parent.name.split(".") if part.isdigit())


class PostgresServer(Server):
    title = "PostgreSQL"
    user = "postgres"
    packages = ("postgresql",)
    stop_signal = signal.SIGINT  # "fast": connections are closed, not waited for

    @classmethod
    def find(cls) -> Path:
        debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_by_version, reverse=True)
        folders = [*path_folders(), *debian, Path("/usr/local/pgsql/bin")]
        found = find_folder(("postgres", "initdb", "pg_isready"), folders)
        if found is None:
            raise Unavailable("PostgreSQL is not installed (postgres, initdb, pg_isready)")
        return found

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"

    @property
    def pid_file(self) -> Path:
        return self.data / "postmaster.pid"

    def _initialize(self) -> None:
        self._run(
            [
                self.programs / "initdb",
                f"--pgdata={self.data}",
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
            ]
        )

    def _command(self) -> list[str]:
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",  # a socket's path may be too long in a temporary folder
            "max_connections": "200",
            # Speed: what is written survives `kill`, though not the machine's own crash.
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
        }
        command = [str(self.programs / "postgres"), "-D", str(self.data)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        return command + self.settings

    def _answers(self) -> bool:
        probe = [str(self.programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(probe, stdin=subprocess.DEVNULL, check=False).returncode == 0
