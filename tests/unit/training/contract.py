"""Checks a document against botocore's service model: botocore's own check (types, unknown and required members) and
the stand-in's (patterns, lengths, enums, unions), which AWS makes and botocore does not.
"""

from functools import cache
from typing import Any

import botocore.session
from botocore.model import StructureShape
from botocore.validate import ParamValidator

from tailor_local.bedrock.errors import ServiceError
from tailor_local.bedrock.validation import check


@cache
def _service(name: str) -> Any:
    return botocore.session.get_session().get_service_model(name)


def request_problems(operation: str, request: dict[str, Any], service: str = "bedrock") -> str:
    return _problems(_service(service).operation_model(operation).input_shape, request)


def answer_problems(operation: str, answer: dict[str, Any], service: str = "bedrock") -> str:
    return _problems(_service(service).operation_model(operation).output_shape, answer)


def _problems(shape: StructureShape, document: dict[str, Any]) -> str:
    report = ParamValidator().validate(document, shape)
    if report.has_errors():
        return str(report.generate_report())
    try:
        check(shape, document)
    except ServiceError as error:
        return str(error)
    return ""
