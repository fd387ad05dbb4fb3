"""Checks before deploying: what they ask, what they make of the answers, and what they leave."""

import json
from typing import Any

import pytest

from tailor import catalog
from tailor.verify import CHECKS, CLEANERS
from tailor.verify.answer import AwsAnswer
from tailor.verify.check import Check
from tailor.verify.checkout import Checkout, find_checkout
from tailor.verify.cleaning import LONGEST, clean
from tailor.verify.running import CheckResult, run
from tailor.verify.world import begun, session_name
from tests.unit.contracts.template import ROOT, rules
from tests.unit.verify.fakes import NAME, FakeAws, world

COMPLEX = AwsAnswer(
    code="InvalidEventPatternException", message="Event pattern is not valid. Reason: Rule is too complex"
)


def result(id: str, aws: FakeAws, **changes: Any) -> CheckResult:
    check: Check = next(check for check in CHECKS if check.id == id)
    return run(check, world(aws, ROOT, **changes))


def eventbridge(refuses: str) -> FakeAws:
    def put(EventPattern: str, **given: Any) -> Any:  # noqa: N803
        assert given["State"] == "DISABLED"
        assert given["Name"].startswith(f"{NAME}-")
        return COMPLEX if refuses in EventPattern else {"RuleArn": "arn"}

    return FakeAws({("events", "put_rule"): put, ("events", "delete_rule"): {}})


def test_every_rule_of_the_template_is_put_and_deleted_again() -> None:
    aws = eventbridge("not-a-list")
    found = result("rules-accepted", aws)
    assert found.verdict == "as assumed"
    put = [given["EventPattern"] for operation, given in aws.asked if operation == "put_rule"]
    assert len(put) == len(rules()) + 1
    assert {given["Name"] for operation, given in aws.asked if operation == "delete_rule"} == {
        given["Name"] for operation, given in aws.asked if operation == "put_rule"
    } - {f"{NAME}-rule-wrong"}


def test_a_rule_that_is_refused_is_named() -> None:
    found = result("rules-accepted", eventbridge('"deployed"'))
    assert found.verdict == "different"
    assert "EvaluateRule" in found.why
    assert "too complex" in found.why


def test_a_cloud_that_takes_everything_says_nothing() -> None:
    found = result("rules-accepted", eventbridge("no pattern holds this"))
    assert found.why == "a wrong pattern: assumed InvalidEventPatternException, observed accepted"


@pytest.mark.parametrize(
    ("limit", "verdict"), [(3, "different"), (4, "as assumed"), (6, "as assumed"), (8, "different")]
)
def test_where_the_limit_of_wildcards_lies_is_observed(limit: int, verdict: str) -> None:
    def put(EventPattern: str, **_: Any) -> Any:  # noqa: N803
        return {} if EventPattern.count("wildcard") <= limit else COMPLEX

    found = result("rule-complexity", FakeAws({("events", "put_rule"): put, ("events", "delete_rule"): {}}))
    assert found.verdict == verdict
    assert found.observed["most wildcards accepted"] == (limit if limit >= 4 else 0)


def test_a_rule_that_may_not_be_put_says_nothing_of_patterns() -> None:
    denied = AwsAnswer(code="AccessDeniedException", message="not authorized to perform: events:PutRule")
    found = result("rules-accepted", FakeAws({("events", "put_rule"): denied}))
    assert found.verdict == "could not be checked"
    assert "events:PutRule" in found.why


def test_a_check_that_needs_a_checkout_says_so_where_there_is_none() -> None:
    found = result("rules-accepted", FakeAws({}), checkout=None)
    assert (found.verdict, found.why) == (
        "could not be checked",
        "this needs a checkout of Tailor: call it in the folder of template.yaml",
    )


def test_definitions_are_validated_as_they_are_deployed() -> None:
    def validate(definition: str, **_: Any) -> Any:
        states = json.loads(definition)["States"]
        assert "${" not in definition
        return {"result": "FAIL" if "First" in states else "OK", "diagnostics": []}

    aws = FakeAws({("stepfunctions", "validate_state_machine_definition"): validate})
    found = result("state-machines-valid", aws)
    assert found.verdict == "as assumed"
    assert found.observed["machines"] == ["evaluate", "prepare"]


def limits(unreserved: int) -> FakeAws:
    found = {"ConcurrentExecutions": 10, "UnreservedConcurrentExecutions": unreserved, "CodeSizeUnzipped": 250 << 20}
    return FakeAws({("lambda", "get_account_settings"): {"AccountLimit": found}})


def test_a_new_account_has_room_where_nothing_is_reserved() -> None:
    class Unreserving(Checkout):
        reserved_concurrency = 0

    class Reserving(Checkout):
        reserved_concurrency = 1

    assert result("function-concurrency", limits(10), checkout=Unreserving(ROOT)).verdict == "as assumed"
    found = result("function-concurrency", limits(10), checkout=Reserving(ROOT))
    assert found.why == "left for others: assumed at least 10, observed 9"


def bedrock(status: str = "ACTIVE") -> FakeAws:
    known = [model for model in catalog.models() if model.lifecycle.status == "active"]
    missing = AwsAnswer(code="ResourceNotFoundException", message="The provided model identifier is invalid.")

    def get(modelIdentifier: str) -> Any:  # noqa: N803
        named = next((model for model in known if modelIdentifier in model.ids), None)
        said = status if named and named.name == "nova-lite" else "ACTIVE"
        return {"modelDetails": {"modelLifecycle": {"status": said}}} if named else missing

    def offered(byCustomizationType: str) -> Any:  # noqa: N803
        names = [model.training_id for model in known if model.name != "nova-pro" or status == "ACTIVE"]
        return {"modelSummaries": [{"modelId": name} for name in names]}

    return FakeAws({("bedrock", "get_foundation_model"): get, ("bedrock", "list_foundation_models"): offered})


def test_models_are_as_the_catalogue_says_or_are_named() -> None:
    assert result("models-lifecycle", bedrock()).verdict == "as assumed"
    assert "nova-lite LEGACY" in result("models-lifecycle", bedrock("LEGACY")).why
    assert result("models-customizable", bedrock()).verdict == "as assumed"
    assert "nova-pro: fine-tuning" in result("models-customizable", bedrock("LEGACY")).why


def test_a_region_that_the_catalogue_does_not_know_can_not_be_checked() -> None:
    assert result("models-lifecycle", bedrock(), region="eu-north-1").verdict == "could not be checked"


@pytest.mark.parametrize("earlier", [False, True])
def test_only_what_this_call_made_is_removed_or_what_is_too_old_to_be_in_use(earlier: bool) -> None:
    now = 1_800_000_000
    old, young = session_name(now - LONGEST), session_name(now - 60)
    names = [f"{old}-rule-1", f"{young}-rule-2", f"{NAME}-rule-3", "tailor-verify-by-hand", "other"]

    def listed(NamePrefix: str) -> Any:  # noqa: N803
        return {"Rules": [{"Name": name} for name in names if name.startswith(NamePrefix)]}

    aws = FakeAws({("events", "list_rules"): listed, ("events", "delete_rule"): {}})
    place = world(aws)
    rules = [cleaner for cleaner in CLEANERS if cleaner.kind == "rule"]
    assert clean(place, rules, now if earlier else None) == []
    gone = [given["Name"] for operation, given in aws.asked if operation == "delete_rule"]
    assert gone == ([f"{old}-rule-1", f"{NAME}-rule-3"] if earlier else [f"{NAME}-rule-3"])


def test_what_can_not_be_removed_is_told() -> None:
    denied = AwsAnswer(code="AccessDeniedException", message="no")
    listed = {"Rules": [{"Name": f"{NAME}-rule-1"}]}
    rules = [cleaner for cleaner in CLEANERS if cleaner.kind == "rule"]
    place = world(FakeAws({("events", "list_rules"): listed, ("events", "delete_rule"): denied}))
    assert clean(place, rules) == [f"rule {NAME}-rule-1: AccessDeniedException: no"]
    assert clean(world(FakeAws({("events", "list_rules"): denied})), rules) == [
        "rule: could not be looked for: AccessDeniedException: no"
    ]


def test_names_say_when_they_were_made() -> None:
    assert begun(session_name(1_800_000_000) + "-rule-1") == 1_800_000_000
    assert begun("tailor-verify-x") is None


def test_a_checkout_is_found_from_within() -> None:
    found = find_checkout(ROOT / "docs")
    assert found is not None
    assert found.root == ROOT
    assert find_checkout(ROOT.parent) is None


class Build:
    def __init__(self, processors: list[str], largest: int) -> None:
        self._processors, self._largest = processors, largest

    def sizes(self) -> dict[str, int]:
        return {"PrepareFunction": self._largest << 20, "AuthorizeFunction": 60 << 20}

    def processors(self) -> list[str]:
        return self._processors


def test_what_was_built_is_held_against_the_accounts_own_limit() -> None:
    assert result("build-fits", limits(10), build=Build(["arm64"], 200)).verdict == "as assumed"
    large = result("build-fits", limits(10), build=Build(["arm64"], 251))
    assert large.why == "too large: assumed none, observed PrepareFunction"
    mixed = result("build-fits", limits(10), build=Build(["arm64", "x86_64"], 200))
    assert "processors" in mixed.why
    assert result("build-fits", limits(10)).why == "nothing is built: sam build, in a checkout of Tailor"


def quotas(**changes: float | None) -> FakeAws:
    known = {
        "(Model customization) Scheduled customization jobs": 10.0,
        "(Model customization) Custom models per account": 100.0,
        "(Model customization) Total custom model deployments": 10.0,
        "(Model customization) In-progress custom model deployments": 2.0,
    }
    found = {name: changes.get(name.split(") ")[1].split()[0], value) for name, value in known.items()}
    listed = [
        {"QuotaName": name, "QuotaCode": f"L-{number}", "Value": value}
        for number, (name, value) in enumerate(found.items())
        if value is not None
    ]
    return FakeAws({("service-quotas", "list_service_quotas"): {"Quotas": listed}})


def test_quotas_that_are_lower_or_not_named_are_told_and_raised_ones_are_not() -> None:
    assert result("service-quotas", quotas(Total=200.0)).verdict == "as assumed"
    assert result("service-quotas", quotas(Total=5.0)).why == (
        "less than documented: assumed none, observed deployments 5.0"
    )
    assert "Scheduled customization jobs" in result("service-quotas", quotas(Scheduled=None)).why


def test_instances_of_training_jobs_are_looked_for_and_none_is_no_difference() -> None:
    kinds = ("ml.g5.12xlarge", "ml.g5.48xlarge", "ml.p5.48xlarge")
    listed = [{"QuotaName": f"{kind} for training job usage", "QuotaCode": kind, "Value": 0.0} for kind in kinds]
    for known, verdict in ((listed, "as assumed"), (listed[:2], "different")):
        found = result("instance-quotas", FakeAws({("service-quotas", "list_service_quotas"): {"Quotas": known}}))
        assert found.verdict == verdict
    assert found.why == "not named: assumed none, observed ml.p5.48xlarge"


def price_list(amount: str) -> FakeAws:
    def products(Filters: Any, **_: Any) -> Any:  # noqa: N803
        usage_type = Filters[0]["Value"]
        known = next(
            (price.amount for model in catalog.models() for item, name in model.usage_types("us-east-1").items()
             if name == usage_type and (price := model.price(item, "us-east-1"))), None
        )  # fmt: skip
        said = amount if usage_type.endswith("NovaMicro-Customization-Training") else known
        if said is None:
            return {"PriceList": []}
        unit = "1K tokens" if "tokens" in usage_type or "Training" in usage_type else "Model/Month"
        dimension = {"unit": unit, "pricePerUnit": {"USD": str(said)}}
        product = {
            "product": {"attributes": {"usagetype": usage_type}},
            "terms": {"OnDemand": {"a": {"priceDimensions": {"b": dimension}}}},
        }
        return {"PriceList": [json.dumps(product)]}

    return FakeAws({("pricing", "get_products"): products})


def test_a_price_that_changed_is_told() -> None:
    assert result("prices", price_list("0.002")).why.startswith(
        "otherwise than the catalogue says: assumed none, observed nova-micro training 0.002 and not 0.001"
    )
    assert result("prices", FakeAws({}), region="eu-north-1").verdict == "could not be checked"
