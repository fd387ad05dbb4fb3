"""Say what is wrong with a person's AWS credentials and Region, and how to set them."""

from typing import Final

import boto3
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

from tailor.aws.failures import code_of
from tailor.errors import InvalidInputError, RetryableError, TailorError

_EXPIRED: Final = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_UNKNOWN: Final = frozenset(
    {
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "SignatureDoesNotMatch",
        "AuthFailure",
        "InvalidAccessKeyId",
    }
)
LOG_IN: Final = "log in (aws sso login, aws configure), or name a profile: AWS_PROFILE"
NO_CREDENTIALS: Final = "set them: aws configure; or for the local cloud that runs here: tailor up, then tailor --local"


def trouble(error: BaseException) -> TailorError | None:
    """Return the cause and the remedy if credentials or a Region are what an error of botocore is about, else None."""
    if isinstance(error, NoRegionError):
        return no_region()
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return InvalidInputError("no AWS credentials", hint=NO_CREDENTIALS)
    if isinstance(error, ProfileNotFound):
        return InvalidInputError(str(error), hint="name another: AWS_PROFILE")
    if isinstance(error, SSOError | TokenRetrievalError | UnauthorizedSSOTokenError):
        return InvalidInputError("the AWS login has expired", hint=LOG_IN)
    if isinstance(error, EndpointConnectionError | ConnectTimeoutError):
        hint = "check the Region's name (AWS_REGION) and the network"
        return RetryableError(f"AWS can't be reached: {error}", hint=hint)
    if isinstance(error, ClientError):
        if code_of(error) in _EXPIRED:
            return InvalidInputError("the AWS credentials of this shell have expired", hint=LOG_IN)
        if code_of(error) in _UNKNOWN:
            return InvalidInputError("AWS does not know the credentials of this shell", hint=LOG_IN)
    return None


def no_region() -> InvalidInputError:
    """Return the error of a shell without a Region: one without credentials too needs those first."""
    try:
        known = boto3.Session().get_credentials()
    except BotoCoreError:
        known = None
    if known is None:
        return InvalidInputError("no AWS credentials and no Region", hint=NO_CREDENTIALS)
    hint = "set AWS_REGION, or a Region in your AWS profile: aws configure"
    return InvalidInputError("no AWS Region is set", hint=hint)
