"""Where the judgements of a study are kept."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence

from trimtab.errors import InvalidArgument
from trimtab.records import History, TrialState, TrialUpdate
from trimtab.samplers.preferential import Judgement, Mode, read_judgements, standing
from trimtab.samplers.preferential.judgement import KEY
from trimtab.storage import Storage


def a_judgement(
    candidates: tuple[int, ...],
    clicked: int | None,
    mode: Mode,
    rater: str,
    id: str | None = None,
) -> Judgement:
    """A judgement that is made now; see `Judgement`.

    Raises:
        InvalidArgument: If the id is none, or the arguments do not go together.
    """
    token = secrets.token_hex(8) if id is None else _checked_id(id)
    return Judgement(token, time.time_ns() // 1000, rater, mode, candidates, clicked)


class JudgementBook:
    """The judgements of one study: system attributes of the trials that they retire.

    Args:
        storage: Where the study is.
        study_id: Its key there.
    """

    def __init__(self, storage: Storage, study_id: int) -> None:
        self._storage = storage
        self._study_id = study_id
        self._latest: tuple[int, list[Judgement]] | None = None

    def read(self, history: History) -> list[Judgement]:
        """All judgements, also those taken back, in the order in which they were made.

        Args:
            history: The study's; hold its storage's lock.
        """
        if self._latest is None or self._latest[0] != history.revision:
            self._latest = history.revision, read_judgements(history)
        return self._latest[1]

    def standing(self, history: History) -> list[Judgement]:
        """Those not taken back; hold the storage's lock."""
        return standing(self.read(history))

    def write(self, judgements: Sequence[Judgement]) -> None:
        """Keep judgements, all of them in one write, with a trial that the first retires."""
        content = {KEY + judgement.id: judgement.to_json() for judgement in judgements}
        update = TrialUpdate(system_attrs=content)
        self._storage.write(self._study_id, judgements[0].home, None, update)

    def set_undone(self, judgement: Judgement | str, undone: bool) -> Judgement:
        """Take a judgement back, or let it count again.

        Returns:
            The judgement as it is now.

        Raises:
            InvalidArgument: If there is none of that id (a ValueError).
        """
        token = judgement.id if isinstance(judgement, Judgement) else judgement
        with self._storage.lock:
            history = self._storage.history(self._study_id)
            for number in history.usable(*TrialState).tolist():
                content = history.system_attrs(number).get(KEY + str(token))
                if content is not None:
                    update = TrialUpdate(system_attrs={KEY + token: {**content, "undone": undone}})
                    self._storage.write(self._study_id, number, None, update)
                    break
            else:
                raise InvalidArgument("judgement", "the id of a judgement of this study", token)
            now = self.read(self._storage.history(self._study_id))
            return next(one for one in now if one.id == token)


def _checked_id(id: str) -> str:
    if not isinstance(id, str) or not id.isalnum() or not id.isascii() or len(id) > 64:
        raise InvalidArgument("id", "1 to 64 ASCII letters and digits", id)
    return id
