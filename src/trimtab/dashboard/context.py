"""What every page and every route of the API works on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.requests import Request

from trimtab.artifacts import ArtifactStore
from trimtab.artifacts.figures import figure_ids
from trimtab.dashboard.figure_cache import FigureCache
from trimtab.dashboard.glance import Glances
from trimtab.dashboard.live import Hub
from trimtab.dashboard.settings import Settings
from trimtab.dashboard.widgets import KEY as FORM_KEY
from trimtab.dashboard.widgets import Form
from trimtab.errors import MissingDependency, StorageError, UnknownStudy
from trimtab.records import History, StudyDirection, StudyRecord
from trimtab.storage import Storage

_MAX_REF: Final = 40


@dataclass(frozen=True, slots=True)
class Opened:
    """One of the storages that a dashboard shows.

    Attributes:
        key: ``"0"``, ``"1"``, ...: the first part of its studies' refs.
        storage: Where the studies are.
        label: What people read: its URL without what is secret.
    """

    key: str
    storage: Storage
    label: str


@dataclass(frozen=True, slots=True)
class StudyView:
    """A study as a request finds it; what figures, artifacts and notes ask of a study.

    Attributes:
        ref: How addresses name it: ``"{storage key}-{study id}"``.
        opened: The storage that it is in.
        record: The study at the time of the request.
    """

    ref: str
    opened: Opened
    record: StudyRecord

    @property
    def storage(self) -> Storage:
        """Where it is kept."""
        return self.opened.storage

    @property
    def study_id(self) -> int:
        """Its key there."""
        return self.record.id

    @property
    def study_name(self) -> str:
        """Its name."""
        return self.record.name

    @property
    def directions(self) -> Sequence[StudyDirection]:
        """One per objective."""
        return self.record.directions

    @property
    def metric_names(self) -> Sequence[str] | None:
        """One per objective, if they were named."""
        return self.record.metric_names

    @property
    def system_attrs(self) -> Mapping[str, Any]:
        """Attributes set by Trimtab and its extensions."""
        return self.record.system_attrs

    @property
    def history(self) -> History:
        """Its columns, up to date; hold ``storage.lock`` while reading them."""
        return self.storage.history(self.record.id)

    @property
    def form(self) -> Form | None:
        """What people are asked about each trial, if they are."""
        data = self.record.system_attrs.get(FORM_KEY)
        return None if data is None else Form.from_json(data)

    @property
    def saved_figures(self) -> list[str]:
        """Names of the figures that users keep with it."""
        return figure_ids(self.record.system_attrs)


@dataclass(frozen=True, slots=True)
class Context:
    """What a dashboard serves.

    Attributes:
        storages: At least one; their keys are their places.
        artifact_store: Where the files are, or None.
        settings: How it was started.
        hub: Who says what changed.
        glances: What the studies came to when they were last looked at.
        figures: Those that were drawn last.
    """

    storages: tuple[Opened, ...]
    artifact_store: ArtifactStore | None
    settings: Settings
    hub: Hub
    glances: Glances = field(default_factory=Glances)
    figures: FigureCache = field(default_factory=FigureCache)

    def opened(self, key: str) -> Opened:
        """The storage of a key.

        Raises:
            UnknownStudy: If there is none.
        """
        for opened in self.storages:
            if opened.key == key:
                return opened
        raise UnknownStudy(
            f"`storage`: expected one of 0 to {len(self.storages) - 1}, got {key!r}."
        )

    def study(self, ref: str) -> StudyView:
        """The study that an address names.

        Raises:
            UnknownStudy: If there is none.
            StorageError: If its storage is known not to answer, or did not.
        """
        key, separator, number = ref.partition("-")
        is_number = number.isascii() and number.isdigit() and len(ref) <= _MAX_REF
        if not separator or not is_number or int(number) >= 1 << 63:
            raise UnknownStudy(f"`ref`: expected a study such as 0-1, got {ref[:_MAX_REF]!r}.")
        try:
            opened = self.opened(key)
            self.hub.check(key)
            return StudyView(ref, opened, opened.storage.study(int(number)))
        except UnknownStudy as error:
            raise UnknownStudy("There is no such study; it may have been deleted.") from error
        except StorageError as error:
            self.hub.note(key, error)
            raise

    def find(self, ref: str) -> tuple[Storage, StudyRecord]:
        """The storage and record of the study that an address names.

        Raises:
            UnknownStudy: If there is none.
        """
        view = self.study(ref)
        return view.storage, view.record

    def need_artifact_store(self) -> ArtifactStore:
        """The store of files.

        Raises:
            NoArtifactStore: If the dashboard was started without one.
        """
        if self.artifact_store is None:
            raise NoArtifactStore
        return self.artifact_store


class NoArtifactStore(MissingDependency):
    """The dashboard was started without a store of files."""

    def __init__(self) -> None:
        Exception.__init__(
            self, "This dashboard has no artifact store: start it with --artifact-dir FOLDER."
        )


def get_context(request: Request) -> Context:
    """The context of the dashboard that answers a request (a FastAPI dependency)."""
    context: Context = request.app.state.context
    return context


def get_study(request: Request, ref: str) -> StudyView:
    """The study that a path's ``{ref}`` names (a FastAPI dependency).

    Raises:
        UnknownStudy: If there is none.
    """
    return get_context(request).study(ref)
