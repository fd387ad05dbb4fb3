"""Call any AWS operation by name, for checks that observe AWS's answers, including refusals."""

from typing import Any

import botocore
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from tailor.aws import price_list
from tailor.aws.clients import client
from tailor.aws.failures import code_of
from tailor.errors import InvalidInputError, RetryableError
from tailor.verify.answer import AwsAnswer

_REGIONS = {"pricing": price_list.REGION}  # services that answer for all Regions in a few
BOTOCORE = str(botocore.__version__)


class BotoCalls:
    """Implements :class:`tailor.verify.world.AwsCall`."""

    def __call__(self, service: str, operation: str, /, **parameters: Any) -> AwsAnswer:
        try:
            return AwsAnswer(document=getattr(client(service, region=_REGIONS.get(service)), operation)(**parameters))
        except ClientError as error:
            details = error.response.get("Error", {})
            status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400))
            return AwsAnswer(code=code_of(error) or str(status), message=str(details.get("Message", "")), status=status)
        except ParamValidationError as error:
            raise InvalidInputError(f"{service} {operation}: {error}") from error
        except BotoCoreError as error:
            raise RetryableError(f"{service} {operation}: {error}") from error
