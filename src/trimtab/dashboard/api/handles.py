"""Studies with a sampler, kept while the server runs: asking anew must not begin anew."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final

from trimtab.dashboard.context import StudyView
from trimtab.experiment.keeping import KEY
from trimtab.samplers import AutoSampler
from trimtab.schedulers import MedianPruner
from trimtab.service import Client
from trimtab.study import Study

_MOST: Final = 32


class Handles:
    """The last studies that were asked, each with the default sampler and pruner."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handles: OrderedDict[tuple[str, int, int], Study] = OrderedDict()

    def of(self, view: StudyView) -> Study:
        """The study of a request; the same object each time, so that the sampler keeps what it
        learnt.
        """
        # A database may give the id of a deleted study to a new one, though not its birth.
        key = (view.opened.key, view.record.id, view.record.created)
        with self._lock:
            handle = self._handles.pop(key, None)
            if handle is None:
                handle = Study(view.study_name, view.storage, AutoSampler(), MedianPruner())
            self._handles[key] = handle
            if len(self._handles) > _MOST:
                self._handles.popitem(last=False)
            return handle


class Clients:
    """The last experiments that were asked, each with its client."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clients: OrderedDict[tuple[str, int, int], tuple[object, Client]] = OrderedDict()

    def of(self, view: StudyView) -> Client | None:
        """The client of a request's study; None where it is no experiment.

        It is the same object until what the experiment is has changed.
        """
        kept = view.system_attrs.get(KEY)
        if kept is None:
            return None
        key = (view.opened.key, view.record.id, view.record.created)
        with self._lock:
            known, client = self._clients.pop(key, (None, None))
            if client is None or known != kept:
                client = Client(storage=view.storage)
                client.load_experiment(view.study_name)
            self._clients[key] = (kept, client)
            if len(self._clients) > _MOST:
                self._clients.popitem(last=False)
            return client
