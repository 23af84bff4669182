"""The reference names what there is, and nothing else."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from trimtab import Study, Trial, errors
from trimtab.preferential import PreferentialStudy
from trimtab.service import Client

ROOT = Path(__file__).parents[2]
REFERENCE = (ROOT / "docs/reference/api.md").read_text()
MODULES = [
    "trimtab",
    "trimtab.study",
    "trimtab.trial",
    "trimtab.distributions",
    "trimtab.samplers",
    "trimtab.samplers.nsgaii",
    "trimtab.pruners",
    "trimtab.schedulers",
    "trimtab.storages",
    "trimtab.artifacts",
    "trimtab.importance",
    "trimtab.tune",
    "trimtab.visualization",
    "trimtab.migrate",
    "trimtab.preferential",
    "trimtab.query",
    "trimtab.benchmarks",
    "trimtab.service",
    "trimtab.experiment",
    "trimtab.dashboard",
    "trimtab.exceptions",
    "trimtab.logging",
]


def names_in(text: str) -> set[str]:
    return set(re.findall(r"`([A-Za-z_]\w*)`", text))


def listed() -> Iterator[tuple[str, set[str]]]:
    """Heading and first cells of each section's tables."""
    for section in re.split(r"^#+ ", REFERENCE, flags=re.MULTILINE)[1:]:
        heading, _, body = section.partition("\n")
        cells = [line.split("|")[1] for line in body.splitlines() if line.startswith("| `")]
        if cells:
            yield heading, names_in(" ".join(cells))


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_is_listed(module: str) -> None:
    assert set(importlib.import_module(module).__all__) - names_in(REFERENCE) == set()


@pytest.mark.parametrize("kind", [Study, Trial, PreferentialStudy, Client])
def test_every_public_method_is_listed(kind: type) -> None:
    parts = [part for part in kind.__mro__ if part.__module__.startswith("trimtab.service")]
    public = {name for part in {kind, *parts} for name in vars(part) if not name.startswith("_")}
    assert public - names_in(REFERENCE) - INTERNAL[kind] == set()


INTERNAL: dict[type, set[str]] = {
    Client: set(),
    PreferentialStudy: set(),
    Study: {"check_distribution", "finish", "should_prune"},
    Trial: {
        *("end_time", "final_update", "fixed_value", "flush", "frozen", "given", "take_update"),
        *("relative_params", "storage", "study", "study_id", "tick"),
    },
}
"""What the loop and other parts of Trimtab use."""


LISTED = dict(listed())


@pytest.mark.parametrize("heading", LISTED)
def test_every_name_listed_is_there(heading: str) -> None:
    kinds = {kind.__name__: kind for kind in (Study, Trial, PreferentialStudy, Client)}
    places: list[object] = [kinds[name] for name in names_in(heading) & kinds.keys()]
    places += [importlib.import_module(name) for name in re.findall(r"`(trimtab[\w.]*)`", heading)]
    missing = {
        name for name in LISTED[heading] if not any(hasattr(place, name) for place in places)
    }
    # Attributes that are set when a study is made are not attributes of its class.
    assert missing <= {"storage", "study_id", "study_name", "number"}


def test_every_error_can_be_imported_by_users() -> None:
    ours = {name for name, value in vars(errors).items() if isinstance(value, type)}
    public = {name for name in ours if issubclass(getattr(errors, name), (Exception, Warning))}
    assert public - set(importlib.import_module("trimtab.exceptions").__all__) == set()


def test_every_page_can_be_reached_from_the_index() -> None:
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    linked = set(re.findall(r"\]\(([^)#]+\.md)", (ROOT / "docs/index.md").read_text()))
    assert pages - linked == {"index.md"}
