"""Call models for waiting callers: one attempt, so that a caller learns of throttling at once and decides itself."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError, ReadTimeoutError

from tailor.aws.clients import client
from tailor.aws.failures import code_of
from tailor.serving.errors import ModelCallError


class BedrockRuntime:
    """Client of Converse for the API."""

    def __init__(self, read_timeout: float) -> None:
        self._client = client("bedrock-runtime", read_timeout, 1)

    def converse(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return Converse's answer. Raises ModelCallError without botocore's message, which quotes the request."""
        try:
            answer: dict[str, Any] = self._client.converse(**request)
        except ClientError as error:
            raise ModelCallError(code_of(error), str(error.response.get("Error", {}).get("Message", ""))) from error
        except ReadTimeoutError:
            raise ModelCallError("ModelTimeoutException", "no answer in time") from None
        except ParamValidationError:
            raise ModelCallError("ValidationException", "a parameter has the wrong form") from None
        except BotoCoreError as error:
            raise ModelCallError("ServiceUnavailableException", type(error).__name__) from None
        return answer
