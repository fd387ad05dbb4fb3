"""Read the account's quotas from Service Quotas."""

from collections.abc import Mapping
from typing import Any

from tailor.aws.clients import client
from tailor.aws.failures import translated


class ServiceQuotas:
    """Implements :class:`tailor.training.capacity.QuotaSource`."""

    def quotas(self, service: str) -> list[Mapping[str, Any]]:
        """Return all quotas of a service in this Region: the account's own values, or AWS's defaults.

        Each as the API gives it: ``QuotaName``, ``QuotaCode``, ``Value``, ``Adjustable``. Raises tailor.errors.
        """
        with translated(f"reading the quotas of {service}"):
            found = {quota["QuotaCode"]: quota for quota in _listed("list_aws_default_service_quotas", service)}
            found |= {quota["QuotaCode"]: quota for quota in _listed("list_service_quotas", service)}
        return list(found.values())


def _listed(operation: str, service: str) -> list[Mapping[str, Any]]:
    pages = client("service-quotas").get_paginator(operation).paginate(ServiceCode=service)
    return [quota for page in pages for quota in page["Quotas"]]
