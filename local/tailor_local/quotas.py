"""Define the quotas of the local cloud's account: those of a new account, unless TAILOR_QUOTAS raises them.

A rate is a minute's, and a minute lasts as long as time-lapse says. Faults (``quotas``) change them while the cloud
runs.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass

from tailor_local.errors import LocalCloudError

SETTING = "TAILOR_QUOTAS"
_QUOTAS_PAGE = "https://docs.aws.amazon.com/general/latest/gr/bedrock.html"


@dataclass(frozen=True, slots=True)
class Quota:
    """``new``: what a new account has; ``source``: who says so."""

    new: int
    source: str


QUOTAS: Mapping[str, Quota] = {
    "jobs": Quota(10, _QUOTAS_PAGE),
    "models": Quota(100, _QUOTAS_PAGE),
    "deployments": Quota(10, _QUOTAS_PAGE),
    "deployments-in-progress": Quota(2, _QUOTAS_PAGE),
    "training-instances": Quota(0, "reported of new accounts: SageMaker's quotas of GPU instances for training jobs"),
    "model-units": Quota(0, "reported: no commitment model units until a quota increase"),
    "committed-model-units": Quota(0, "botocore's documentation of CreateProvisionedModelThroughput"),
    "custom-requests-a-minute": Quota(4, "reported of a new account; the documented default is 2,000 for Nova"),
    "base-requests-a-minute": Quota(2000, "taken from custom Nova models; newer pages list tokens a minute only"),
    "concurrency": Quota(
        10, "reported of new accounts (aws-samples/one-observability-demo issue 278); Lambda's, by default 1,000"
    ),
}
# Of an account that has asked AWS for more: the documented defaults.
RAISED: Mapping[str, int] = {"custom-requests-a-minute": 2000, "training-instances": 4}


def of_the_account() -> dict[str, int]:
    """Return the quotas that TAILOR_QUOTAS changes. Raises LocalCloudError if it is not a JSON object of numbers."""
    text = os.environ.get(SETTING)
    if not text:
        return {}
    try:
        return checked(json.loads(text))
    except ValueError as error:
        raise LocalCloudError(f"{SETTING} is no JSON object of quotas and numbers: {text!r}.") from error


def checked(given: object) -> dict[str, int]:
    """Return ``given`` as quotas. Raises LocalCloudError for unknown names and for values that are not numbers from
    0."""
    if not isinstance(given, dict) or not all(isinstance(value, int) and value >= 0 for value in given.values()):
        raise LocalCloudError(f"{given!r} are no quotas: a name and a number from 0 each is needed.")
    if unknown := sorted(set(given) - set(QUOTAS)):
        raise LocalCloudError(f"There are no quotas {', '.join(unknown)}; there are {', '.join(QUOTAS)}.")
    return dict(given)
