"""A disk that is full: every page that keeps something says so, and goes on once there is room."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.served import served
from tests.browser.test_storage_away import as_ann, fill, only, rated
from tests.disks import small_disk, take_all_room
from trimtab.artifacts import get_all_artifact_meta

__all__ = ["small_disk"]


@pytest.mark.slow
def test_what_finds_no_room_is_refused_and_kept_in_the_page(
    new_page: Callable[..., Page], small_disk: Path, faults: list[str]
) -> None:
    file = small_disk / "study.db"
    study = rated(f"sqlite:///{file}")
    upload = FilePayload(name="a.bin", mimeType="application/octet-stream", buffer=bytes(1 << 20))
    with served(file, "--artifact-dir", small_disk / "files") as server:
        rate, note, files = (new_page() for _ in range(3))
        as_ann(rate, server, "/studies/0-1/rate")
        fill(rate)
        server.enter(note, "/studies/0-1/note")
        note.get_by_role("button", name="Edit").click()
        note.get_by_label("Markdown").fill("precious " * 10_000)
        server.enter(files, "/studies/0-1/files")
        ballast = take_all_room(small_disk)

        rate.get_by_role("button", name="Submit").click()
        expect(rate.locator(".rate-fault")).to_contain_text("Not kept: There is no room")
        expect(rate.get_by_label("How long?")).to_have_value("2.5")
        note.get_by_role("button", name="Save").click()
        expect(note.locator("[data-note-news]")).to_contain_text("Not saved: There is no room")
        files.set_input_files("input[type=file]", upload)
        expect(files.locator(".file-progress")).to_contain_text("No room to write")
        assert list((small_disk / "files").iterdir()) == []

        ballast.unlink()
        rate.get_by_role("button", name="Submit").click()
        expect(rate.locator("#rate-card")).to_have_attribute("data-number", "1")
        note.get_by_role("button", name="Save").click()
        expect(note.locator("[data-note-view]")).to_contain_text("precious")
        files.set_input_files("input[type=file]", upload)
        expect(files.locator(".file-name")).to_have_text("a.bin")
        for page in (rate, note, files):
            page.goto("about:blank")
    assert study.trials[0].values == (-1.0, 2.5)
    assert [meta.size for meta in get_all_artifact_meta(study)] == [1 << 20]
    study.storage.close()
    only(faults, "507")
