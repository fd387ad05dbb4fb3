"""Prices and quotas of the account, as the deployed template and a person's command meet them under enforced IAM."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tailor import catalog
from tailor.aws.price_list import PriceList
from tailor.runs import State
from tailor.training.price_list import amount_in
from tailor_local.bedrock.faults import Faults
from tailor_local.cloud import ACCOUNT, LocalCloud
from tests.integration.pipeline import Pipeline
from tests.integration.standin import allow, as_user

TRAINING = "USE1-NovaLite-Customization-Training"
QUESTIONS = "".join(f"What is {n} and {n}?,{2 * n}\n" for n in range(60))
FILES = {"data.csv": f"question,answer\n{QUESTIONS}".encode(), "tailor.yaml": b"model: nova-lite\n"}


def test_where_the_list_has_a_price_a_run_of_nova_lite_needs_no_approval_and_says_whose_it_is(
    pipeline: Pipeline, faults: Callable[[Faults], None], setting: Callable[..., None]
) -> None:
    faults(Faults(prices={TRAINING: 0.002}))
    setting("PrepareFunction", POWERTOOLS_SERVICE_NAME="prices")  # a new instance, which remembers no prices
    run = pipeline.wait(pipeline.upload("priced/sums", FILES), State.TRAINING, State.TRAINED, State.DEPLOYING)
    assert run.quote
    training = next(line for line in run.quote.lines if line.item == "training")
    assert training.price_from.startswith("AWS Price List, 20")
    assert training.how.endswith("at $0.002 per 1,000 tokens")
    assert training.low is not None
    assert training.low > 0
    assert run.quote.unknown == ()


def test_where_it_has_none_the_run_waits_and_says_what_to_set(pipeline: Pipeline) -> None:
    run = pipeline.wait(pipeline.upload("unpriced/sums", FILES), State.AWAITING_APPROVAL)
    assert run.quote
    assert run.quote.unknown == ("Training Amazon Nova Lite",)
    training = next(line for line in run.quote.lines if line.item == "training")
    assert "tailor quote --price training=VALUE" in training.how
    pipeline.decide(run.id, "decline")


@pytest.mark.usefixtures("pipeline")  # the environment of a person's command
def test_the_list_is_read_by_tailors_own_client(faults: Callable[[Faults], None]) -> None:
    assert PriceList().products(TRAINING) == []
    faults(Faults(prices={TRAINING: 0.0021}))
    assert amount_in(PriceList().products(TRAINING), TRAINING, "training") == Decimal("0.0021")


def test_who_may_not_ask_for_prices_is_refused(local_cloud: LocalCloud) -> None:
    pricing = as_user(local_cloud, "priceless", "pricing")
    with pytest.raises(ClientError) as refused:
        pricing.get_products(ServiceCode="AmazonBedrock")
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
    assert "pricing:GetProducts" in refused.value.response["Error"]["Message"]


class TestOutsideUsEast1:
    """The stand-in in us-west-2, where Nova answers through inference profiles only."""

    ANSWERS = f"arn:aws:bedrock:*:{ACCOUNT}:inference-profile/*"
    MODELS = "arn:aws:bedrock:*::foundation-model/*"

    def ask(self, cloud: LocalCloud, name: str, model: str, statements: list[dict[str, Any]]) -> str:
        """The answer of a model in us-west-2 to a user with this policy, or the code of the error."""
        runtime = as_user(cloud, name, "bedrock-runtime", *statements, region="us-west-2")
        try:
            answer = runtime.converse(modelId=model, messages=[{"role": "user", "content": [{"text": "2 + 2?"}]}])
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return str(answer["output"]["message"]["content"][0]["text"])

    def test_the_plain_id_is_refused_and_the_profile_answers_by_the_templates_permissions(
        self, local_cloud: LocalCloud
    ) -> None:
        here = [
            allow("bedrock:InvokeModel", ["arn:aws:bedrock:us-west-2::foundation-model/*", self.ANSWERS]),
            allow(
                "bedrock:InvokeModel",
                self.MODELS,
                Condition={"ArnLike": {"bedrock:InferenceProfileArn": self.ANSWERS}},
            ),
        ]
        lite = catalog.model("nova-lite")
        assert self.ask(local_cloud, "west-plain", lite.base_id, here) == "ValidationException"
        named = lite.invoked_in("us-west-2")
        assert named == "us.amazon.nova-lite-v1:0"
        assert "Exception" not in self.ask(local_cloud, "west-profile", named, here)
        assert self.ask(local_cloud, "west-here-only", named, here[:1]) == "AccessDeniedException"
        elsewhere = [{**here[1], "Condition": {"ArnLike": {"bedrock:InferenceProfileArn": "arn:aws:bedrock:*:1:x/*"}}}]
        assert self.ask(local_cloud, "west-other", named, here[:1] + elsewhere) == "AccessDeniedException"
