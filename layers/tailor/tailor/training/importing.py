"""The CreateCustomModel request, by which Bedrock imports a Nova model that SageMaker AI trained.

The model is Creating until Bedrock has read it, then Active or Failed: a run that has its ARN waits for that before
it is deployed (:mod:`tailor.steps.provision`).
"""

import re
from collections.abc import Mapping
from typing import Any

from tailor.errors import InvalidInputError

PACKAGE = re.compile(r"arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:[0-9]{12}:model-package/.+")
ESCROW = "customer-escrow-"
"""What the names of the buckets begin with in which SageMaker keeps what it trained; an account's number follows."""


def import_request(
    source: str, name: str, *, role_arn: str, tags: Mapping[str, str], kms_key: str = ""
) -> dict[str, Any]:
    """Return the request; its token is the name, so that a repeat finds the same model.

    Args:
        source: the folder of a checkpoint (``s3://``) in SageMaker's bucket, or a model package's ARN.
        role_arn: Bedrock assumes it to read the source.
    Raises:
        InvalidInputError: the source is neither.
    """
    request: dict[str, Any] = {
        "modelName": name,
        "clientRequestToken": name,
        "roleArn": role_arn,
        "modelTags": [{"key": key, "value": value} for key, value in sorted(tags.items())],
    }
    if kms_key:
        request["modelKmsKeyArn"] = kms_key
    if PACKAGE.fullmatch(source):
        return request | {"customModelDataSource": {"modelPackageArnDataSource": {"modelPackageArn": source}}}
    if source.startswith(f"s3://{ESCROW}"):
        return request | {"modelSourceConfig": {"s3DataSource": {"s3Uri": source}}}
    raise InvalidInputError(
        f"Bedrock imports no custom model from {source}",
        hint=f"name a model package's ARN, or a checkpoint in SageMaker's own bucket (s3://{ESCROW}…): "
        "manifest.json in a training job's output has its address",
    )
