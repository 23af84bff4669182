"""What the API takes and gives: shapes that requests are checked by and that OpenAPI tells of."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from fastapi import Header, Path, Query
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt

Json = Any
"""Any JSON. Numbers that JSON lacks are written ``{"$float": "nan"}``, ``"inf"``, ``"-inf"``."""

LARGEST_PAGE: Final = 1000
MOST_ATTRIBUTES: Final = 1000
"""Attributes that one request may set."""

Ref = Annotated[
    str, Path(description="A study: the storage's key, a hyphen, the study's id.", examples=["0-1"])
]
Number = Annotated[int, Path(ge=0, lt=1 << 63, description="A trial's number in its study.")]
ArtifactId = Annotated[str, Path(description="An artifact's id.", max_length=64)]
Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="How many at most.")]
Archived = Annotated[bool, Query(description="Whether those set aside are among them.")]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=128,
        description="Of your choice: a request that is sent again with it is not done again.",
    ),
]

KeyAttempt = Annotated[
    int | None,
    Header(
        alias="Idempotency-Attempt",
        ge=1,
        lt=1 << 31,
        description="How often the request has been sent with its key, this time included. A "
        "server that was started since the first time then knows it in any case, not only in its "
        "first ten minutes.",
    ),
]

Name = Annotated[str, Field(min_length=1, max_length=255)]
Attributes = Annotated[dict[str, Json], Field(max_length=MOST_ATTRIBUTES)]
Direction = Literal["minimize", "maximize"]
State = Literal["RUNNING", "COMPLETE", "PRUNED", "FAIL", "WAITING", "PAUSED"]
Attempt = Annotated[
    StrictInt | None,
    Field(description="Which attempt speaks, as `ask` said: one that was reclaimed is refused."),
]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Fault(BaseModel):
    """What went wrong."""

    type: str = Field(description="A class of `trimtab.errors`, or a name of the status.")
    message: str = Field(description="For people: what was expected, what came.")
    argument: str | None = Field(description="Which argument is at fault, where one is.")
    detail: Json = Field(description="What else is known, by type.")


class Failure(BaseModel):
    """The one shape of every error."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "error": {
                    "type": "UnknownStudy",
                    "message": "`study_name`: expected a study of this storage, got 7.",
                    "argument": None,
                    "detail": None,
                }
            }
        }
    )
    error: Fault


class Result(BaseModel):
    """What a method of a storage returned."""

    result: Json


class Study(BaseModel):
    """A study."""

    ref: str = Field(examples=["0-1"])
    name: str
    directions: list[Direction]
    metric_names: list[str] | None
    user_attrs: dict[str, Json]
    created: datetime.datetime | None
    archived: bool
    revision: int = Field(description="Grows with every change.")


class StudyItem(Study):
    """A study of a list."""

    counts: dict[State, int] = Field(description="Trials by state.")
    best_value: Json = Field(description="Of a study with one objective.")
    last_activity: datetime.datetime | None


class AbsentStorage(BaseModel):
    """A storage that does not answer."""

    storage: str = Field(description="Its key.", examples=["1"])
    message: str = Field(description="What is wrong with it.")


class StudyList(BaseModel):
    """A page of studies."""

    studies: list[StudyItem]
    absent: list[AbsentStorage] = Field(description="Storages whose studies are missing.")
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page.")


class NewStudy(_Input):
    """A study to be made."""

    name: Name = Field(examples=["sunset"])
    directions: list[Direction] = Field(default=["minimize"], min_length=1, max_length=100)
    metric_names: list[Name] | None = None
    user_attrs: Attributes = {}
    storage: str = Field(default="0", description="Which storage: its key.")


class StudyChange(_Input):
    """What to change of a study; what is absent or null stays."""

    name: Name | None = None
    archived: StrictBool | None = None
    metric_names: list[Name] | None = None
    user_attrs: Attributes = {}


class ReportItem(BaseModel):
    """Metrics at a step."""

    step: int
    metrics: dict[str, Json]
    checkpoint: str | None


class TrialItem(BaseModel):
    """A trial of a list."""

    number: int
    state: State
    values: list[Json] | None
    sems: list[Json] | None
    params: dict[str, Json]
    constraints: dict[str, Json]
    user_attrs: dict[str, Json]
    reason: Json = Field(description="Why it failed.")
    attempt: int
    archived: bool
    started: datetime.datetime | None
    finished: datetime.datetime | None


class Trial(TrialItem):
    """A trial."""

    distributions: dict[str, Json]
    reports: list[ReportItem]


class TrialList(BaseModel):
    """A page of trials, by number."""

    total: int = Field(description="Trials that the filter lets through, on all pages.")
    trials: list[TrialItem]
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page.")


class TrialChange(_Input):
    """What to change of a trial; what is absent or null stays."""

    archived: StrictBool | None = None
    user_attrs: Attributes = {}


class Queued(_Input):
    """Parameters to be tried next."""

    params: dict[str, Json] = Field(examples=[{"lr": 0.01}], max_length=1000)
    user_attrs: Attributes = {}


class Ask(_Input):
    """A trial to be begun."""

    distributions: dict[str, dict[str, Json]] = Field(
        default={},
        max_length=1000,
        description="Parameters to sample, besides those that every trial of the study has.",
        examples=[{"lr": {"type": "float", "low": 1e-5, "high": 0.1, "log": True}}],
    )
    lease: float | None = Field(
        default=None,
        gt=0,
        le=1e9,
        description="Seconds after which another may take it over unless it is told (in an "
        "experiment: after which it fails); null: never.",
    )
    fixed_features: dict[str, Json] = Field(
        default={},
        max_length=1000,
        description="Of an experiment: values, by name, that the parameters are to have.",
    )


class Tell(_Input):
    """How a trial ended."""

    state: Literal["COMPLETE", "PRUNED", "FAIL"] = "COMPLETE"
    values: list[Json] | float | None = Field(
        default=None, description="One finite number per objective.", examples=[[0.25]]
    )
    sems: list[float | None] | None = Field(default=None, description="Their standard errors.")
    reason: str | None = Field(default=None, max_length=10_000, description="Why it failed.")
    attempt: Attempt = None
    user_attrs: Attributes = {}
    constraints: dict[str, Json] = Field(default={}, max_length=MOST_ATTRIBUTES)


class Complete(_Input):
    """What came of a trial of an experiment."""

    raw_data: Json = Field(
        description="A mean; a mean and its standard error (0 noiseless, null unknown) as a list "
        "of two; or an object of either by metric; of a batch, an object of these by arm.",
        examples=[{"loss": [0.25, 0.01], "cost": 3}],
    )
    attempt: Attempt = None


class Report(_Input):
    """Metrics of a running trial at a step."""

    step: StrictInt
    metrics: dict[str, Json] = Field(examples=[{"value": 0.5}], max_length=1000)
    checkpoint: Name | None = None
    attempt: Attempt = None


class Verdict(BaseModel):
    """What the study's pruner makes of a report."""

    should_prune: bool


class Artifact(BaseModel):
    """A file of a study or trial."""

    id: str
    filename: str = Field(description="A label; never a path.")
    mimetype: str
    encoding: str | None
    size: int | None
    sha256: str | None
    created: datetime.datetime | None


class ArtifactList(BaseModel):
    """All files of a study or trial, oldest first."""

    artifacts: list[Artifact]


class Note(BaseModel):
    """Markdown about a study or trial."""

    body: str
    version: int = Field(description="How often it was saved.")


class NewNote(_Input):
    """A note in place of the one before."""

    body: str = Field(max_length=1_000_000)
    version: StrictInt | None = Field(
        default=None, description="Save only over this version; null: over any."
    )


class Rating(BaseModel):
    """What one person said of one trial."""

    rater: str
    answers: list[float | str]
    when: datetime.datetime | None


class RatingList(BaseModel):
    """All ratings of a trial, oldest first."""

    ratings: list[Rating]


class NewRating(_Input):
    """What a rater says now."""

    answers: list[StrictFloat | str | None] = Field(
        max_length=100,
        description="One per widget of the study's form; null for one that reads an attribute.",
        examples=[[3]],
    )


class Queue(BaseModel):
    """Trials that wait for a rater."""

    total: int
    numbers: list[int]


_MEANINGS: Final[Mapping[int, str]] = {
    400: "The body cannot be read.",
    401: "No token, or another one than the server's.",
    403: "The server was started with --read-only.",
    404: "There is no such study, trial or artifact.",
    409: "It changed meanwhile, or the name is taken.",
    410: "The artifact is known; its content is gone or damaged.",
    413: "The body is too large.",
    422: "An argument cannot be what it is.",
    501: "What is needed for it is not set up.",
    503: "The storage does not answer; try again.",
    507: "The storage is full.",
}


def failures(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The documented errors of a route, besides those that every route has."""
    return {
        status: {"model": Failure, "description": _MEANINGS[status]}
        for status in sorted({401, 422, 503, *statuses})
    }


READING: Final = failures(404)
WRITING: Final = failures(400, 403, 404, 409, 413, 507)
