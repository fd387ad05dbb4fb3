"""AWS's Price List, for Amazon Bedrock: entries as AWS has them, amounts as public copies do (``price_list.toml``)."""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from tailor_local.account.setting import Setting, page
from tailor_local.bedrock.errors import ServiceError

REGIONS = ("us-east-1", "eu-central-1", "ap-south-1")  # docs.aws.amazon.com/general/latest/gr/billing.html
REGION_OF = {"USE1": "us-east-1", "USW2": "us-west-2"}
SERVICE, SAGEMAKER = "AmazonBedrock", "AmazonSageMaker"


@cache
def _entries() -> tuple[Mapping[str, str], ...]:
    found = tomllib.loads(files("tailor_local.account").joinpath("price_list.toml").read_text())
    return tuple(found["entries"])


def get_products(request: dict[str, Any], setting: Setting) -> dict[str, Any]:
    """Entries whose attributes fit all filters: the list's own answer, a list of JSON documents."""
    if setting.region not in REGIONS:
        raise ServiceError("UnknownOperationException", f"The Price List has no endpoint in {setting.region}.")
    if request["ServiceCode"] not in (SERVICE, SAGEMAKER):
        raise ServiceError("InvalidParameterException", f"Invalid service code: {request['ServiceCode']}.")
    products = [_product(entry) for entry in _all(setting)]
    products = [each for each in products if each["serviceCode"] == request["ServiceCode"]]
    for wanted in request.get("Filters", []):
        if wanted["Type"] != "TERM_MATCH":
            raise ServiceError("InvalidParameterException", f"Filters here are of the type TERM_MATCH: {wanted}.")
        products = [each for each in products if each["product"]["attributes"].get(wanted["Field"]) == wanted["Value"]]
    shown, more = page(request, products, "InvalidNextTokenException")
    return {"FormatVersion": "aws_v1", "PriceList": [json.dumps(product) for product in shown], **more}


def _all(setting: Setting) -> list[Mapping[str, str]]:
    """Return the table's entries and those that the faults add or price otherwise."""
    own = {name: str(amount) for name, amount in setting.faults.prices.items()}
    known = [{**entry, "usd": own.pop(entry["usagetype"], entry["usd"])} for entry in _entries()]
    added = [
        {"usagetype": name, "model": name.split("-")[1], "unit": "1K tokens", "usd": amount}
        for name, amount in own.items()
    ]
    return [*known, *added]


def _product(entry: Mapping[str, str]) -> dict[str, Any]:
    """Return the entry with AWS's nesting, whose inner keys are codes without a meaning to readers."""
    name = entry["usagetype"]
    sku = "LOCAL" + hashlib.sha256(name.encode()).hexdigest()[:11].upper()
    service = SAGEMAKER if ":ml." in name else SERVICE
    custom = "Customization" in name or "custom-model" in name
    return {
        "product": {
            "sku": sku,
            "attributes": {
                "servicecode": service,
                "servicename": "Amazon Bedrock" if service == SERVICE else "Amazon SageMaker",
                "regionCode": REGION_OF[name.split("-")[0]],
                "usagetype": name,
                "model": entry["model"],
                "feature": "Model Customization" if custom else "On-demand Inference",
            },
        },
        "serviceCode": service,
        "terms": {
            "OnDemand": {
                f"{sku}.JRTCKXETXF": {
                    "sku": sku,
                    "effectiveDate": "2026-11-01T00:00:00Z",
                    "offerTermCode": "JRTCKXETXF",
                    "priceDimensions": {
                        f"{sku}.JRTCKXETXF.6YS6EN2CT7": {
                            "unit": entry["unit"],
                            "beginRange": "0",
                            "endRange": "Inf",
                            "description": f"${entry['usd']} per {entry['unit']} (a figure of the local cloud)",
                            "rateCode": f"{sku}.JRTCKXETXF.6YS6EN2CT7",
                            "appliesTo": [],
                            "pricePerUnit": {"USD": f"{float(entry['usd']):.10f}"},
                        }
                    },
                    "termAttributes": {},
                }
            }
        },
        "version": "20261101000000",
        "publicationDate": "2026-11-01T00:00:00Z",
    }
