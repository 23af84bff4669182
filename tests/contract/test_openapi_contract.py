"""The API, held to its own document: requests made of it, answers as it says, never a 5xx."""

import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from starlette.testclient import TestClient

import trimtab
from trimtab.dashboard import SliderWidget, asgi, register_objective_form_widgets
from trimtab.storage import InMemoryStorage

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of libraries below schemathesis
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_headers_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
TOKEN = "a-token-for-tests"
HEADERS = {"authorization": f"Bearer {TOKEN}"}

# What a trial is asked to be may deserve a warning, which the server's log is for.
pytestmark = pytest.mark.filterwarnings("default")


class Served:
    """The app, with a study that is there whatever was deleted before."""

    def __init__(self, folder: Path) -> None:
        self.storage = InMemoryStorage()
        self.app = asgi(self.storage, folder, token=TOKEN)
        self.refill()

    def refill(self) -> None:
        """Make the study 0-1 anew where it is gone, with trials that run and that have ended."""
        if 1 in {record.id for record in self.storage.studies()}:
            return
        self.storage.__init__()  # type: ignore[misc]  # it begins anew
        study = trimtab.create_study(storage=self.storage, study_name="s")
        study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
        register_objective_form_widgets(study, [SliderWidget(min=0, max=5)])
        study.ask()


with TestClient(asgi(InMemoryStorage(), token=TOKEN), base_url="http://localhost") as client:
    schema = schemathesis.openapi.from_dict(client.get("/api/openapi.json", headers=HEADERS).json())


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Served:
    return Served(tmp_path_factory.mktemp("files"))


@schema.parametrize()
@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_the_document_is_kept(case: Any, served: Served) -> None:
    served.refill()
    there = {"ref": "0-1", "store": "0", "number": _number(case)}
    given = case.path_parameters or {}
    case.path_parameters = given | {name: there[name] for name in there if name in given}
    case.call_and_validate(
        app=served.app, base_url="http://localhost", headers=HEADERS, checks=CHECKS
    )


def _number(case: Any) -> Any:
    """A trial that is there, mostly."""
    number = (case.path_parameters or {}).get("number")
    return number % 5 if isinstance(number, int) else number
