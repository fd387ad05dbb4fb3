"""Serve both services: JSON 1.1, one operation per request, named by its header ``X-Amz-Target``.

Requests are checked against botocore's models, and each caller's permission for the operation, on all resources.
"""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from tailor_local.account import pricing, service_quotas
from tailor_local.account.setting import Setting
from tailor_local.bedrock import validation, wire
from tailor_local.bedrock.errors import ServiceError
from tailor_local.bedrock.faults import Desk
from tailor_local.bedrock.platform import Scope

log = logging.getLogger("tailor.account")
JSON = "application/x-amz-json-1.1"
Operation = Callable[[dict[str, Any], Setting], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Service:
    """``model``: its name in botocore; ``target`` and ``action``: what its targets and its IAM actions begin with."""

    model: str
    target: str
    action: str
    operations: Mapping[str, Operation]


SERVICES: Mapping[str, Service] = {
    "pricing": Service("pricing", "AWSPriceListService", "pricing", {"GetProducts": pricing.get_products}),
    "servicequotas": Service(
        "service-quotas",
        "ServiceQuotasV20190624",
        "servicequotas",
        {
            "ListServiceQuotas": service_quotas.list_service_quotas,
            "ListAWSDefaultServiceQuotas": service_quotas.list_default_quotas,
            "GetServiceQuota": service_quotas.get_service_quota,
        },
    ),
}


class IamPlatform(Protocol):
    """Part of the emulator that these services use; `tailor_local.bedrock.platform.Platform` has it."""

    def scope(self) -> Scope: ...
    def denial(
        self, headers: Mapping[str, str], action: str, resource: str, context: Mapping[str, str]
    ) -> str | None: ...


class Account:
    """``quota``: the account's value of a key of `tailor_local.quotas`."""

    def __init__(self, platform: IamPlatform, desk: Desk, quota: Callable[[str], int]) -> None:
        self._platform, self._desk, self._quota = platform, desk, quota

    def answer(self, name: str, headers: Mapping[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        """``name``: a key of :data:`SERVICES`."""
        service = SERVICES[name]
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        try:
            return 200, {"Content-Type": JSON}, json.dumps(self._act(service, operation, headers, body)).encode()
        except ServiceError as error:
            log.info("%s refused: %s", operation, error.code)
            document = {"__type": error.code, "message": error.message}
            return 400, {"Content-Type": JSON}, json.dumps(document).encode()

    def _act(self, service: Service, operation: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        act = service.operations.get(operation)
        if act is None:
            raise ServiceError("UnknownOperationException", f"{operation} is not part of this stand-in.")
        denial = self._platform.denial(headers, f"{service.action}:{operation}", "*", {})
        if denial:
            raise ServiceError("AccessDeniedException", denial)
        if fault := self._desk.refusal(operation):
            raise ServiceError(fault.code, fault.message)
        try:
            request = json.loads(body or b"{}")
        except ValueError as error:
            raise ServiceError("SerializationException", "The body is not JSON.") from error
        validation.check(wire.service_model(service.model).operation_model(operation).input_shape, request)
        scope = self._platform.scope()
        return act(request, Setting(scope.account, scope.region, self._desk.faults, self._quota))
