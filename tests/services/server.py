"""A database server of our own, in a temporary folder, on a free port, as an unprivileged user."""

import abc
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

GUARDIAN = Path(__file__).with_name("guardian.py")


class Unavailable(Exception):
    """This server cannot be had here; the message says why."""


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def find_folder(programs: Iterable[str], folders: Iterable[Path]) -> Path | None:
    """The first folder that holds all the programs, links followed."""
    first, *others = programs
    for folder in folders:
        try:
            found = (folder / first).resolve(strict=True).parent
        except OSError:
            continue
        if all((found / name).is_file() for name in (first, *others)):
            return found
    return None


def path_folders() -> list[Path]:
    """The folders of PATH, and those where Debian keeps what only root is expected to run."""
    named = [Path(name) for name in os.get_exec_path()]
    return [*named, *map(Path, ("/usr/local/sbin", "/usr/sbin", "/usr/local/bin", "/usr/bin"))]


class Server(abc.ABC):
    """Starts on entering a `with` block, and leaves nothing behind.

    Inside the block `stop`, `kill` and `start` may be called from any thread; data and port stay.
    """

    title: ClassVar[str]
    user: ClassVar[str]  # whom the server runs as, when we are root and this user exists
    packages: ClassVar[Sequence[str]]  # Debian's
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self, settings: Sequence[str] = ()) -> None:
        """Look for the programs. Raises Unavailable when they are not installed.

        Args:
            settings: further options for the server's command line.
        """
        self.programs = self.find()
        self.settings = list(settings)
        self.port = free_port()
        self.folder = Path()
        self._process: subprocess.Popen[bytes] | None = None
        self._guardian: subprocess.Popen[bytes] | None = None

    @classmethod
    @abc.abstractmethod
    def find(cls) -> Path:
        """The folder of the server's programs. Raises Unavailable."""

    @property
    @abc.abstractmethod
    def url(self) -> str:
        """SQLAlchemy's URL of the administrator's database."""

    @abc.abstractmethod
    def _initialize(self) -> None:
        """Fill the data folder."""

    @abc.abstractmethod
    def _command(self) -> list[str]:
        """What runs the server in the foreground, writing its process id into `pid_file`."""

    @abc.abstractmethod
    def _answers(self) -> bool:
        """Whether the server takes connections now."""

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    @property
    @abc.abstractmethod
    def pid_file(self) -> Path:
        """Where the server writes its process id."""

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix=f"trimtab-{self.title.lower()}-"))
        try:
            self._hand_over(self.folder)
            self._guardian = subprocess.Popen(
                [
                    sys.executable,
                    "-SE",
                    GUARDIAN,
                    self.folder,
                    self.pid_file,
                    str(+self.stop_signal),
                ],
                stdin=subprocess.PIPE,
                start_new_session=True,
            )
            self._initialize()
            self.start()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()

    def start(self, timeout: float = 60.0) -> None:
        """Start the server and wait until it answers. Raises Unavailable with the log's end."""
        deadline = time.monotonic() + timeout
        # More than once: a killed server's children hold its memory a moment longer than it lives.
        for _ in range(4):
            with self.log.open("ab") as log:
                self._process = process = self._spawn(self._command(), log.fileno())
            while process.poll() is None and time.monotonic() < deadline:
                if self._answers():
                    return
                time.sleep(0.05)
            self.kill()
            time.sleep(0.5)
        raise Unavailable(f"{self.title} did not start:\n{self._log_end()}")

    def stop(self, timeout: float = 30.0) -> None:
        """Ask the server to stop, closing its connections, and wait until it has."""
        if self._process is None:
            return
        self._process.send_signal(self.stop_signal)
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def kill(self) -> None:
        """End the server as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def _close(self) -> None:
        try:
            self.stop()
        finally:
            if self._guardian is not None:
                self._guardian.communicate()  # closes the pipe; it removes the folder
            else:
                shutil.rmtree(self.folder, ignore_errors=True)

    def _account(self) -> pwd.struct_passwd | None:
        """Whom to run as: None is ourselves. Both servers refuse to be run by root."""
        if os.geteuid() != 0:
            return None
        for name in (self.user, "nobody"):
            try:
                return pwd.getpwnam(name)
            except KeyError:
                continue
        raise Unavailable(f"{self.title} does not run as root, and there is no user `nobody`")

    def _hand_over(self, path: Path) -> None:
        if (account := self._account()) is not None:
            os.chown(path, account.pw_uid, account.pw_gid)

    def _spawn(self, command: Sequence[str | Path], output: int) -> subprocess.Popen[bytes]:
        account = self._account()
        environment = {
            "HOME": str(self.folder),
            "LC_ALL": "C",
            "PATH": f"{self.programs}:/usr/sbin:/usr/bin:/sbin:/bin",
            "TMPDIR": str(self.folder),
        }
        # A session of its own: Ctrl-C is for the tests; the server ends after them.
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=self.folder,
            env=environment,
            start_new_session=True,
            user=None if account is None else account.pw_uid,
            group=None if account is None else account.pw_gid,
            extra_groups=None if account is None else [],
        )

    def _run(self, command: Sequence[str | Path]) -> None:
        """Run one of the server's programs to its end. Raises Unavailable with its output."""
        with self.log.open("ab") as log:
            self._hand_over(self.log)
            process = self._spawn(command, log.fileno())
        try:
            status = process.wait(timeout=120)
        except BaseException:
            process.kill()
            process.wait()
            raise
        if status != 0:
            raise Unavailable(f"{self.title}: {command[0]} failed:\n{self._log_end()}")

    def _log_end(self, lines: int = 20) -> str:
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])
