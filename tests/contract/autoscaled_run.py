"""A Ray cluster that grows, and a run on it; prints what came of it as JSON.

A process of its own, as Ray keeps how it was begun. Ray's own helper for such clusters ends every
Ray process of the machine, and so is not used.
"""

import importlib
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}

import psutil

from trimtab import tune
from trimtab.errors import InvalidArgument
from trimtab.tune.executors import RayExecutor

ray: Any = importlib.import_module("ray")
_MEMORY = 80_000_000


def provided(address: str) -> dict[str, Any]:
    """An autoscaler's configuration: nodes that have something the head has not, begun here."""
    commands = [
        f"{part}_commands"
        for part in (
            "initialization",
            "setup",
            "head_setup",
            "worker_setup",
            "head_start_ray",
            "worker_start_ray",
        )
    ]
    fast = {"CPU": 1, "fast": 1, "object_store_memory": _MEMORY}
    return {
        "cluster_name": "test",
        "max_workers": 2,
        "upscaling_speed": 1.0,
        "idle_timeout_minutes": 1.0,
        "provider": {"type": "fake_multinode", "gcs_address": address},
        "head_node_type": "ray.head.default",
        "available_node_types": {
            "ray.head.default": {"resources": {"CPU": 1}, "node_config": {}, "max_workers": 0},
            "fast": {"resources": fast, "node_config": {}, "min_workers": 0, "max_workers": 2},
        },
        "file_mounts_sync_continuously": False,
        **{name: {} for name in ("docker", "auth", "file_mounts")},
        **{name: [] for name in ("cluster_synced_files", "rsync_exclude", "rsync_filter")},
        **{name: [] for name in commands},
    }


@contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """A head with one processor; its address."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        port = probe.getsockname()[1]
    address = f"{ray.util.get_node_ip_address()}:{port}"
    config = folder / "cluster.json"
    config.write_text(json.dumps(provided(address)), "utf-8")
    with (folder / "head.log").open("w") as log:
        head = subprocess.Popen(
            [
                Path(sys.executable).with_name("ray"),
                "start",
                "--head",
                "--block",
                f"--port={port}",
                f"--autoscaling-config={config}",
                "--num-cpus=1",
                f"--object-store-memory={_MEMORY}",
                "--include-dashboard=false",
                "--disable-usage-stats",
            ],
            env={**os.environ, "AUTOSCALER_UPDATE_INTERVAL_S": "1", "RAY_FAKE_CLUSTER": "1"},
            stdout=log,
            stderr=log,
        )
    try:
        yield address
    finally:
        processes = [*psutil.Process(head.pid).children(recursive=True), psutil.Process(head.pid)]
        for process in processes:
            process.terminate()
        for process in psutil.wait_procs(processes, timeout=10.0)[1]:
            process.kill()
        head.wait()


def connect(address: str) -> None:
    """Wait for the head."""
    for attempt in range(10):
        try:
            ray.init(address=address, log_to_driver=False)
        except ConnectionError:
            if attempt == 9:
                raise
            time.sleep(1.0)
        else:
            return


def train(config: dict[str, Any]) -> dict[str, Any]:
    """Tells whether it runs on a node that was added."""
    return {"is_fast": int("fast" in ray.get_runtime_context().get_assigned_resources())}


def main(folder: Path) -> None:
    """Run, and tell."""
    told: dict[str, Any] = {}
    with cluster(folder) as address:
        connect(address)
        needs = {"cpu": 1, "fast": 1}
        nodes = len(ray.nodes())

        def run(executor: RayExecutor) -> tune.ResultGrid:
            return tune.Tuner(
                train,
                tune_config=tune.TuneConfig(
                    num_samples=3, resources_per_trial=needs, executor=executor
                ),
                run_config=tune.RunConfig(storage_path=folder, name="run", verbose=0),
            ).fit()

        try:
            run(RayExecutor())
        except InvalidArgument as error:
            told["refused"] = str(error)
        found = run(RayExecutor(autoscaling=True))
        told |= {
            "errors": list(map(str, found.errors)),
            "is_fast": [result.metrics["is_fast"] for result in found],
            "added": len(ray.nodes()) - nodes,
        }
        ray.shutdown()
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
