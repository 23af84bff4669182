"""Trials on a Ray cluster: where they are placed, how many machines there are, is Ray's to know.

Each worker is an actor that stays, a `Host` as the processes of this machine are. What a trial
reports comes as the items of a streaming call. The run's folder has to be on a file system that
all nodes share, under the same path.

An actor holds what its trials need as long as it lives. So trials with other needs have actors of
their own, and one that runs nothing ends where it is in the way of those. Trials that wait for room
are made known to Ray by actors that wait for it, too: that is what an autoscaler looks at.
"""

from __future__ import annotations

import logging
import queue
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import cloudpickle

from trimtab.errors import MissingDependency
from trimtab.tune.events import Event
from trimtab.tune.executors.nodes import Nodes
from trimtab.tune.executors.packing import packed
from trimtab.tune.executors.pool import PoolExecutor, Worker
from trimtab.tune.executors.wire import Unreadable, pack, pack_event, unpack
from trimtab.tune.host import Host
from trimtab.tune.resources import CPU, GPU, PlacementGroupFactory

_logger = logging.getLogger(__name__)

_MEMORY: Final = "memory"
_PATIENCE: Final = 5.0
"""Seconds for which an actor that is no longer wanted may clean up."""
_IDLE: Final = 10.0
"""Seconds for which an actor may be of no use."""
_LONG: Final = 60.0
"""Seconds for which nothing may run before that is told."""
_MOST_EXPECTED: Final = 16
"""Actors that may wait for room: enough to have a cluster grow."""


class Seat:
    """What an actor runs: a host whose events are streamed.

    Args:
        path: The driver's ``sys.path``.
        trainable: Packed by cloudpickle.
        reuse: See `Host`.
    """

    def __init__(self, path: list[str], trainable: bytes, reuse: bool) -> None:
        sys.path[:] = [*path, *(each for each in sys.path if each not in path)]
        self._events: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        made = cloudpickle.loads(trainable)
        self._host = Host(made, self._tell, has_process=True, reuse=reuse)

    def _tell(self, event: Event) -> None:
        # Packed here, in the trial's thread, and unpacked by the run: what cannot be sent or made
        # is the trial's fault, and not an error of Ray's that ends the run.
        self._events.put(pack_event(event))

    def greet(self) -> Iterator[bytes]:
        """Tell that it lives."""
        yield pack(None)

    def order(self, name: str, *arguments: Any) -> Iterator[bytes]:
        """Have the host do something; its events, until what it runs waits or ends."""

        def work() -> None:
            try:
                getattr(self._host, name)(*arguments)
            finally:
                self._events.put(None)

        threading.Thread(target=work, daemon=True).start()
        while (event := self._events.get()) is not None:
            yield event


class _Actor(Worker):
    """One actor, the calls that are under way, and when it was last of use.

    Args:
        needs: What it holds.
        ray: The module.
        make: Makes an actor with such options.
    """

    def __init__(
        self, needs: PlacementGroupFactory, ray: Any, make: Callable[[dict[str, Any]], Any]
    ) -> None:
        super().__init__(needs)
        self._ray = ray
        self._group: Any = None
        bundle = dict(needs.bundles[0])
        options: dict[str, Any] = {
            "num_cpus": bundle.pop(CPU, 0.0),
            "num_gpus": bundle.pop(GPU, 0.0),
            "max_restarts": 0,
        }
        memory = int(bundle.pop(_MEMORY, 0))
        if memory:
            options["memory"] = memory
        options["resources"] = bundle
        if len(needs.bundles) > 1:
            options["scheduling_strategy"] = self._placed(needs)
        self._actor = make(options)
        self.calls: deque[Any] = deque()
        self.used = time.monotonic()
        self._call(self._actor.greet)

    def _placed(self, needs: PlacementGroupFactory) -> Any:
        from ray.util import placement_group
        from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

        bundles = [{name: n for name, n in each.items() if n} for each in needs.bundles]
        self._group = placement_group([each for each in bundles if each], needs.strategy)
        return PlacementGroupSchedulingStrategy(
            self._group,
            placement_group_bundle_index=0 if bundles[0] else -1,
            placement_group_capture_child_tasks=True,  # what a trial begins has the other bundles
        )

    def _call(self, method: Any, *arguments: Any) -> None:
        self.calls.append(method.options(num_returns="streaming").remote(*arguments))

    def order(self, name: str, *arguments: Any) -> None:
        self._call(self._actor.order, name, *arguments)

    def kill(self) -> None:
        self._ray.kill(self._actor)
        self.calls.clear()
        if self._group is not None:
            from ray.util import remove_placement_group

            remove_placement_group(self._group)
            self._group = None

    def dismiss(self) -> None:
        """It is waited for by `settle`, and then killed."""

    def settle(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        for call in self.calls:
            try:
                while self._ray.wait([call], timeout=max(until - time.monotonic(), 0.0))[0]:
                    next(call)
            except (StopIteration, self._ray.exceptions.RayError):
                continue
        self.kill()


class RayExecutor(PoolExecutor[_Actor]):
    """Runs trials in actors of a Ray cluster, as many at one time as it has room for.

    Args:
        address: Of the cluster; None: the one this process is connected to, or a new one here.
        autoscaling: Whether the cluster adds nodes with what its present ones do not have, so
            that nothing is refused. Ray does not tell what an autoscaler can add.

    Raises:
        MissingDependency: If Ray is not installed (an ImportError).
    """

    grows = True

    def __init__(self, address: str | None = None, *, autoscaling: bool = False) -> None:
        super().__init__()
        try:
            import ray
        except ImportError as error:
            raise MissingDependency("Ray", "ray") from error
        self._ray: Any = ray
        if not ray.is_initialized():
            ray.init(address=address, log_to_driver=False, include_dashboard=False)
        self._nodes = Nodes(ray)
        self._autoscaling = autoscaling
        self._expected: list[PlacementGroupFactory] = []
        self._make: Any = None
        self._moved = time.monotonic()

    def open(self, trainable: Any, folder: Path, *, reuse: bool = False) -> None:
        """Send ``trainable`` to the cluster, once.

        Raises:
            InvalidArgument: If it cannot be sent.
        """
        del folder
        reference = self._ray.put(packed(trainable))
        seat = self._ray.remote(Seat)
        self._make = lambda options: seat.options(**options).remote(
            list(sys.path), reference, reuse
        )

    def check(self, needs: PlacementGroupFactory) -> None:
        """Refuse what the nodes of the cluster do not have, unless it may add others.

        Raises:
            InvalidArgument: That says what they have.
        """
        if not self._autoscaling:
            self._nodes.check(needs)

    def expect(self, needs: Sequence[PlacementGroupFactory]) -> None:
        """Ask Ray for room for what waits for it; let go of what is no longer waited for."""
        expected = list(needs[:_MOST_EXPECTED])
        if expected != self._expected:
            self._expected = expected
            self._serve()
        self._look_around(time.monotonic())

    def _look_around(self, now: float) -> None:
        """End actors that are of no use, so that the cluster can shrink; tell if nothing runs."""
        for worker in list(self._workers):
            if not worker.is_free or worker.resting:
                worker.used = now
            elif now - worker.used >= _IDLE:
                self._end(worker)
        if not (self._expected or self._queue) or any(not w.is_free for w in self._ready()):
            self._moved = now
        elif now - self._moved >= _LONG:
            self._moved = now
            _logger.warning("Nothing runs: trials wait for room on the cluster. %s", self._nodes)

    def _ready(self) -> list[_Actor]:
        return [worker for worker in self._workers if worker.is_ready]

    def _end(self, worker: _Actor) -> None:
        """Have an actor that runs nothing clean up, and end it."""
        worker.order("close")
        worker.settle(_PATIENCE)
        self._forget(worker)

    def _kind(self, needs: PlacementGroupFactory) -> PlacementGroupFactory:
        return needs

    def _fits(self, needs: PlacementGroupFactory, worker: _Actor | None) -> bool:
        taken = [each for each, _ in self._taken()]
        return worker is not None or self._nodes.has_room(taken, needs)

    def _recruit(self) -> None:
        """Have as many actors wait for room as there are trials that do."""
        self._make_room()
        wanted = [kind for _, kind in self._queue] + self._expected
        for worker in [each for each in self._workers if not each.is_ready]:
            if worker.kind in wanted:
                wanted.remove(worker.kind)
            else:
                worker.kill()
                self._workers.remove(worker)
        for kind in wanted:
            self._workers.append(_Actor(kind, self._ray, self._make))

    def _make_room(self) -> None:
        """End actors that run nothing and are in the way of trials with other needs.

        Those in which trials rest only where nothing else runs, so that all would wait for ever.
        """
        for _, kind in self._queue:
            others = [each for each in self._workers if each.is_free and each.kind != kind]
            if any(each.running is not None for each in self._workers):
                others = [each for each in others if not each.resting]
            for worker in sorted(others, key=lambda each: len(each.resting)):
                if self._nodes.has_room([each.kind for each in self._ready()], kind):
                    break
                self._end(worker)

    def _listen(self, timeout: float | None) -> None:
        calls = {worker.calls[0]: worker for worker in self._workers if worker.calls}
        if not calls:
            if timeout:
                time.sleep(timeout)
            return
        ready, _ = self._ray.wait(list(calls), num_returns=1, timeout=timeout)
        if ready and len(calls) > 1:
            ready, _ = self._ray.wait(list(calls), num_returns=len(calls), timeout=0)
        for call in ready:
            worker = calls[call]
            if worker not in self._workers:
                continue  # it was let go of meanwhile
            try:
                event = unpack(self._ray.get(next(call)))
            except StopIteration:
                worker.calls.popleft()
            except (self._ray.exceptions.RayActorError, self._ray.exceptions.RayTaskError) as error:
                worker.kill()
                self._lose(worker, f"its actor was lost: {type(error).__name__}", str(error))
            except Unreadable as error:
                worker.kill()
                self._lose(worker, str(error))
            else:
                self._hear(worker, event)
