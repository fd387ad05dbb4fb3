"""Check that the base model answers about an image, given as bytes and by its place in the bucket."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tailor import catalog
from tailor.tokens import Estimator
from tailor.verify.check import Check
from tailor.verify.pictures import SIDE, pictures
from tailor.verify.world import World

MODEL = "nova-lite"


def _as_bytes(world: World) -> dict[str, Any]:
    return _ask(world, {"bytes": pictures()[0].png})


def _in_bucket(world: World) -> dict[str, Any]:
    bucket, key = world.deployed.bucket, f"work/{world.name}/picture.png"
    bucket.write(key, pictures()[0].png, "image/png")
    return _ask(world, {"s3Location": {"uri": bucket.uri(key), "bucketOwner": world.account}})


def _ask(world: World, source: Mapping[str, Any]) -> dict[str, Any]:
    model, question = catalog.model(MODEL), pictures()[0].question
    content = [{"image": {"format": "png", "source": source}}, {"text": question}]
    answer = world.call(
        "bedrock-runtime",
        "converse",
        modelId=model.invoked_in(world.region),
        messages=[{"role": "user", "content": content}],
        inferenceConfig={"maxTokens": 20, "temperature": 0.0},
    ).asked()
    if not answer.ok:
        return {"answered": False, "refused": answer.said}
    estimator = Estimator(model.tokens, None)
    image, text = estimator.image(SIDE, SIDE), estimator.text(len(question), question.encode())
    tokens = int(answer.document["usage"]["inputTokens"])
    return {
        "answered": any("text" in block for block in answer.document["output"]["message"]["content"]),
        "stop reason": answer.document["stopReason"],
        "input tokens": tokens,
        "estimated": f"{image.low + text.low} to {image.high + text.high}",
        "within the estimate": image.low + text.low <= tokens <= image.high + text.high,
    }


_EXPECTED = {"answered": True, "stop reason": {"one of": ["end_turn", "max_tokens"]}, "within the estimate": True}
_VARIES = frozenset({"input tokens", "stop reason"})

CHECKS = (
    Check(
        id="converse-bytes",
        assumption="The base model answers a question about an image that is sent as bytes, and counts a number "
        "of tokens within Tailor's estimate.",
        source="https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html",
        when="after deploying",
        cost=Decimal("0.001"),
        expected=_EXPECTED,
        look=_as_bytes,
        permissions=("bedrock:InvokeModel",),
        varies=_VARIES,
    ),
    Check(
        id="converse-s3-location",
        assumption="The base model answers a question about an image that is given by its S3 URI.",
        source="https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_S3Location.html",
        when="after deploying",
        cost=Decimal("0.001"),
        expected=_EXPECTED,
        look=_in_bucket,
        permissions=("bedrock:InvokeModel", "s3:PutObject", "s3:GetObject"),
        varies=_VARIES,
    ),
)
