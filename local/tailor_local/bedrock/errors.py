"""Errors as Bedrock answers them: a code from the service model and a message."""


class ServiceError(Exception):
    """Becomes an AWS error answer. ``code`` is an exception's name in botocore's service model."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)


def not_found(message: str) -> ServiceError:
    return ServiceError("ResourceNotFoundException", message)


def conflict(message: str) -> ServiceError:
    return ServiceError("ConflictException", message)


def over_quota(message: str) -> ServiceError:
    return ServiceError("ServiceQuotaExceededException", message)
