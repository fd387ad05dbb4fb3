"""What quotas mean for an evaluation; they come from the local cloud's Service Quotas, which has a new account's."""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import pytest

from tailor import catalog
from tailor.errors import NotAllowedError
from tailor.recipe import Recipe
from tailor.training.capacity import ask_for, check_capacity, check_instances, loads, rate_of
from tailor.training.preflight import PreflightCheck
from tailor.training.quote import Basis
from tailor_local import quotas as local
from tailor_local.account import SERVICES, Account
from tailor_local.bedrock.faults import Desk, Faults
from tailor_local.bedrock.platform import Scope

Build = Callable[..., Any]
LITE = catalog.model("nova-lite")
CUSTOM = "(Model customization) Sum of on demand custom model deployment requests per minute for Amazon Nova Lite"


class Anybody:
    def __init__(self, region: str) -> None:
        self.region = region

    def scope(self) -> Scope:
        return Scope("123456789012", self.region)

    def denial(self, *_: object) -> None:
        return None


class Local:
    """The local cloud's Service Quotas, with some quotas changed, by code."""

    def __init__(self, region: str = "us-east-1", changed: Mapping[str, float] = MappingProxyType({})) -> None:
        self.account = Account(Anybody(region), Desk(Faults()), lambda key: local.QUOTAS[key].new)
        self.changed = changed

    def quotas(self, service: str) -> list[Mapping[str, Any]]:
        headers = {"x-amz-target": f"{SERVICES['servicequotas'].target}.ListServiceQuotas"}
        _, _, body = self.account.answer("servicequotas", headers, json.dumps({"ServiceCode": service}).encode())
        found: list[Mapping[str, Any]] = json.loads(body)["Quotas"]
        return [{**quota, "Value": self.changed.get(quota["QuotaCode"], quota["Value"])} for quota in found]


class Refused:
    def quotas(self, service: str) -> list[Mapping[str, Any]]:
        raise NotAllowedError(f"reading the quotas of {service}: not authorized")


def basis(manifest: Build, rows: int = 150, **recipe: Any) -> Basis:
    chosen = Recipe.model_validate({"model": "nova-lite", "evaluation": {"few_shot": 0, "regression": False}} | recipe)
    return Basis(manifest(test=rows), chosen, catalog.model(chosen.model))


def named(checks: list[PreflightCheck]) -> dict[str, PreflightCheck]:
    return {check.name: check for check in checks}


def test_a_new_account_has_no_instances_for_training_jobs() -> None:
    (found,) = check_instances(Local(), LITE, "fine-tuning")
    assert (found.name, found.status) == ("instances", "warning")
    assert found.message.startswith("0 ml.g5.12xlarge at once")
    assert "ml.g5.12xlarge for training job usage" in found.remedy
    (able,) = check_instances(Local(changed={found.remedy.partition("(")[2].partition(")")[0]: 2}), LITE, "fine-tuning")
    assert able.status == "ok"
    assert check_instances(Local(), LITE, "distillation") == []


def test_a_new_account_is_told_what_it_has() -> None:
    found = named(check_capacity(Local(), LITE, "us-east-1"))
    assert list(found) == ["jobs", "deployments", "deploying", "functions", "custom-rate", "base-rate"]
    assert found["jobs"].message.startswith("10 customization jobs")
    assert found["custom-rate"].message == "4 requests and 4,000,000 tokens a minute of a custom Amazon Nova Lite"
    assert found["base-rate"].message.startswith("2,000 requests and ")
    assert found["functions"].status == "warning"
    assert found["functions"].remedy == (
        'ask Service Quotas for "Concurrent executions" (L-B99A9384): 1,000 instead of 10'
    )


def test_quotas_of_model_units_are_told_where_the_model_or_the_recipe_needs_them(manifest: Build) -> None:
    llama = catalog.model("llama-3-1-8b")
    found = named(check_capacity(Local("us-west-2"), llama, "us-west-2"))
    assert found["units"].status == "warning"
    assert found["units"].remedy == (
        'ask Service Quotas for "Model units no-commitment Provisioned Throughputs across custom models" '
        "(L-BE77399C): 1 instead of 0"
    )
    assert "(L-3632DE15): 1 instead of 0" in found["units-of-model"].remedy
    raised = Local("us-west-2", {"L-BE77399C": 2, "L-3632DE15": 1})
    asked = basis(manifest, model="llama-3-1-8b", deployment={"kind": "provisioned", "units": 2})
    found = named(check_capacity(raised, llama, "us-west-2", asked))
    assert (found["units"].status, found["units-of-model"].status) == ("ok", "warning")
    assert found["units-of-model"].remedy.endswith("2 instead of 1")
    assert "units" in named(
        check_capacity(Local(), LITE, "us-east-1", basis(manifest, deployment={"kind": "provisioned"}))
    )


def test_the_slowest_model_says_how_long_the_evaluation_takes_and_what_to_ask_for(manifest: Build) -> None:
    found = named(check_capacity(Local(), LITE, "us-east-1", basis(manifest, rows=960)))["evaluation-time"]
    assert found.status == "warning"
    assert found.message == (
        "the evaluation takes at least 4.0 hours: 960 requests of a custom Amazon Nova Lite at 4 a minute"
    )
    assert f'"{CUSTOM}"' in found.remedy
    assert found.remedy.endswith(": 16 instead of 4")  # 960 in an hour


def test_an_evaluation_of_less_than_an_hour_asks_for_nothing(manifest: Build) -> None:
    found = named(check_capacity(Local(), LITE, "us-east-1", basis(manifest, rows=150)))["evaluation-time"]
    assert (found.status, found.remedy) == ("ok", "")
    assert "at least 38 minutes: 150 requests" in found.message


def test_tokens_decide_where_they_run_out_first(manifest: Build) -> None:
    asked = basis(manifest, rows=100)
    tokens = next(load.tokens for load in loads(asked) if load.custom)
    quotas = Local().quotas("bedrock")
    code = rate_of(LITE, "us-east-1", "tokens", custom=True).find(quotas)["QuotaCode"]  # type: ignore[index]
    found = named(check_capacity(Local(changed={code: tokens / 50}), LITE, "us-east-1", asked))["evaluation-time"]
    assert f"at least 50 minutes: {tokens:,} tokens of a custom" in found.message


def test_every_arm_counts_against_the_quota_of_its_model(manifest: Build) -> None:
    plain = {(load.model.name, load.custom): load.requests for load in loads(basis(manifest, rows=100))}
    assert plain == {("nova-lite", True): 100, ("nova-lite", False): 100}
    full = basis(manifest, rows=100, evaluation={"few_shot": 4, "judge": "nova-pro", "judge_rows": 10})
    more = {(load.model.name, load.custom): load.requests for load in loads(full)}
    assert more["nova-lite", False] > 200  # with worked examples, and the general questions
    assert more["nova-pro", False] == 20
    taught = loads(basis(manifest, rows=100, method="distillation"))
    assert any(load.model.name == "nova-pro" and load.requests == 100 for load in taught)


def test_an_account_without_any_calls_is_told(manifest: Build) -> None:
    none = {"L-E386A278": 0.0, "L-70423BF8": 0.0}  # what new accounts have been seen with
    found = named(check_capacity(Local(changed=none), LITE, "us-east-1", basis(manifest)))
    assert found["base-rate"].status == "warning"
    assert "every call is refused" in found["base-rate"].message
    assert "AWS Support" in found["base-rate"].remedy
    assert "can't be done" in found["evaluation-time"].message


def test_outside_us_east_1_the_profiles_quota_counts() -> None:
    wanted = rate_of(LITE, "us-west-2", "requests", custom=False)
    quota = wanted.find(Local("us-west-2").quotas("bedrock"))
    assert quota is not None
    assert quota["QuotaName"] == "Cross-region model inference requests per minute for Amazon Nova Lite"


@pytest.mark.parametrize(
    "name",
    [
        "On-demand model inference requests per minute for Amazon Nova Lite",
        "On-demand InvokeModel requests per minute for Amazon Nova Lite",
        "On-demand InvokeModel requests per minute for Amazon Nova Lite V1",
    ],
)
def test_a_quota_is_found_by_the_names_that_aws_gives_it(name: str) -> None:
    wanted = rate_of(LITE, "us-east-1", "requests", custom=False)
    assert wanted.find([{"QuotaName": name, "QuotaCode": "L-1"}])
    for other in ("Amazon Nova Lite 2", "Amazon Nova 2 Lite", "Amazon Nova Micro"):
        assert wanted.find([{"QuotaName": name.replace("Amazon Nova Lite", other), "QuotaCode": "L-1"}]) is None


def test_what_may_not_be_read_is_unknown_and_says_what_is_missing(manifest: Build) -> None:
    found = check_capacity(Refused(), LITE, "us-east-1", basis(manifest))
    assert {check.status for check in found} == {"unknown"}
    assert all("not authorized" in check.message for check in found)
    assert all("servicequotas:ListServiceQuotas" in check.remedy for check in found)


def test_what_is_not_listed_is_unknown_without_a_crash(manifest: Build) -> None:
    class Nothing:
        def quotas(self, service: str) -> list[Mapping[str, Any]]:
            return []

    found = check_capacity(Nothing(), LITE, "us-east-1", basis(manifest))
    assert {check.status for check in found} == {"unknown"}
    assert all("lists none by that name" in check.message for check in found)


def test_every_model_that_is_served_on_demand_has_rates_in_the_local_cloud() -> None:
    for model in catalog.models():
        for region in model.regions:
            if "on-demand" in model.hosting.kinds:
                known = Local(region).quotas("bedrock")
                for custom in (True, False):
                    assert rate_of(model, region, "requests", custom=custom).find(known), (model.name, region, custom)


def test_a_quota_that_can_not_be_raised_goes_to_support() -> None:
    fixed = {"QuotaName": "Jobs", "QuotaCode": "L-1", "Value": 10.0, "Adjustable": False}
    assert ask_for(fixed, 20) == 'ask AWS Support (Service Quotas does not raise it) for "Jobs" (L-1): 20 instead of 10'
