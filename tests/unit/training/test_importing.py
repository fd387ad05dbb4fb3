"""CreateCustomModel's request: valid by the service model, the same each time, and only from what can be imported."""

import pytest

from tailor.errors import InvalidInputError
from tailor.training.importing import import_request
from tests.unit.training.contract import request_problems

ROLE = "arn:aws:iam::123456789012:role/tailor-import"
CHECKPOINT = "s3://customer-escrow-123456789012-smtj-abc123/colours-scenes-0f3a/10"
PACKAGE = "arn:aws:sagemaker:us-east-1:123456789012:model-package/colours/1"
KEY = "arn:aws:kms:us-east-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"


@pytest.mark.parametrize("source", [CHECKPOINT, PACKAGE])
def test_what_sagemaker_trained_is_imported_under_the_runs_name(source: str) -> None:
    request = import_request(source, "colours-scenes-0f3a", role_arn=ROLE, tags={"stack": "tailor"}, kms_key=KEY)
    assert request_problems("CreateCustomModel", request) == ""
    assert request["modelName"] == request["clientRequestToken"] == "colours-scenes-0f3a"
    assert source in str(request)


@pytest.mark.parametrize("source", ["s3://my-bucket/model/", "arn:aws:bedrock:us-east-1:1:custom-model/x", ""])
def test_nothing_else_can_be_imported(source: str) -> None:
    with pytest.raises(InvalidInputError):
        import_request(source, "colours", role_arn=ROLE, tags={})
