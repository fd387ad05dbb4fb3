"""The local cloud's Price List and Service Quotas answer as botocore's models say, and Tailor reads them."""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from botocore.model import ListShape, Shape, StructureShape

from tailor import catalog
from tailor.training.price_list import amount_in
from tailor_local import quotas
from tailor_local.account import SERVICES, Account
from tailor_local.bedrock import wire
from tailor_local.bedrock.faults import Desk, Faults, read
from tailor_local.bedrock.platform import Scope

TRAINING = "USE1-NovaLite-Customization-Training"


class Somebody:
    """A caller in a Region who may do what ``allowed`` names."""

    def __init__(self, region: str = "us-east-1", allowed: tuple[str, ...] = ("pricing:GetProducts",)) -> None:
        self.region, self.allowed = region, allowed

    def scope(self) -> Scope:
        return Scope("123456789012", self.region)

    def denial(self, headers: object, action: str, resource: str, context: object) -> str | None:
        return None if action in self.allowed and resource == "*" else f"not authorized to perform: {action}"


ALLOWED = ("pricing:GetProducts", "servicequotas:ListServiceQuotas", "servicequotas:GetServiceQuota")


def asked(
    name: str,
    operation: str,
    request: Mapping[str, Any],
    platform: Somebody | None = None,
    faults: Faults | None = None,
) -> tuple[int, dict[str, Any]]:
    desk = Desk(faults or Faults())
    account = Account(platform or Somebody(allowed=ALLOWED), desk, lambda key: quotas.QUOTAS[key].new)
    target = f"{SERVICES[name].target}.{operation}"
    status, _, body = account.answer(name, {"x-amz-target": target}, json.dumps(request).encode())
    document = json.loads(body)
    if status == 200:
        model = wire.service_model(SERVICES[name].model).operation_model(operation)
        assert model.output_shape
        assert list(_strangers(model.output_shape, document)) == []
    return status, document


def _strangers(shape: Shape, value: Any, path: str = "") -> Any:
    """What of an answer botocore's model does not know, or has another type."""
    if isinstance(shape, StructureShape):
        for name, each in value.items():
            if name not in shape.members:
                yield f"{path}.{name}"
            else:
                yield from _strangers(shape.members[name], each, f"{path}.{name}")
    elif isinstance(shape, ListShape):
        for each in value:
            yield from _strangers(shape.member, each, path)
    elif not isinstance(value, {"string": str, "double": float, "boolean": bool, "integer": int}[shape.type_name]):
        yield path


def products(usage_type: str, **more: Any) -> list[str]:
    filters = [{"Type": "TERM_MATCH", "Field": "usagetype", "Value": usage_type}]
    status, answer = asked("pricing", "GetProducts", {"ServiceCode": "AmazonBedrock", "Filters": filters}, **more)
    assert status == 200
    return list(answer["PriceList"])


@pytest.mark.parametrize("service", SERVICES.values(), ids=lambda service: service.model)
def test_targets_are_those_of_botocore(service: Any) -> None:
    model = wire.service_model(service.model)
    assert model.metadata["targetPrefix"] == service.target
    assert model.metadata["protocol"] == "json"
    assert set(service.operations) <= set(model.operation_names)


def test_prices_of_the_list_are_those_of_the_catalogue_where_both_have_one() -> None:
    compared = 0
    for model in catalog.models():
        for region in ("us-east-1", "us-west-2"):
            for item, usage_type in model.usage_types(region).items():
                found, known = amount_in(products(usage_type), usage_type, item), model.price(item, region)
                if found is not None and known is not None:
                    compared += 1
                    assert found == known.amount, usage_type
    assert compared > 20


def test_training_nova_lite_has_no_price_unless_the_faults_give_one() -> None:
    assert products(TRAINING) == []
    given = products(TRAINING, faults=read(f'{{"prices": {{"{TRAINING}": 0.002}}}}'))
    assert amount_in(given, TRAINING, "training") == Decimal("0.002")
    micro = "USE1-NovaMicro-Customization-Training"
    assert amount_in(products(micro, faults=Faults(prices={micro: 0.004})), micro, "training") == Decimal("0.004")


def test_every_figure_says_that_it_is_the_local_clouds() -> None:
    status, answer = asked("pricing", "GetProducts", {"ServiceCode": "AmazonBedrock"})
    assert status == 200
    assert len(answer["PriceList"]) > 20
    assert all("a figure of the local cloud" in product for product in answer["PriceList"])


def test_the_list_comes_in_pages() -> None:
    request: dict[str, Any] = {"ServiceCode": "AmazonBedrock", "MaxResults": 7}
    found = []
    while True:
        _, answer = asked("pricing", "GetProducts", request)
        found += answer["PriceList"]
        if "NextToken" not in answer:
            break
        request["NextToken"] = answer["NextToken"]
    assert len(found) == len(set(found)) > 20
    assert asked("pricing", "GetProducts", request | {"NextToken": "x"})[1]["__type"] == "InvalidNextTokenException"


@pytest.mark.parametrize(
    ("request_", "platform", "code", "says"),
    [
        ({}, Somebody(), "ValidationException", "ServiceCode"),
        ({"ServiceCode": "AmazonEC2"}, Somebody(), "InvalidParameterException", "AmazonEC2"),
        ({"ServiceCode": "AmazonBedrock", "MaxResults": 101}, Somebody(), "ValidationException", "MaxResults"),
        ({"ServiceCode": "AmazonBedrock"}, Somebody(allowed=()), "AccessDeniedException", "pricing:GetProducts"),
        ({"ServiceCode": "AmazonBedrock"}, Somebody("us-west-2"), "UnknownOperationException", "no endpoint"),
    ],
)
def test_the_list_refuses_in_words(request_: dict[str, Any], platform: Somebody, code: str, says: str) -> None:
    status, answer = asked("pricing", "GetProducts", request_, platform)
    assert (status, answer["__type"]) == (400, code)
    assert says in answer["message"]


def test_quotas_are_told_as_they_hold_here() -> None:
    status, answer = asked("servicequotas", "ListServiceQuotas", {"ServiceCode": "bedrock"})
    assert status == 200
    value = {quota["QuotaName"]: quota["Value"] for quota in answer["Quotas"]}
    assert value["(Model customization) Scheduled customization jobs"] == quotas.QUOTAS["jobs"].new
    custom = "(Model customization) Sum of on demand custom model deployment requests per minute for Amazon Nova Lite"
    assert value[custom] == quotas.QUOTAS["custom-requests-a-minute"].new == 4
    codes = [quota["QuotaCode"] for quota in answer["Quotas"]]
    assert len(codes) == len(set(codes))
    _, functions = asked("servicequotas", "GetServiceQuota", {"ServiceCode": "lambda", "QuotaCode": "L-B99A9384"})
    assert functions["Quota"]["Value"] == 10


def test_what_service_quotas_does_not_know_it_says() -> None:
    for operation, request in (
        ("ListServiceQuotas", {"ServiceCode": "cloudless"}),
        ("GetServiceQuota", {"ServiceCode": "lambda", "QuotaCode": "L-00000000"}),
    ):
        status, answer = asked("servicequotas", operation, request)
        assert (status, answer["__type"]) == (400, "NoSuchResourceException")


def test_dates_of_the_catalogue_are_no_later_than_the_list() -> None:
    assert all(bill.as_of <= date(2026, 11, 29) for model in catalog.models() for bill in model.observed)
