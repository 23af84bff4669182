"""Studies with a sampler, kept while the server runs: asking anew must not begin anew."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final

from trimtab.dashboard.context import StudyView
from trimtab.samplers import TPESampler
from trimtab.schedulers import MedianPruner
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
                handle = Study(view.study_name, view.storage, TPESampler(), MedianPruner())
            self._handles[key] = handle
            if len(self._handles) > _MOST:
                self._handles.popitem(last=False)
            return handle
