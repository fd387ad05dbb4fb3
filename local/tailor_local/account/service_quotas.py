"""Service Quotas: this account's quotas by AWS's names, with the values that the local cloud enforces.

The names that a public source has are AWS's; a quota whose code no source has gets one here that AWS would not give.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from tailor_local.account.setting import Setting, page
from tailor_local.bedrock import foundation
from tailor_local.bedrock.errors import ServiceError
from tailor_local.quotas import QUOTAS, RAISED

BEDROCK, LAMBDA, SAGEMAKER = "bedrock", "lambda", "sagemaker"


@dataclass(frozen=True, slots=True)
class Entry:
    """``key``: of `tailor_local.quotas`, where the local cloud keeps the quota; None where it only tells of one."""

    service: str
    name: str
    key: str | None
    code: str = ""
    adjustable: bool = False
    value: float = 0


_COUNTS = (
    Entry(BEDROCK, "(Model customization) Scheduled customization jobs", "jobs", "L-0406044C"),
    Entry(BEDROCK, "(Model customization) Custom models per account", "models", adjustable=True),
    Entry(BEDROCK, "(Model customization) Total custom model deployments", "deployments", "L-1EF80F3E", True),
    Entry(
        BEDROCK,
        "(Model customization) In-progress custom model deployments",
        "deployments-in-progress",
        "L-430C95DD",
        True,
    ),
    Entry(
        BEDROCK,
        "Model units no-commitment Provisioned Throughputs across custom models",
        "model-units",
        "L-BE77399C",
        True,
    ),
    *(
        Entry(SAGEMAKER, f"{kind} for training job usage", "training-instances", adjustable=True)
        for kind in ("ml.g5.12xlarge", "ml.g5.48xlarge", "ml.p5.48xlarge")
    ),
    Entry(LAMBDA, "Concurrent executions", "concurrency", "L-B99A9384", True),
)
_ON_DEMAND = "On-demand model inference {} per minute for {} {}"
_CROSS_REGION = "Cross-region model inference {} per minute for {} {}"
_CUSTOM = "(Model customization) Sum of on demand custom model deployment {} per minute for {} {}"
_UNITS = "Model units per provisioned model for"
# Codes as public projects read them from Service Quotas in us-east-1.
_CODES = {
    f"{_UNITS} Meta Llama 3.1 8B Instruct": "L-3632DE15",
    _ON_DEMAND.format("requests", "Amazon", "Nova Micro"): "L-E118F160",
    _ON_DEMAND.format("tokens", "Amazon", "Nova Micro"): "L-CFA4FA0D",
    _CROSS_REGION.format("requests", "Amazon", "Nova Micro"): "L-3F110E0F",
    _ON_DEMAND.format("requests", "Amazon", "Nova Lite"): "L-E386A278",
    _ON_DEMAND.format("tokens", "Amazon", "Nova Lite"): "L-70423BF8",
    _CROSS_REGION.format("requests", "Amazon", "Nova Lite"): "L-89F8391A",
    _CROSS_REGION.format("tokens", "Amazon", "Nova Lite"): "L-7C42E72A",
    _ON_DEMAND.format("requests", "Amazon", "Nova Pro"): "L-F2717A44",
    _ON_DEMAND.format("tokens", "Amazon", "Nova Pro"): "L-CE33604C",
}
TOKENS = 4_000_000  # a minute: the documented default of Nova Lite, which the local cloud does not keep


def _entries(setting: Setting) -> Iterator[Entry]:
    yield from _COUNTS
    for model in foundation.everything():
        if setting.region not in model.regions or model.retired:
            continue
        base = _ON_DEMAND if setting.region in model.direct else _CROSS_REGION
        title = (
            model.provider,
            model.name.removesuffix(" Instruct") + (" Instruct" if model.provider == "Meta" else ""),
        )
        kinds = [(base, "base-requests-a-minute")]
        if "ON_DEMAND" in model.deployments and setting.region in model.training_regions:
            kinds.append((_CUSTOM, "custom-requests-a-minute"))
        if "PROVISIONED" in model.deployments and setting.region in model.training_regions:
            yield Entry(BEDROCK, f"{_UNITS} {' '.join(title)}", "model-units", adjustable=True)
        for name, key in kinds:
            yield Entry(BEDROCK, name.format("requests", *title), key)
            yield Entry(BEDROCK, name.format("tokens", *title), None, value=TOKENS)


def _of(service: str, setting: Setting) -> list[dict[str, Any]]:
    found = [entry for entry in _entries(setting) if entry.service == service]
    if not found:
        raise ServiceError(
            "NoSuchResourceException", "The request failed because the specified service does not exist."
        )
    return [_document(entry, number, setting) for number, entry in enumerate(found)]


def _document(entry: Entry, number: int, setting: Setting) -> dict[str, Any]:
    code = entry.code or _CODES.get(entry.name) or f"L-LOCAL{number:03d}"
    place = f"arn:aws:servicequotas:{setting.region}:{setting.account}"
    return {
        "ServiceCode": entry.service,
        "ServiceName": {BEDROCK: "Amazon Bedrock", LAMBDA: "AWS Lambda", SAGEMAKER: "Amazon SageMaker"}[entry.service],
        "QuotaArn": f"{place}:{entry.service}/{code}",
        "QuotaCode": code,
        "QuotaName": entry.name,
        "Value": float(setting.quota(entry.key) if entry.key else entry.value),
        "Unit": "None",
        "Adjustable": entry.adjustable,
        "GlobalQuota": False,
        "QuotaAppliedAtLevel": "ACCOUNT",
    }


def list_service_quotas(request: dict[str, Any], setting: Setting) -> dict[str, Any]:
    found = _of(request["ServiceCode"], setting)
    if code := request.get("QuotaCode"):
        found = [quota for quota in found if quota["QuotaCode"] == code]
    shown, more = page(request, found, "InvalidPaginationTokenException")
    return {"Quotas": shown, **more}


def list_default_quotas(request: dict[str, Any], setting: Setting) -> dict[str, Any]:
    """List AWS's documented default values, whatever this account has."""
    return list_service_quotas(request, replace(setting, quota=lambda key: RAISED.get(key, QUOTAS[key].new)))


def get_service_quota(request: dict[str, Any], setting: Setting) -> dict[str, Any]:
    for quota in _of(request["ServiceCode"], setting):
        if quota["QuotaCode"] == request["QuotaCode"]:
            return {"Quota": quota}
    raise ServiceError("NoSuchResourceException", "The request failed because the specified quota does not exist.")
