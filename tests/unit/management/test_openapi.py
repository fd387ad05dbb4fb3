"""docs/openapi.json says what the API does: its paths are the template's, and it names every answer."""

import re
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from tailor.aws.runs import DynamoRunStore
from tailor.aws.serving import ServingTable
from tailor.runs import State
from tailor.serving import keys
from tailor_cli import openapi
from tests.unit.contracts.template import template
from tests.unit.serving.gateway import Gateway
from tests.unit.steps.fakes import a_run

RUN = "colours-scenes-0123456789ab"


def test_the_published_document_is_the_codes() -> None:
    assert openapi.PAGE.read_text("utf-8") == openapi.text(), "run python -m tailor_cli.openapi"


def test_the_template_has_the_documents_paths_and_no_others() -> None:
    routes = {
        (event["Properties"]["Path"], event["Properties"]["Method"])
        for resource in template()["Resources"].values()
        for event in resource.get("Properties", {}).get("Events", {}).values()
        if event["Type"] == "Api"
        and event["Properties"]["Path"].startswith("/v1/")
        and event["Properties"]["Method"] not in ("options", "head")
    }
    paths: dict[str, dict[str, Any]] = openapi.document()["paths"]
    assert routes == {(path, method) for path, methods in paths.items() for method in methods}


APPS = re.compile("chat|responses|usage|^/v1/models(/{id})?$")  # what apps call, not people
MANAGED = [
    (path, method)
    for path, methods in openapi.document()["paths"].items()
    for method in methods
    if not APPS.search(path)
]
IDS = [f"colours-{state}-0123456789ab" for state in (State.AWAITING_APPROVAL, State.TRAINING, State.PASSED, State.LIVE)]


@pytest.fixture
def secret(api: Gateway, runs: DynamoRunStore, store: ServingTable, function: ModuleType) -> str:
    for id in IDS:
        runs.create(a_run(State(id.removeprefix("colours-")[:-13]), id, prefix=f"uploads/colours/{id}/"))
    return keys.create(store, "anyone", ["colours"], scopes=keys.SCOPES)[0]


@pytest.fixture(scope="module")
def schema() -> Any:
    import schemathesis  # not for everybody who collects tests: it takes more than a second

    return schemathesis.openapi.from_dict(openapi.document())


@pytest.mark.parametrize(("path", "method"), MANAGED)
def test_no_request_that_the_document_allows_or_not_is_answered_as_it_does_not_say(
    path: str, method: str, schema: Any, api: Gateway, secret: str
) -> None:
    operation = schema[path][method]

    @settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        if "run" in case.path_parameters:
            case.path_parameters["run"] = IDS[len(str(case.body)) % len(IDS)]
        case.call_and_validate(base_url=api.url.removesuffix("/v1"), headers={"Authorization": f"Bearer {secret}"})

    ask()
