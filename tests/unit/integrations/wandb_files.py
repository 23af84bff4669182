"""What W&B writes into its folder, read back."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

records: Any = pytest.importorskip("wandb.proto.wandb_internal_pb2")


def in_log(data: bytes) -> Iterator[bytes]:
    """The records of a file in the format of LevelDB's logs, after W&B's own seven bytes."""
    assert data[:4] == b":W&B"
    at, whole = 7, b""
    while at < len(data):
        if 32768 - at % 32768 < 7:  # no header fits into the rest of a block
            at += 32768 - at % 32768
            continue
        length, kind = struct.unpack("<HB", data[at + 4 : at + 7])
        whole += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):  # a whole record, or its last part
            yield whole
            whole = b""


class Logged:
    """What lies in one of the files that ``wandb sync`` sends."""

    def __init__(self, file: Path) -> None:
        self.rows: list[dict[str, Any]] = []
        self.config: dict[str, Any] = {}
        self.summary: dict[str, Any] = {}
        self.exit_code: int | None = None
        self.artifacts: list[str] = []
        for data in in_log(file.read_bytes()):
            self._read(records.Record.FromString(data))

    def _read(self, record: Any) -> None:
        kind = record.WhichOneof("record_type")
        if kind == "run":
            self.run = record.run
            self._note(self.config, record.run.config.update)
        elif kind == "config":
            self._note(self.config, record.config.update)
        elif kind == "history":
            row: dict[str, Any] = {}
            self._note(row, record.history.item)
            self.rows.append(row)
        elif kind == "summary":
            self._note(self.summary, record.summary.update)
        elif kind == "exit":
            self.exit_code = record.exit.exit_code
        elif kind == "artifact":
            self.artifacts.append(record.artifact.name)

    @staticmethod
    def _note(into: dict[str, Any], items: Any) -> None:
        for item in items:
            into[item.key or "/".join(item.nested_key)] = json.loads(item.value_json)
