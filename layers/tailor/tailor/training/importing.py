"""The CreateCustomModel request, by which Bedrock imports a Nova model that SageMaker AI trained.

The model is Creating until Bedrock has read it, then Active or Failed: a run that has its ARN waits for that before
it is deployed (:mod:`tailor.steps.provision`).
"""

import re
from collections.abc import Mapping
from typing import Any

from tailor.errors import InvalidInputError

PACKAGE = re.compile(r"arn:aws[a-z-]*:sagemaker:[a-z0-9-]{9,16}:[0-9]{12}:model-package/\S{1,2048}")
CUSTOM_MODEL = re.compile(
    r"arn:aws(?:-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:custom-model/"
    r"(?:imported|[a-z0-9-]{1,63}[.][a-z0-9-]{1,63})(?::[a-z0-9-]{1,63}){0,2}/[a-z0-9]{12}"
)
"""ARN of a custom model, as botocore's model of GetCustomModel has it."""
ESCROW = "customer-escrow-"
"""What the names of the buckets begin with in which SageMaker keeps what it trained; an account's number follows."""
_SOURCES = (
    f"a model package's ARN, or a checkpoint in SageMaker's own bucket (s3://{ESCROW}…): manifest.json in a training "
    "job's output has its address"
)


def needs_import(source: str) -> bool:
    """Return whether Bedrock must import a model before it is a custom model.

    Raises:
        InvalidInputError: the source is none that Bedrock serves or imports.
    """
    if CUSTOM_MODEL.fullmatch(source):
        return False
    if PACKAGE.fullmatch(source) or source.startswith(f"s3://{ESCROW}"):
        return True
    message = f"{source!r} names no model that Bedrock serves or imports"
    raise InvalidInputError(message, hint=f"name a custom model's ARN (aws bedrock list-custom-models), {_SOURCES}")


def import_request(
    source: str, name: str, *, role_arn: str, tags: Mapping[str, str], kms_key: str = ""
) -> dict[str, Any]:
    """Return the request; its token is the name, so that a repeat finds the same model.

    Args:
        source: the folder of a checkpoint (``s3://``) in SageMaker's bucket, or a model package's ARN.
        role_arn: Bedrock assumes it to read a checkpoint; it reads a model package with its own credentials.
    Raises:
        InvalidInputError: the source is neither.
    """
    request: dict[str, Any] = {
        "modelName": name,
        "clientRequestToken": name,
        "modelTags": [{"key": key, "value": value} for key, value in sorted(tags.items())],
    }
    if kms_key:
        request["modelKmsKeyArn"] = kms_key
    if PACKAGE.fullmatch(source):
        return request | {"customModelDataSource": {"modelPackageArnDataSource": {"modelPackageArn": source}}}
    if source.startswith(f"s3://{ESCROW}"):
        return request | {"modelSourceConfig": {"s3DataSource": {"s3Uri": source}}, "roleArn": role_arn}
    raise InvalidInputError(f"Bedrock imports no custom model from {source}", hint=f"name {_SOURCES}")
