"""What CloudFormation creates, beyond what the template shows."""

from tests.unit.contracts.transformed import of_type


def test_the_api_has_one_stage_and_it_is_ours() -> None:
    """SAM adds a second, public one named Stage where the template does not say which OpenAPI it speaks."""
    assert [stage["StageName"] for stage in of_type("AWS::ApiGateway::Stage").values()] == [{"Ref": "Environment"}]
    assert all("StageName" not in made for made in of_type("AWS::ApiGateway::Deployment").values())


def test_every_path_of_the_api_asks_for_a_key() -> None:
    (api,) = of_type("AWS::ApiGateway::RestApi").values()
    assert api["Body"]["components"]["securitySchemes"].keys() == {"ApiKey"}
    assert api["Body"]["paths"]
    for path, methods in api["Body"]["paths"].items():
        asked = {method: scheme for method, given in methods.items() for one in given["security"] for scheme in one}
        assert asked.pop("options", None) == "NONE", f"{path}: AuthorizeFunction needs an event for its OPTIONS"
        assert set(asked.values()) == {"ApiKey"}, path


def test_no_function_reserves_concurrency() -> None:
    """An account that may run 10 functions at once, as many new ones, must keep them all unreserved: it refuses any
    reservation, and the stack with it."""
    functions = of_type("AWS::Lambda::Function")
    assert functions
    assert not [name for name, function in functions.items() if "ReservedConcurrentExecutions" in function]
