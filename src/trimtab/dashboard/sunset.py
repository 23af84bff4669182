"""The example of people in the loop: colours, until one is that of a sunset.

`trimtab demo sunset` runs this as a process of its own beside the dashboard, as a script of one's
own would run: it keeps four pictures waiting for a person, and makes another for each that was
rated. Nothing is kept but in the study, so that it can be ended at any moment and started again.
"""

from __future__ import annotations

import io
import os
import struct
import sys
import time
import zlib
from pathlib import Path
from typing import Final

import trimtab
from trimtab import Study
from trimtab.artifacts import (
    FileSystemArtifactStore,
    get_artifact_path,
    save_note,
    upload_stream,
)
from trimtab.dashboard.widgets import ChoiceWidget, register_objective_form_widgets
from trimtab.records import TrialState

STUDY: Final = "Colour of the sunset"
WAITING: Final = 4
"""Pictures that wait for a person at any time."""
_POLL: Final = 0.1
"""Seconds between two looks at how many wait."""


def storage_url(folder: Path) -> str:
    """Where the study of a folder is."""
    return f"sqlite:///{folder / 'sunset.db'}"


def pictures_in(folder: Path) -> FileSystemArtifactStore:
    """Where the pictures of a folder are."""
    return FileSystemArtifactStore(folder / "pictures")


def open_study(folder: Path) -> Study:
    """The study of a folder, with its form; made where there is none yet."""
    study = trimtab.create_study(
        study_name=STUDY,
        storage=storage_url(folder),
        sampler=trimtab.samplers.TPESampler(constant_liar=True, n_startup_trials=5),
        load_if_exists=True,
    )
    study.set_metric_names(["Looks like sunset color?"])
    widget = ChoiceWidget(
        choices=["Good 👍", "So-so 👌", "Bad 👎"],
        values=[-1, 0, 1],
        description="Is this the colour of a sunset?",
    )
    register_objective_form_widgets(study, widgets=[widget])
    return study


def show_one(study: Study, store: FileSystemArtifactStore) -> None:
    """Ask for a colour and show it: a picture that belongs to the trial, and a note with it."""
    trial = study.ask()
    rgb = [trial.suggest_int(name, 0, 255) for name in ("red", "green", "blue")]
    name = f"colour-{trial.number}.png"
    artifact_id = upload_stream(trial, io.BytesIO(png(bytes(rgb))), name, store)
    path = get_artifact_path(trial, artifact_id)
    save_note(trial, f"## Trial {trial.number}\n\n![A colour]({path})\n")


def keep_showing(folder: Path) -> None:
    """Keep pictures waiting for as long as the process that started this one lives."""
    trimtab.logging.set_verbosity(trimtab.logging.WARNING)
    study, store = open_study(folder), pictures_in(folder)
    parent = os.getppid()
    while os.getppid() == parent:
        if len(study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))) < WAITING:
            show_one(study, store)
        else:
            time.sleep(_POLL)


def png(rgb: bytes, width: int = 320, height: int = 240) -> bytes:
    """A picture of one colour (PNG, W3C Recommendation, section 5)."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    rows = (b"\0" + rgb * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


if __name__ == "__main__":
    keep_showing(Path(sys.argv[1]))
