"""The catalogue and the local cloud's Bedrock were written apart, from the same facts.

The stand-in may know less, never something else; Nova it knows whole.
"""

import pytest

from tailor import catalog
from tailor.training.preflight import LISTED
from tailor_local.bedrock import foundation
from tailor_local.bedrock.faults import Faults

STAND_IN = {model.training_id: model for model in foundation.everything()}
SHARED = [model for model in catalog.models() if model.can_be_trained and model.training_id in STAND_IN]


def names(model: catalog.Model) -> str:
    return model.name


def test_nova_is_there() -> None:
    assert {"nova-micro", "nova-lite", "nova-pro", "nova-2-lite"} <= {model.name for model in SHARED}


@pytest.mark.parametrize("model", SHARED, ids=names)
def test_ids_regions_methods_and_teachers(model: catalog.Model) -> None:
    known = STAND_IN[model.training_id]
    for region in {"us-east-1", *model.regions}:
        direct = region in known.direct
        assert model.invoked_in(region) == (known.id if direct else known.profile_in(region))
    assert set(model.regions) == set(known.training_regions)
    kinds = {"on-demand": "ON_DEMAND", "provisioned": "PROVISIONED"}
    assert {kinds[kind] for kind in model.hosting.kinds} == set(known.deployments)
    methods = {
        "FINE_TUNING" if facts.record == "document" else LISTED.get(method, "REINFORCEMENT_FINE_TUNING")
        for method, facts in model.methods.items()
        if facts.bedrock
    }
    teachers = {catalog.model(name).base_id for facts in model.methods.values() for name in facts.teachers}
    if model.family == "llama":
        assert set(foundation.methods(known, Faults())) <= methods
        assert set(known.teachers) <= teachers
    else:
        assert set(foundation.methods(known, Faults())) == methods
        assert set(known.teachers) == teachers


@pytest.mark.parametrize("model", SHARED, ids=names)
def test_the_longest_answer(model: catalog.Model) -> None:
    if model.answers is not None:
        assert model.answers.tokens == STAND_IN[model.training_id].max_output_tokens


@pytest.mark.parametrize("model", [model for model in SHARED if "fine-tuning" in model.methods], ids=names)
def test_every_hyperparameter_that_the_catalogue_allows_is_taken(model: catalog.Model) -> None:
    rules = foundation.hyperparameter_rules(STAND_IN[model.training_id])
    for item in model.method("fine-tuning").hyperparameters.values():
        rule = rules[item.bedrock]
        assert rule["minimum"] <= (item.minimum or 0)
        assert (item.maximum or 0) <= rule["maximum"]
