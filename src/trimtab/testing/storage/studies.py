"""Promises about studies."""

from __future__ import annotations

import math
import secrets
import unicodedata
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.errors import (
    AttributeConflict,
    DuplicateStudy,
    InvalidArgument,
    InvalidType,
    UnknownStudy,
)
from trimtab.records import StudyDirection, parse_directions
from trimtab.storage import Storage, Ticket
from trimtab.testing.storage.base import (
    FOREVER,
    complete,
    few_examples,
    new_study,
    started,
)

MINIMIZE = parse_directions("minimize")

names = (
    st.text(
        st.characters(exclude_categories=("Cc", "Cs")),
        min_size=1,
        max_size=60,
    )
    .map(lambda text: unicodedata.normalize("NFC", text))
    .filter(lambda text: 0 < len(text) <= 200)
)
"""Names that may be one; control characters and lone surrogates may not."""


class StudyPromises:
    """Studies: made once, found by exact name, changed and deleted."""

    def test_a_study_that_is_made_again_is_the_same(self, storage: Storage) -> None:
        name = f"again {uuid.uuid4()}"
        token = secrets.randbits(62)
        made = storage.create_study(name, MINIMIZE, Ticket(token))
        assert storage.create_study(name, MINIMIZE, Ticket(token, again=True)) == made
        for other in (None, Ticket(token + 1, again=True)):
            with pytest.raises(DuplicateStudy):
                storage.create_study(name, MINIMIZE, other)
        assert storage.find_study(name) == made
        assert made.system_attrs == {}

    def test_a_new_study_is_empty(self, storage: Storage) -> None:
        record = storage.create_study("a", parse_directions(("minimize", "maximize")))
        assert record.directions == (StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE)
        assert (record.name, record.metric_names, record.archived) == ("a", None, False)
        assert record.created > 1_600_000_000_000_000
        assert storage.study(record.id) == storage.find_study("a") == record
        assert len(storage.history(record.id)) == 0
        assert storage.changes(record.id, 0).trials == ()

    def test_a_name_is_taken_once(self, storage: Storage) -> None:
        storage.create_study("a", MINIMIZE)
        with pytest.raises(DuplicateStudy, match="'a'"):
            storage.create_study("a", MINIMIZE)
        assert len(storage.studies()) == 1

    @pytest.mark.parametrize(
        ("one", "other"),
        [("a", "A"), ("a", "a "), ("a", " a"), ("e", "é"), ("ß", "ss"), ("ı", "i"), ("a", "a%")],
    )
    def test_names_are_told_apart_to_the_byte(self, storage: Storage, one: str, other: str) -> None:
        first = storage.create_study(one, MINIMIZE)
        with pytest.raises(UnknownStudy):
            storage.find_study(other)
        second = storage.create_study(other, MINIMIZE)
        assert storage.find_study(one).id == first.id
        assert storage.find_study(other).id == second.id
        storage.set_study_attrs(first.id, user={one: 1, other: 2})
        assert storage.study(first.id).user_attrs == {one: 1, other: 2}

    @few_examples
    @given(name=names)
    def test_any_allowed_name_comes_back(self, storage: Storage, name: str) -> None:
        unique = f"{name}{uuid.uuid4().hex}"
        record = storage.create_study(unique, MINIMIZE)
        assert storage.find_study(unique) == record
        assert storage.study(record.id).name == unique
        storage.set_study_attrs(record.id, user={name: name})
        assert storage.study(record.id).user_attrs == {name: name}

    @pytest.mark.parametrize(
        "name", ["", "a\x00b", "a\nb", "x" * 256, "\ud800", unicodedata.normalize("NFD", "é")]
    )
    def test_a_name_that_cannot_be_one_is_refused(self, storage: Storage, name: str) -> None:
        study_id = new_study(storage)
        before = storage.studies()
        with pytest.raises(InvalidArgument):
            storage.create_study(name, MINIMIZE)
        with pytest.raises(InvalidArgument):
            storage.update_study(study_id, name=name)
        with pytest.raises(InvalidArgument):
            storage.set_study_attrs(study_id, user={"good": 1, name: 1})
        assert storage.studies() == before

    def test_studies_are_listed_in_the_order_of_creation(self, storage: Storage) -> None:
        for name in ("b", "c", "a"):
            storage.create_study(name, MINIMIZE)
        assert [record.name for record in storage.studies()] == ["b", "c", "a"]

    def test_renaming(self, storage: Storage) -> None:
        first, second = storage.create_study("a", MINIMIZE), storage.create_study("b", MINIMIZE)
        with pytest.raises(DuplicateStudy):
            storage.update_study(second.id, name="a")
        assert storage.update_study(second.id, name="b").name == "b"
        storage.update_study(first.id, name="c")
        assert storage.find_study("c").id == first.id
        with pytest.raises(UnknownStudy):
            storage.find_study("a")
        assert storage.create_study("a", MINIMIZE).id not in (first.id, second.id)

    def test_what_is_not_given_stays(self, storage: Storage) -> None:
        study_id = new_study(storage, ("minimize", "maximize"))
        storage.set_study_attrs(study_id, user={"k": 1})
        storage.update_study(study_id, metric_names=("loss", "accuracy"))
        changed = storage.update_study(study_id, archived=True)
        assert changed.metric_names == ("loss", "accuracy")
        assert changed.archived
        assert changed.user_attrs == {"k": 1}
        assert storage.study(study_id) == changed
        assert not storage.update_study(study_id, archived=False).archived

    def test_metric_names_must_match_the_objectives(self, storage: Storage) -> None:
        study_id = new_study(storage, ("minimize", "maximize"))
        with pytest.raises(InvalidArgument, match="2 names"):
            storage.update_study(study_id, metric_names=("loss",))
        assert storage.study(study_id).metric_names is None

    def test_attributes_are_set_and_removed(self, storage: Storage) -> None:
        study_id = new_study(storage)
        value = {"nested": [1, 2.5, None, True, "é"], "tuple": (1, 2), "inf": -math.inf}
        storage.set_study_attrs(study_id, user={"a": value, "b": None}, system={"a": 1, "b": 2})
        record = storage.study(study_id)
        assert record.user_attrs == {"a": value, "b": None}
        assert record.system_attrs == {"a": 1, "b": 2}
        storage.set_study_attrs(study_id, user={"a": 3}, system={"a": None, "never": None})
        record = storage.study(study_id)
        assert record.user_attrs == {"a": 3, "b": None}
        assert record.system_attrs == {"b": 2}

    def test_attributes_are_set_on_a_condition(self, storage: Storage) -> None:
        study_id = new_study(storage)
        storage.set_study_attrs(study_id, system={"a": (1, {"$b": float("nan")})})
        before = storage.study(study_id)
        for expected in ({"a": None}, {"a": [1]}, {"missing": 0}):
            with pytest.raises(AttributeConflict, match=next(iter(expected))):
                storage.set_study_attrs(study_id, user={"u": 1}, expected=expected)
        assert repr(storage.study(study_id)) == repr(before)
        now = {"a": (1, {"$b": float("nan")}), "missing": None}
        storage.set_study_attrs(study_id, system={"a": None}, expected=now)
        assert storage.study(study_id).system_attrs == {}

    def test_attributes_are_all_set_or_none(self, storage: Storage) -> None:
        study_id = new_study(storage)
        with pytest.raises(InvalidType):
            storage.set_study_attrs(study_id, user={"good": 1, "bad": object()})
        assert storage.study(study_id).user_attrs == {}

    def test_records_are_values(self, storage: Storage) -> None:
        study_id = new_study(storage)
        given_value = {"list": [1]}
        storage.set_study_attrs(study_id, user={"k": given_value})
        given_value["list"].append(2)
        assert storage.study(study_id).user_attrs == {"k": {"list": [1]}}

    def test_every_change_raises_the_revision(self, storage: Storage) -> None:
        study_id = new_study(storage)
        seen = [storage.study(study_id).revision]
        storage.update_study(study_id, archived=True)
        seen.append(storage.study(study_id).revision)
        storage.set_study_attrs(study_id, user={"a": 1})
        seen.append(storage.study(study_id).revision)
        trial = started(storage, study_id)
        seen.append(storage.study(study_id).revision)
        storage.finish(study_id, trial.number, 1, complete(1.0))
        seen.append(storage.study(study_id).revision)
        assert seen == sorted(set(seen))

    def test_a_deleted_study_is_gone(self, storage: Storage) -> None:
        record = storage.create_study("a", MINIMIZE)
        storage.set_study_attrs(record.id, user={"a": 1})
        number = started(storage, record.id).number
        storage.history(record.id)
        storage.delete_study(record.id)
        assert storage.studies() == []
        for call in (
            lambda: storage.find_study("a"),
            lambda: storage.study(record.id),
            lambda: storage.delete_study(record.id),
            lambda: storage.update_study(record.id, name="b"),
            lambda: storage.set_study_attrs(record.id, user={"a": 1}),
            lambda: storage.start(record.id, None, FOREVER),
            lambda: storage.finish(record.id, number, 1, complete(1.0)),
            lambda: storage.trial(record.id, number),
            lambda: storage.changes(record.id, 0),
            lambda: storage.history(record.id),
            lambda: storage.leases(record.id),
            lambda: storage.renew(record.id, {number: 1}, 1.0),
        ):
            with pytest.raises(UnknownStudy):
                call()

    def test_an_id_is_not_given_again(self, storage: Storage) -> None:
        record = storage.create_study("a", MINIMIZE)
        started(storage, record.id)
        storage.history(record.id)
        storage.delete_study(record.id)
        again = storage.create_study("a", MINIMIZE)
        assert again.id != record.id
        assert len(storage.history(again.id)) == 0
