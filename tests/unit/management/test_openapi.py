"""docs/openapi.json says what the API does: its paths are the template's, and it names every answer."""

import re
from types import ModuleType
from typing import Any

import pytest
import requests
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
GROUPS = {f"{method} {path}": [(path, method)] for path, method in MANAGED if method != "get"}
GROUPS["reading"] = [(path, method) for path, method in MANAGED if method == "get"]  # changes nothing: asked of one set
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


@pytest.mark.parametrize("operations", GROUPS.values(), ids=GROUPS)
def test_no_request_that_the_document_allows_or_not_is_answered_as_it_does_not_say(
    operations: list[tuple[str, str]], schema: Any, api: Gateway, secret: str
) -> None:
    for path, method in operations:
        _ask_anything(schema[path][method], api, secret)


def _ask_anything(operation: Any, api: Gateway, secret: str) -> None:
    from schemathesis.specs.openapi.checks import positive_data_acceptance

    @settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        if "run" in case.path_parameters:
            case.path_parameters["run"] = IDS[len(str(case.body)) % len(IDS)]
        case.call_and_validate(
            base_url=api.url.removesuffix("/v1"),
            headers={"Authorization": f"Bearer {secret}"},
            session=session,
            # Any text may be the end of a page, as far as a document can say, but a list has few of them.
            excluded_checks=[positive_data_acceptance] if "after" in (case.query or {}) else [],
        )

    with requests.Session() as session:
        ask()
