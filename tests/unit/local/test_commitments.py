"""The stand-in sells model units for a term as AWS documents: by a quota of their own, and not to be deleted before."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from tailor_local import timelapse
from tailor_local.bedrock import deployments
from tailor_local.bedrock.context import Call
from tailor_local.bedrock.errors import ServiceError
from tailor_local.bedrock.platform import Scope
from tailor_local.bedrock.state import State

SCOPE, DAY = Scope("123456789012", "us-east-1"), 86_400.0
BASE = "amazon.nova-lite-v1:0:300k"


class Account:
    """An account with a model, and model units of both kinds as given."""

    def __init__(self, **quotas: int) -> None:
        self.state, self.quotas = State(), quotas
        self.model = SCOPE.arn("custom-model", f"{BASE}/abcdefghi123")
        self.state.models[self.model] = cast("Any", SimpleNamespace(arn=self.model, name="colours", base=BASE))

    def call(self, now: float, **request: Any) -> Call:
        standin = cast("Any", SimpleNamespace(state=self.state, quota=self.quotas.__getitem__))
        return Call(standin, SCOPE, "CreateProvisionedModelThroughput", request, {}, now)

    def buy(self, name: str, **more: Any) -> str:
        request = {"modelId": self.model, "provisionedModelName": name, "modelUnits": 1, **more}
        return str(deployments.create_throughput(self.call(0, **request))["provisionedModelArn"])


def test_units_with_a_commitment_have_a_quota_of_their_own() -> None:
    account = Account(**{"model-units": 1, "committed-model-units": 0})
    account.buy("colours-1")
    with pytest.raises(ServiceError, match="any committed model units reserved"):
        account.buy("colours-2", commitmentDuration="OneMonth")
    account.quotas["committed-model-units"] = 1
    account.buy("colours-2", commitmentDuration="OneMonth")


@pytest.mark.parametrize(("term", "days"), [("OneMonth", 30), ("SixMonths", 180)])
def test_they_are_deleted_no_earlier_than_at_their_end(term: str, days: int) -> None:
    account = Account(**{"committed-model-units": 1})
    arn = account.buy("colours-1", commitmentDuration=term)
    made = timelapse.seconds(timelapse.PROVISIONING_MINUTES) + 1
    for now in (made, days * DAY - 1):
        with pytest.raises(ServiceError, match="can't be deleted before its commitment ends"):
            deployments.delete_throughput(account.call(now, provisionedModelId=arn))
    deployments.delete_throughput(account.call(days * DAY, provisionedModelId=arn))
    assert not account.state.throughputs
