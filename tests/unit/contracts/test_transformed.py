"""What CloudFormation creates, beyond what the template shows."""

import os
from pathlib import Path
from typing import Any

from tests.unit.contracts.template import ROOT, template
from tests.unit.contracts.transformed import of_type


def test_the_api_has_one_stage_and_it_is_ours() -> None:
    """SAM adds a second, public one named Stage where the template does not say which OpenAPI it speaks."""
    assert [stage["StageName"] for stage in of_type("AWS::ApiGateway::Stage").values()] == [{"Ref": "Environment"}]
    assert all("StageName" not in made for made in of_type("AWS::ApiGateway::Deployment").values())


CONSOLE = {"/console", "/console/{file}"}  # the same for everyone, and holds nothing of anybody
SIGNED_BY_SLACK = "/slack/interactions"


def test_every_path_of_the_api_asks_for_a_key() -> None:
    (api,) = of_type("AWS::ApiGateway::RestApi").values()
    assert api["Body"]["components"]["securitySchemes"].keys() == {"ApiKey"}
    assert api["Body"]["paths"]
    for path, methods in api["Body"]["paths"].items():
        if path in {*CONSOLE, SIGNED_BY_SLACK}:
            assert [one["security"] for one in methods.values()] == [[{"NONE": []}]], path
            continue
        asked = {method: scheme for method, given in methods.items() for one in given["security"] for scheme in one}
        assert asked.pop("options", None) == "NONE", f"{path}: AuthorizeFunction needs an event for its OPTIONS"
        assert set(asked.values()) == {"ApiKey"}, path


def test_a_function_streams_on_all_its_routes_or_on_none() -> None:
    """Its answers have one form: the other kind of integration could not read them."""
    (api,) = of_type("AWS::ApiGateway::RestApi").values()
    wrapped = "AWS_LAMBDA_EXEC_WRAPPER"
    functions = of_type("AWS::Lambda::Function").items()
    streaming = {name for name, function in functions if wrapped in function["Environment"]["Variables"]}
    assert streaming == {"InferenceFunction"}
    for path, methods in api["Body"]["paths"].items():
        for method in methods.values():
            integration = method["x-amazon-apigateway-integration"]
            name = integration["uri"]["Fn::Sub"].partition("${")[2].rpartition("${")[2].partition(".")[0]
            streams = integration.get("responseTransferMode") == "STREAM"
            assert streams == (name in streaming), path
            assert streams == integration["uri"]["Fn::Sub"].endswith("/response-streaming-invocations")
            if streams:
                assert integration["timeoutInMillis"] == 900_000
    for name in streaming:
        wrapper = functions_wrapper(template()["Resources"][name]["Properties"])
        assert os.access(wrapper, os.X_OK), wrapper  # Lambda starts it


def functions_wrapper(function: dict[str, Any]) -> Path:
    root, _, name = function["Environment"]["Variables"]["AWS_LAMBDA_EXEC_WRAPPER"].rpartition("/")
    assert root == "/var/task"
    wrapper: Path = ROOT / str(function["CodeUri"]) / name
    return wrapper


def test_no_function_reserves_concurrency() -> None:
    """An account that may run 10 functions at once, as many new ones, must keep them all unreserved: it refuses any
    reservation, and the stack with it."""
    functions = of_type("AWS::Lambda::Function")
    assert functions
    assert not [name for name, function in functions.items() if "ReservedConcurrentExecutions" in function]


def test_api_gateways_own_errors_can_be_read_by_pages_where_any_are_allowed() -> None:
    (api,) = of_type("AWS::ApiGateway::RestApi").values()
    for response in api["Body"]["x-amazon-apigateway-gateway-responses"].values():
        parameters = response["responseParameters"]
        condition, value, otherwise = parameters["gatewayresponse.header.access-control-allow-origin"]["Fn::If"]
        assert (condition, value, otherwise) == ("HasAllowedOrigins", "'*'", {"Ref": "AWS::NoValue"})
        assert "x-request-id" in parameters["gatewayresponse.header.access-control-expose-headers"]["Fn::If"][1]
