"""MariaDB."""

import subprocess
from pathlib import Path

from tests.services.server import Server, Unavailable, find_folder, path_folders


class MariaDBServer(Server):
    title = "MariaDB"
    user = "mysql"
    packages = ("mariadb-server",)

    @classmethod
    def find(cls) -> Path:
        folders = [*path_folders(), Path("/usr/local/mysql/bin")]
        server = find_folder(("mariadbd",), folders)
        tools = find_folder(("mariadb-install-db", "mariadb-admin"), folders)
        if server is None or tools is None:
            raise Unavailable(
                "MariaDB is not installed (mariadbd, mariadb-install-db, mariadb-admin)"
            )
        cls._server = server / "mariadbd"
        return tools

    _server: Path

    @property
    def url(self) -> str:
        return f"mysql+pymysql://root@127.0.0.1:{self.port}/mysql"

    @property
    def pid_file(self) -> Path:
        return self.data / "server.pid"

    def _initialize(self) -> None:
        self._run(
            [
                self.programs / "mariadb-install-db",
                "--no-defaults",
                f"--datadir={self.data}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                "--skip-log-bin",
            ]
        )

    def _command(self) -> list[str]:
        return [
            str(self._server),
            "--no-defaults",
            f"--datadir={self.data}",
            f"--pid-file={self.pid_file}",
            "--socket=server.sock",  # relative: a whole path may be too long for a socket
            "--bind-address=127.0.0.1",
            f"--port={self.port}",
            "--skip-name-resolve",
            "--max-connections=200",
            "--innodb-buffer-pool-size=64M",
            # Speed: what is written survives `kill`, though not the machine's own crash.
            "--innodb-flush-log-at-trx-commit=2",
            "--innodb-flush-method=nosync",
            "--skip-log-bin",
            *self.settings,
        ]

    def _answers(self) -> bool:
        probe = [
            str(self.programs / "mariadb-admin"),
            "--no-defaults",
            "--protocol=tcp",
            "--host=127.0.0.1",
            f"--port={self.port}",
            "--user=root",
            "--connect-timeout=2",
            "ping",
        ]
        done = subprocess.run(
            probe, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=10
        )
        return done.returncode == 0
