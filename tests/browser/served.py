"""A dashboard as a process of its own, as a user starts it."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

from playwright.sync_api import Page


@dataclass(frozen=True)
class Served:
    """A dashboard that listens.

    Attributes:
        address: Scheme, host and port.
        token: What lets in.
        process: The server.
        pages: Those that were entered.
    """

    address: str
    token: str
    process: subprocess.Popen[str]
    pages: list[Page] = field(default_factory=list)

    def enter(self, page: Page, path: str = "/") -> None:
        """Sign in, and open a page."""
        self.pages.append(page)
        page.goto(f"{self.address}/login?token={self.token}&next={quote(path)}")
        page.wait_for_url(lambda url: "/login" not in url)


@contextmanager
def served(
    *arguments: str | Path, cwd: Path | None = None, token: str | None = None
) -> Iterator[Served]:
    """Run `trimtab dashboard` with these arguments on a free port."""
    command: Sequence[str] = [
        sys.executable, "-m", "trimtab", "dashboard", "--port", "0", *map(str, arguments)
    ]  # fmt: skip
    if token is not None:
        command = [*command, "--token", token]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=cwd)
    try:
        if process.stdout is None:
            raise RuntimeError("the server's output was not caught")
        words = process.stdout.readline().split()
        if not words:
            raise RuntimeError("the server ended before it listened")
        url = urlsplit(words[-1])
        token = token or parse_qs(url.query)["token"][0]
        server = Served(f"{url.scheme}://{url.netloc}", token, process)
        yield server
        # What a page asks for while its server ends is refused, which would be taken for a fault.
        for page in server.pages:
            if not page.is_closed():
                page.close()
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
