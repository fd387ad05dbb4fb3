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
    assert known.invoke_id == (model.profile or model.id)
    if not model.retired:
        assert list(known.regions) == model.training_regions
        assert {METHODS[name] for name in known.methods} >= set(model.methods)


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


def test_models_are_trained_in_their_regions_only() -> None:
    assert foundation.trained("amazon.nova-lite-v1:0:300k", EAST).name == "Nova Lite"
    with pytest.raises(ServiceError, match="The provided model identifier is invalid"):
        foundation.trained("amazon.nova-lite-v1:0:300k", WEST)


def test_retired_models_are_there_only_where_offered() -> None:
    offered = Faults(offer={"CONTINUED_PRE_TRAINING": ("amazon.titan-text-lite-v1:0:4k",)})
    assert "amazon.titan-text-lite-v1" not in {entry["modelId"] for entry in foundation.details(EAST, Faults())}
    assert "amazon.titan-text-lite-v1" in {entry["modelId"] for entry in foundation.details(EAST, offered)}
