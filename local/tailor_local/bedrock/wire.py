"""Bedrock's HTTP as botocore's service model describes it, from the service's side.

Routes, members' places, JSON names and error statuses all come from the model; nothing is written by hand.
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import unquote

import botocore.session
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

from tailor_local.bedrock.errors import ServiceError

Answer = tuple[int, dict[str, str], bytes]
JSON = "application/json"
EVENT_STREAM = "application/vnd.amazon.eventstream"


@dataclass(frozen=True)
class Route:
    operation: OperationModel
    pattern: re.Pattern[str]
    labels: dict[str, str]  # group of the pattern → member


@cache
def service_model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


@cache
def _routes(service: str) -> list[Route]:
    model = service_model(service)
    routes = []
    for name in model.operation_names:
        operation = model.operation_model(name)
        routes.append(_route(operation))
    # Where two paths fit, the one with more literal text is meant.
    return sorted(routes, key=lambda route: len(route.pattern.pattern) - 12 * len(route.labels), reverse=True)


def _route(operation: OperationModel) -> Route:
    names = {}
    if operation.input_shape is not None:
        for member, shape in operation.input_shape.members.items():
            if shape.serialization.get("location") == "uri":
                names[shape.serialization["name"]] = member
    labels: dict[str, str] = {}
    pattern = ""
    for part in re.split(r"(\{[^}]+\})", operation.http["requestUri"].split("?")[0]):
        if part.startswith("{"):
            group = f"g{len(labels)}"
            labels[group] = names[part.strip("{}+")]
            pattern += f"(?P<{group}>.+)"
        else:
            pattern += re.escape(part)
    return Route(operation, re.compile(pattern + "/?"), labels)


def match(service: str, method: str, path: str) -> tuple[OperationModel, dict[str, str]] | None:
    """Return the operation that ``method`` and ``path`` (decoded) mean, and the members its path holds."""
    for route in _routes(service):
        if route.operation.http["method"] != method:
            continue
        found = route.pattern.fullmatch(path)
        if found:
            return route.operation, {route.labels[group]: unquote(text) for group, text in found.groupdict().items()}
    return None


def parse(
    operation: OperationModel, labels: dict[str, str], query: dict[str, list[str]], headers: dict[str, str], body: bytes
) -> dict[str, Any]:
    """Return the request's members by name. Raises SerializationException where a value is not of its type."""
    shape = operation.input_shape
    if shape is None:
        return {}
    payload = shape.serialization.get("payload")
    document = {} if payload else _document(body)
    members: dict[str, Any] = {}
    for name, member in shape.members.items():
        place, wire_name = member.serialization.get("location"), member.serialization.get("name", name)
        if place == "uri":
            members[name] = labels[name]
        elif place == "querystring":
            if wire_name in query:
                members[name] = _text_value(member, query[wire_name], wire_name)
        elif place == "header":
            if wire_name.lower() in headers:
                members[name] = _text_value(member, [headers[wire_name.lower()]], wire_name)
        elif name == payload:
            members[name] = body
        elif document.get(wire_name) is not None:
            members[name] = _value(member, document[wire_name], wire_name)
    return members


def _document(body: bytes) -> dict[str, Any]:
    if not body:
        return {}
    try:
        document = json.loads(body)
    except ValueError as error:
        raise _misread("the body is not JSON") from error
    if not isinstance(document, dict):
        raise _misread("the body is not a JSON object")
    return document


def _text_value(shape: Shape, texts: list[str], name: str) -> Any:
    if isinstance(shape, ListShape):
        return [_text_value(shape.member, [text], name) for text in texts]
    text = texts[0]
    try:
        if shape.type_name == "integer":
            return int(text)
        if shape.type_name == "timestamp":
            moment = datetime.fromisoformat(text)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except ValueError as error:
        raise _misread(f"{name} is not a {shape.type_name}") from error
    return text.lower() == "true" if shape.type_name == "boolean" else text


def _value(shape: Shape, value: Any, path: str) -> Any:
    if isinstance(shape, StructureShape):
        if getattr(shape, "is_document_type", False):
            return value
        given = _expect(dict, value, path)
        return {
            name: _value(member, given[wire_name], f"{path}.{wire_name}")
            for name, member in shape.members.items()
            if given.get(wire_name := member.serialization.get("name", name)) is not None
        }
    if isinstance(shape, ListShape):
        return [
            _value(shape.member, item, f"{path}[{number}]") for number, item in enumerate(_expect(list, value, path))
        ]
    if isinstance(shape, MapShape):
        return {key: _value(shape.value, item, f"{path}.{key}") for key, item in _expect(dict, value, path).items()}
    if shape.type_name == "blob":
        try:
            return base64.b64decode(_expect(str, value, path), validate=True)
        except binascii.Error as error:
            raise _misread(f"{path} is not base64") from error
    kinds: dict[str, Any] = {"string": str, "boolean": bool, "integer": int, "long": int}
    kind = kinds.get(shape.type_name, (int, float))
    return _expect(kind, value, path)


def _expect(kind: Any, value: Any, path: str) -> Any:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise _misread(f"{path} is of the wrong type")
    return value


def _misread(what: str) -> ServiceError:
    return ServiceError("SerializationException", f"The request can not be read: {what}.")


def answer(operation: OperationModel, result: dict[str, Any]) -> Answer:
    """Return a success answer. ``result`` holds members by name; timestamps are seconds since 1970; None is left
    out."""
    shape = operation.output_shape
    status = int(operation.http.get("responseCode", 200))
    headers = {"Content-Type": JSON}
    if shape is None:
        return status, headers, b"{}"
    payload = shape.serialization.get("payload")
    document: dict[str, Any] = {}
    body: bytes | None = None
    for name, member in shape.members.items():
        value = result.get(name)
        if value is None:
            continue
        wire_name = member.serialization.get("name", name)
        if member.serialization.get("location") == "header":
            headers[wire_name] = str(value)
        elif name == payload:
            body = value
        else:
            document[wire_name] = encode(member, value)
    return status, headers, body if body is not None else json.dumps(document, ensure_ascii=False).encode()


def encode(shape: Shape, value: Any) -> Any:
    """``value`` as JSON of ``shape``."""
    if isinstance(shape, StructureShape):
        if getattr(shape, "is_document_type", False):
            return value
        return {
            member.serialization.get("name", name): encode(member, value[name])
            for name, member in shape.members.items()
            if value.get(name) is not None
        }
    if isinstance(shape, ListShape):
        return [encode(shape.member, item) for item in value]
    if isinstance(shape, MapShape):
        return {key: encode(shape.value, item) for key, item in value.items()}
    if shape.type_name == "timestamp":
        return datetime.fromtimestamp(value, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if shape.type_name == "blob":
        return base64.b64encode(value).decode()
    return value


def refusal(service: str, error: ServiceError) -> Answer:
    """Return an error answer; the status is the service model's for the error's code."""
    status = _statuses(service).get(error.code, 400)
    headers = {"Content-Type": JSON, "x-amzn-errortype": error.code}
    return status, headers, json.dumps({"message": error.message}, ensure_ascii=False).encode()


@cache
def _statuses(service: str) -> dict[str, int]:
    shapes = service_model(service).error_shapes
    return {shape.name: int(shape.metadata["error"]["httpStatusCode"]) for shape in shapes}
