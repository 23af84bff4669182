"""The spaces of a study's trials, each stored once and known by a small id."""

from __future__ import annotations

import threading

from trimtab.records import EMPTY_SPACE
from trimtab.space import Space
from trimtab.storage.base import check_space
from trimtab.storage.sql.codec import load_space
from trimtab.storage.sql.session import Session
from trimtab.storage.sql.statements import GET_LAYOUTS


class Layouts:
    """What this process knows of one study's layouts; safe in many threads.

    Attributes:
        spaces: By id; 0 is the empty one. Only committed ones, in order of id, which is the
            order in which they first appeared in the study. Replaced, never changed, so that one
            thread may iterate over it while another learns.
        damaged: Why a layout cannot be read, by id.
    """

    def __init__(self, study_id: int) -> None:
        self.study_id = study_id
        self.spaces: dict[int, Space] = {0: EMPTY_SPACE}
        self.damaged: dict[int, str] = {}
        self._ids: dict[Space, int] = {EMPTY_SPACE: 0}
        self._known = EMPTY_SPACE
        self._lock = threading.Lock()

    def refresh(self, session: Session) -> None:
        """Learn those that others added; not after adding one in the same transaction."""
        last = self.last
        for layout, body in session.all(GET_LAYOUTS, of_study=self.study_id, of_id=last):
            try:
                self.learn(layout, load_space(body))
            except (ValueError, TypeError, LookupError) as error:
                self.damaged = {**self.damaged, layout: f"layout {layout}: {error}"}

    def learn(self, layout: int, space: Space) -> None:
        """Take over one that is committed."""
        with self._lock:
            if layout not in self.spaces:
                self._ids[space] = layout
                self._known = Space({**self._known, **space})
                self.spaces = {**self.spaces, layout: space}

    def find(self, space: Space) -> int | None:
        """The id of a space, if it is known here."""
        return self._ids.get(space)

    def check(self, space: Space) -> None:
        """Refuse a space that gives a known parameter another kind.

        Raises:
            IncompatibleDistribution: Naming the parameter.
        """
        check_space(self._known, space)

    @property
    def last(self) -> int:
        """The largest id that is taken."""
        return max(*self.spaces, *self.damaged, 0)
