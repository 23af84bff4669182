"""Several processes edit one note, through several doors: nobody's text is lost."""

import time
from contextlib import ExitStack
from multiprocessing.connection import Connection

import httpx
import pytest

import trimtab
from tests.crash.children import child
from tests.served import TOKEN, served
from trimtab.artifacts import get_note, load_note, save_note
from trimtab.artifacts.notes import Note
from trimtab.errors import NoteConflict
from trimtab.records import FrozenTrial, parse_directions
from trimtab.storage import Draft, HTTPStorage, Lease, Storage, open_storage

LINES = 4
READING = 0.005
"""Seconds between what is read and what is written, in which others write."""
WRITERS = 4


def add_lines(connection: Connection, url: str, name: str, writer: int, to_trial: bool) -> None:
    """Read the note, add a line, and save it unless someone else did; LINES times."""
    storage: Storage = HTTPStorage(url, TOKEN) if url.startswith("http") else open_storage(url)
    with storage:
        study = trimtab.load_study(study_name=name, storage=storage)
        owner: trimtab.Study | FrozenTrial = study
        if to_trial:
            owner = storage.trial(study.study_id, 0)
        connection.send("ready")
        connection.recv()
        refused = 0
        for line in range(LINES):
            while True:
                note = load_note(owner, study=study)
                time.sleep(READING)
                body = f"{note.body}{writer}:{line}\n"
                try:
                    save_note(owner, body, expected_version=note.version, study=study)
                    break
                except NoteConflict:
                    refused += 1
        connection.send(refused)


def by_page(url: str, path: str, writer: int) -> int:
    """The same as a browser does it."""
    refused = 0
    headers = {"authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=url, headers=headers, timeout=60.0) as browser:
        note = Note()
        for line in range(LINES):
            while True:
                body = f"{note.body}{writer}:{line}\n"
                answer = browser.post(path, json={"body": body, "version": note.version})
                if answer.status_code == 200:
                    note = Note(body, answer.json()["version"])
                    break
                assert answer.status_code == 409, answer.text
                note = Note.from_json(answer.json()["error"]["detail"]["note"])
                refused += 1
    return refused


@pytest.mark.timeout(120)
@pytest.mark.parametrize("to_trial", [False, True], ids=["study", "trial"])
def test_no_line_of_a_note_is_lost(storage_url: str, to_trial: bool) -> None:
    """Two processes at the database, two at two servers, and a browser at the first of these."""
    with ExitStack() as stack:
        behind = [stack.enter_context(open_storage(storage_url)) for _ in range(2)]
        study_id = behind[0].create_study("s", parse_directions("minimize")).id
        behind[0].start(study_id, Draft(), Lease())
        servers = [stack.enter_context(served(storage)) for storage in behind]
        doors = [storage_url, storage_url, *servers]
        writers = [
            stack.enter_context(child(add_lines, door, "s", writer, to_trial))[1]
            for writer, door in enumerate(doors)
        ]
        for connection in writers:
            assert connection.recv() == "ready"
        for connection in writers:
            connection.send("go")
        path = f"/studies/0-{study_id}" + ("/trials/0" if to_trial else "") + "/note"
        refused = by_page(servers[0], path, WRITERS)
        refused += sum(connection.recv() for connection in writers)

        study = trimtab.load_study(study_name="s", storage=behind[1])
        owner = behind[1].trial(study_id, 0) if to_trial else study
        lines = get_note(owner, study=study).split()
        expected = {f"{writer}:{line}" for writer in range(WRITERS + 1) for line in range(LINES)}
        assert sorted(lines) == sorted(expected)
        assert load_note(owner, study=study).version == len(expected)
        assert refused > 0, "they never met: this tried nothing"
