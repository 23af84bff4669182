"""How fast workers run trials through a server, beside Optuna's gRPC proxy on the same database."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from random import Random
from typing import IO, Any

from benchmarks.databases import durable_server, new_database
from benchmarks.harness import Reading, Spread, Task, column, measure, progress
from benchmarks.libraries import load, sphere, sql_storage, stopwatch, warm_up
from benchmarks.results import Figure, Options, Section, Table, number, plain
from benchmarks.storages import Competitors, contest, rates, row
from tests.services import PostgresServer

_COMPETITORS: Competitors = {
    "trimtab": {"library": "trimtab"},
    "trimtab, no server": {"library": "trimtab", "is_direct": True},
    "optuna": {"library": "optuna"},
}
_TOKEN = "a token of the benchmarks"
_START = 60.0


def remote_study(library: str, place: str, n_trials: int, is_direct: bool = False) -> Reading:
    """Seconds to run random search in a new database behind a server; opening is left out.

    Args:
        library: Whose.
        place: See `new_database`.
        n_trials: How many.
        is_direct: Whether without the server.
    """
    module = load(library)
    warm_up(module, "RandomSampler")
    with ExitStack() as stack:
        url = stack.enter_context(new_database(place))
        if is_direct:
            storage = sql_storage(library, module, url)
        else:
            storage = _client(library, module, stack.enter_context(_served(library, url)))
        study = module.create_study(storage=storage, sampler=module.samplers.RandomSampler(seed=1))
        study.optimize(sphere(5), n_trials=3)
        with stopwatch() as watch:
            study.optimize(sphere(5), n_trials=n_trials)
        if len(study.trials) != n_trials + 3:
            raise RuntimeError(f"{len(study.trials)} trials, not {n_trials + 3}")
    return {"wall": watch.wall, "cpu": watch.cpu, "rate": n_trials / watch.wall}


def remote_load(place: str, n_trials: int) -> Reading:
    """Seconds in which a worker first reads a study of ten floats from a server that has it."""
    module = load("trimtab")
    space = {f"x{i}": module.distributions.FloatDistribution(0.0, 1.0) for i in range(10)}
    random = Random(1)
    with new_database(place) as url:
        study = module.create_study(storage=url)
        for _ in range(0, n_trials, 1000):
            trials = [
                module.trial.create_trial(
                    params={name: random.random() for name in space},
                    distributions=space,
                    value=random.random(),
                )
                for _ in range(1000)
            ]
            study.add_trials(trials)
        with _served("trimtab", url) as port:
            readings = []
            for _ in range(3):  # the first finds the server still at reading
                client = _client("trimtab", module, port)
                with stopwatch() as watch:
                    loaded = client.history(study.study_id)
                if len(loaded) != n_trials:
                    raise RuntimeError(f"{len(loaded)} trials, not {n_trials}")
                readings.append(watch.wall)
                client.close()
    return {"wall": min(readings[1:]), "cold": readings[0]}


def serve(library: str, url: str, port: int) -> None:
    """Serve a database until the process is ended."""
    if library == "trimtab":
        from trimtab.dashboard import run_server

        run_server(url, port=port, token=_TOKEN)
        return
    import optuna

    storage = optuna.storages.get_storage(url)
    optuna.storages.run_grpc_proxy_server(storage, host="localhost", port=port)


def _client(library: str, module: Any, port: int) -> Any:
    if library == "trimtab":
        return module.storages.HTTPStorage(f"http://127.0.0.1:{port}", _TOKEN)
    return module.storages.GrpcStorageProxy(host="localhost", port=port)


@contextmanager
def _served(library: str, url: str) -> Iterator[int]:
    """The port of a server in a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port: int = unused.getsockname()[1]
    program = f"from benchmarks.remote import serve; serve({library!r}, {url!r}, {port})"
    # Into a file: in a pipe of ours, a server that outlives us would keep whoever reads it waiting.
    with tempfile.TemporaryFile() as said:
        server = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        try:
            yield _awaited(library, server, port, said)
        finally:
            server.kill()
            server.wait()


def _awaited(library: str, server: subprocess.Popen[bytes], port: int, said: IO[bytes]) -> int:
    """The port, once the server listens there."""
    deadline = time.monotonic() + _START
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1.0).close()
            return port
        except OSError:
            if server.poll() is not None or time.monotonic() > deadline:
                said.seek(0)
                end = said.read().decode(errors="replace")[-2000:]
                raise RuntimeError(f"the server of {library} does not start:\n{end}") from None
            time.sleep(0.05)


def run(options: Options) -> Section:
    """Random search with five floats by one worker."""
    n_trials = 50 if options.quick else 200
    figures: list[Figure] = []
    rows, missing = [], []
    with durable_server(PostgresServer) as server:
        for name, place in (("SQLite", str(options.folder)), (PostgresServer.title, server)):
            if place is None:
                missing.append(f"NOT MEASURED: {name}, as no such server is installed.")
                continue
            progress(f"  {name}")
            tasks = contest(_COMPETITORS, place, n_trials, "remote:remote_study")
            readings = measure(tasks, options.rounds)
            spread = rates(readings, "trimtab", "optuna")
            label = f"{name} behind a server, random, 5 floats"
            figures.append(plain(label, spread, "× the rate of Optuna's gRPC proxy"))
            rows.append(row(f"{name}, {n_trials} trials", readings, _COMPETITORS))
    progress("  first load")
    sizes = (1000, 10_000) if options.quick else (1000, 10_000, 100_000)
    place = str(options.folder)
    loads = measure(
        {
            f"{n:,} trials": Task("remote:remote_load", {"place": place, "n_trials": n})
            for n in sizes
        },
        1 if options.quick else min(options.rounds, 3),
    )
    load_rows = [
        (name, *[f"{number(Spread.of(column(taken, key)).median)} s" for key in ("wall", "cold")])
        for name, taken in loads.items()
    ]
    return Section(
        "Workers over HTTP",
        tuple(figures),
        (
            Table("Trials per second, wall", ("", *_COMPETITORS), tuple(rows)),
            Table(
                "A worker's first reading of a study of ten floats",
                ("", "from a server that has it in memory", "from one just started"),
                tuple(load_rows),
            ),
        ),
        (
            (
                "`HTTPStorage` and `trimtab dashboard` against `GrpcStorageProxy` and "
                "`run_grpc_proxy_server`: one worker, one server in a process of its own, both on "
                "this machine. Trimtab's trials are leased; Optuna's are not."
            ),
            *missing,
        ),
    )
