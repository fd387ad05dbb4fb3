"""Prices and quotas of the account, as the deployed template and a person's command meet them under enforced IAM."""

from collections.abc import Callable
from decimal import Decimal

import boto3
import pytest
from botocore.exceptions import ClientError

from tailor.aws.price_list import PriceList
from tailor.runs import State
from tailor.training.price_list import amount_in
from tailor_local.bedrock.faults import Faults
from tailor_local.cloud import LocalCloud
from tests.integration.pipeline import Pipeline

TRAINING = "USE1-NovaLite-Customization-Training"
QUESTIONS = "".join(f"What is {n} and {n}?,{2 * n}\n" for n in range(60))
FILES = {"data.csv": f"question,answer\n{QUESTIONS}".encode(), "tailor.yaml": b"model: nova-lite\n"}


def test_where_the_list_has_a_price_a_run_of_nova_lite_needs_no_approval_and_says_whose_it_is(
    pipeline: Pipeline, faults: Callable[[Faults], None], setting: Callable[..., None]
) -> None:
    faults(Faults(prices={TRAINING: 0.002}))
    setting("PrepareFunction", POWERTOOLS_SERVICE_NAME="prices")  # a new instance, which remembers no prices
    run = pipeline.wait(pipeline.upload("priced/sums", FILES), State.TRAINING, State.TRAINED, State.DEPLOYING)
    training = next(line for line in run.quote["lines"] if line["item"] == "training")
    assert training["price_from"].startswith("AWS Price List, 20")
    assert training["how"].endswith("at $0.002 per 1,000 tokens")
    assert Decimal(training["low"]) > 0
    assert run.quote["unknown"] == []


def test_where_it_has_none_the_run_waits_and_says_what_to_set(pipeline: Pipeline) -> None:
    run = pipeline.wait(pipeline.upload("unpriced/sums", FILES), State.AWAITING_APPROVAL)
    assert run.quote["unknown"] == ["Training Amazon Nova Lite"]
    training = next(line for line in run.quote["lines"] if line["item"] == "training")
    assert "tailor quote --price training=VALUE" in training["how"]
    pipeline.decide(run.id, "decline")


@pytest.mark.usefixtures("pipeline")  # the environment of a person's command
def test_the_list_is_read_by_tailors_own_client(faults: Callable[[Faults], None]) -> None:
    assert PriceList().products(TRAINING) == []
    faults(Faults(prices={TRAINING: 0.0021}))
    assert amount_in(PriceList().products(TRAINING), TRAINING, "training") == Decimal("0.0021")


def test_who_may_not_ask_for_prices_is_refused(local_cloud: LocalCloud) -> None:
    iam = local_cloud.client("iam")
    iam.create_user(UserName="priceless")
    key = iam.create_access_key(UserName="priceless")["AccessKey"]
    pricing = boto3.client(
        "pricing",
        endpoint_url=local_cloud.endpoint,
        region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    with pytest.raises(ClientError) as refused:
        pricing.get_products(ServiceCode="AmazonBedrock")
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
    assert "pricing:GetProducts" in refused.value.response["Error"]["Message"]
