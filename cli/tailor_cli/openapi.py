"""Write docs/openapi.json, the OpenAPI 3.1 document of the API: ``python -m tailor_cli.openapi``."""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from tailor.management import ERRORS, OPERATIONS, Operation
from tailor.serving.own_usage import MOST_DAYS
from tailor.serving.responses_request import ResponsesRequest
from tailor.serving.schema import ChatRequest

PAGE = Path(__file__).resolve().parents[2] / "docs/openapi.json"
_NAMES = "#/components/schemas/{model}"
_PARAMETERS = {
    "run": "the run's id",
    "key": "the key's id",
    "id": "the project, which is the model's name",
    "project": "the project",
    "dataset": "the dataset's folder",
}
# OpenAI defines what these take and answer; docs/api.md says what becomes of each parameter.
_OPENAI = (
    ("createChatCompletion", "post", "/v1/chat/completions", "Answer a chat as OpenAI's chat API does", ChatRequest),
    ("createResponse", "post", "/v1/responses", "Answer as OpenAI's Responses API does", ResponsesRequest),
    ("listModels", "get", "/v1/models", "List the live models that the key may call", None),
    ("getModel", "get", "/v1/models/{id}", "Get one of them", None),
    ("getUsage", "get", "/v1/usage", "Get what the key of the request has used, and what it cost", None),
)
_QUERIES = {
    "/v1/usage": {
        "days": {"type": "integer", "minimum": 1, "maximum": MOST_DAYS},
        "by": {"enum": ["day", "hour"]},
    }
}
_OF_MODELS = {502: "the model failed", 504: "the model did not answer in time"}


def document() -> dict[str, Any]:
    """Return the OpenAPI document."""
    answers = {operation.answer for operation in OPERATIONS}
    bodies: set[type[BaseModel]] = {operation.body for operation in OPERATIONS if operation.body}
    bodies |= {ChatRequest, ResponsesRequest}
    shapes = [(model, "serialization") for model in sorted(answers, key=_name)]
    shapes += [(model, "validation") for model in sorted(bodies, key=_name)]
    _, schemas = models_json_schema(shapes, ref_template=_NAMES)  # type: ignore[arg-type]
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation)
    for name, method, path, summary, body in _OPENAI:
        paths.setdefault(path, {})[method] = _openai(name, path, summary, body)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tailor",
            "version": "1",
            "description": "Custom models behind OpenAI's API, and the runs that make them. See docs/api.md.",
        },
        "servers": [{"url": "https://{api}.execute-api.{region}.amazonaws.com/{stage}", "variables": _variables()}],
        "security": [{"key": []}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": dict(sorted((schemas["$defs"] | {"Error": _ERROR}).items())),
        },
    }


def write() -> None:
    """Write the document."""
    PAGE.write_text(text(), "utf-8")


def text() -> str:
    """Return the document as the file has it."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {"type": "string", "description": "for people"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"], "description": "what of the request is meant"},
                "code": {"type": "string", "description": "for programs; docs/api.md lists them"},
            },
        }
    },
}


def _variables() -> dict[str, Any]:
    return {"api": {"default": "api"}, "region": {"default": "us-east-1"}, "stage": {"default": "prod"}}


def _name(model: type[BaseModel]) -> str:
    return model.__name__


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _NAMES.format(model=model.__name__)}


def _content(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _operation(operation: Operation) -> dict[str, Any]:
    reads, writes = bool(operation.query), operation.method != "get"
    statuses = [status for status in ERRORS if (status != 400 or reads or operation.body) and (status != 409 or writes)]
    found = {
        "operationId": operation.id,
        "summary": operation.summary,
        "description": f"Needs a key with the scope {' or '.join(f'`{scope}`' for scope in operation.scopes)}.",
        "parameters": [*_in_path(operation.path), *_in_query(operation.query)],
        "responses": {"200": {"description": "done", "content": _content(_ref(operation.answer))}} | _errors(statuses),
    }
    if operation.body:
        needed = any(field.is_required() for field in operation.body.model_fields.values())
        found["requestBody"] = {"required": needed, "content": _content(_ref(operation.body))}
    return found


def _openai(name: str, path: str, summary: str, body: type[BaseModel] | None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": name,
        "summary": summary,
        "description": "Needs a key with the scope `chat`.",
        "parameters": _in_path(path)
        + [{"name": name, "in": "query", "schema": schema} for name, schema in _QUERIES.get(path, {}).items()],
        "responses": {"200": {"description": "done", "content": _content({"type": "object"})}}
        | _errors([*ERRORS, *_OF_MODELS]),
    }
    if body:
        found["requestBody"] = {"required": True, "content": _content(_ref(body))}
        found["responses"]["200"]["content"]["text/event-stream"] = {"schema": {"type": "string"}}  # with `stream`
    return found


def _errors(statuses: list[int]) -> dict[str, Any]:
    error = _content({"$ref": "#/components/schemas/Error"})
    meanings = {**ERRORS, **_OF_MODELS}
    return {str(status): {"description": meanings[status], "content": error} for status in statuses}


def _in_path(path: str) -> list[dict[str, Any]]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    text = {"type": "string", "minLength": 1}
    return [
        {"name": name, "in": "path", "required": True, "description": _PARAMETERS[name], "schema": text}
        for name in names
    ]


def _in_query(query: type[BaseModel] | None) -> list[dict[str, Any]]:
    if query is None:
        return []
    fields = query.model_json_schema(ref_template=_NAMES)
    definitions = fields.get("$defs", {})

    def plain(schema: dict[str, Any]) -> dict[str, Any]:
        """Without ``null``, which an address can't say, and with definitions in their places."""
        if "$ref" in schema:
            return plain(definitions[schema["$ref"].rsplit("/", 1)[1]])
        if "anyOf" in schema:
            choices = [plain(each) for each in schema["anyOf"] if each.get("type") != "null"]
            rest = {name: value for name, value in schema.items() if name not in ("anyOf", "default", "title")}
            return rest | (choices[0] if len(choices) == 1 else {"anyOf": choices})
        return {name: value for name, value in schema.items() if name != "title"}

    return [
        {"name": name, "in": "query", "required": name in fields.get("required", []), "schema": plain(schema)}
        for name, schema in fields["properties"].items()
    ]


if __name__ == "__main__":
    write()
