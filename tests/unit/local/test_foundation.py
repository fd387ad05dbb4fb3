"""The stand-in's facts agree with Tailor's catalogue, which was written apart from them."""

import pytest

from tailor import catalog
from tailor_local.bedrock import foundation
from tailor_local.bedrock.errors import ServiceError
from tailor_local.bedrock.faults import Faults
from tailor_local.bedrock.platform import Scope

EAST, WEST = Scope("123456789012", "us-east-1"), Scope("123456789012", "us-west-2")
METHODS = {
    "fine-tuning": "FINE_TUNING",
    "distillation": "DISTILLATION",
    "reinforcement": "REINFORCEMENT_FINE_TUNING",
}


@pytest.mark.parametrize("model", foundation.everything(), ids=lambda model: model.id)
def test_the_catalogue_says_the_same(model: foundation.FoundationModel) -> None:
    known = next(entry for entry in catalog.models() if entry.training_id == model.training_id)
    for region in model.regions:
        direct = region in model.direct
        assert known.invoked_in(region) == (model.id if direct else model.profile_in(region))
    if not model.retired:
        assert list(known.regions) == model.training_regions
        of_its_own = [name for name, facts in known.methods.items() if facts.record != "document" and facts.bedrock]
        assert {METHODS[name] for name in of_its_own} >= set(model.methods)


def test_ids_are_invoked_as_documented() -> None:
    assert foundation.invoked("amazon.nova-lite-v1:0", EAST, Faults()).name == "Nova Lite"
    assert foundation.invoked("us.amazon.nova-2-lite-v1:0", EAST, Faults()).name == "Nova 2 Lite"
    arn = EAST.arn("inference-profile", "us.amazon.nova-2-lite-v1:0")
    assert foundation.invoked(arn, EAST, Faults()).name == "Nova 2 Lite"
    with pytest.raises(ServiceError, match="Retry your request with the ID or ARN of an inference profile"):
        foundation.invoked("amazon.nova-2-lite-v1:0", EAST, Faults())
    with pytest.raises(ServiceError) as suffixed:
        foundation.invoked("amazon.nova-lite-v1:0:300k", EAST, Faults())
    assert suffixed.value.code == "ResourceNotFoundException"


IRELAND, TOKYO = Scope("123456789012", "eu-west-1"), Scope("123456789012", "ap-northeast-1")


@pytest.mark.parametrize(
    ("scope", "profile"),
    [
        (WEST, "us.amazon.nova-lite-v1:0"),
        (IRELAND, "eu.amazon.nova-lite-v1:0"),
        (TOKYO, "apac.amazon.nova-lite-v1:0"),
    ],
    ids=["us-west-2", "eu-west-1", "ap-northeast-1"],
)
def test_outside_us_east_1_nova_answers_through_its_geographys_profile_only(scope: Scope, profile: str) -> None:
    with pytest.raises(ServiceError) as refused:
        foundation.invoked("amazon.nova-lite-v1:0", scope, Faults())
    assert refused.value.code == "ValidationException"
    assert refused.value.message == (
        "Invocation of model ID amazon.nova-lite-v1:0 with on-demand throughput isn’t supported. Retry your request "
        "with the ID or ARN of an inference profile that contains this model."
    )
    assert foundation.invoked(profile, scope, Faults()).name == "Nova Lite"
    assert catalog.model("nova-lite").invoked_in(scope.region) == profile
    others = {"us", "eu", "apac"} - {profile.partition(".")[0]}
    for other in others:
        with pytest.raises(ServiceError, match="The provided model identifier is invalid"):
            foundation.invoked(f"{other}.amazon.nova-lite-v1:0", scope, Faults())
    listed = {entry["modelId"]: entry["inferenceTypesSupported"] for entry in foundation.details(scope, Faults())}
    assert listed["amazon.nova-lite-v1:0"] == []


def test_in_us_east_1_both_the_plain_id_and_the_profile_answer() -> None:
    for identifier in ("amazon.nova-lite-v1:0", "us.amazon.nova-lite-v1:0"):
        assert foundation.invoked(identifier, EAST, Faults()).name == "Nova Lite"


def test_models_are_trained_in_their_regions_only() -> None:
    assert foundation.trained("amazon.nova-lite-v1:0:300k", EAST).name == "Nova Lite"
    with pytest.raises(ServiceError, match="The provided model identifier is invalid"):
        foundation.trained("amazon.nova-lite-v1:0:300k", WEST)


def test_retired_models_are_there_only_where_offered() -> None:
    offered = Faults(offer={"CONTINUED_PRE_TRAINING": ("amazon.titan-text-lite-v1:0:4k",)})
    assert "amazon.titan-text-lite-v1" not in {entry["modelId"] for entry in foundation.details(EAST, Faults())}
    assert "amazon.titan-text-lite-v1" in {entry["modelId"] for entry in foundation.details(EAST, offered)}
