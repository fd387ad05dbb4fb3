"""Schema of the chat request. Unsupported parameters are refused by name, never ignored.

Parameters that many clients send with a neutral value (``n: 1``, ``frequency_penalty: 0``) accept that value only.
"""

import difflib
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError
from pydantic_core import from_json

from tailor.serving.errors import ApiError

# Tags of unions start with this, which distinguishes them from field names in an error's location.
_TAG = "~"


class ApiModel(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class TextPart(ApiModel):
    type: Literal["text"]
    text: str


class RefusalPart(ApiModel):
    type: Literal["refusal"]
    refusal: str


class ImageUrl(ApiModel):
    """An image. ``detail`` is accepted and has no effect: Bedrock gives the model the unchanged image."""

    url: str
    detail: Literal["auto", "low", "high"] | None = None


class ImagePart(ApiModel):
    type: Literal["image_url"]
    image_url: ImageUrl


def _type_of(value: Any) -> str | None:
    kind = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    return f"{_TAG}{kind}"


def _shape_of(value: Any) -> str:
    return f"{_TAG}parts" if isinstance(value, list) else f"{_TAG}text"


type Parts[P] = Annotated[
    Annotated[str, Tag(f"{_TAG}text")] | Annotated[list[P], Tag(f"{_TAG}parts")], Discriminator(_shape_of)
]
type UserPart = Annotated[
    Annotated[TextPart, Tag(f"{_TAG}text")] | Annotated[ImagePart, Tag(f"{_TAG}image_url")], Discriminator(_type_of)
]
type AssistantPart = Annotated[
    Annotated[TextPart, Tag(f"{_TAG}text")] | Annotated[RefusalPart, Tag(f"{_TAG}refusal")], Discriminator(_type_of)
]


class SystemMessage(ApiModel):
    role: Literal["system", "developer"]
    content: Parts[TextPart]


class UserMessage(ApiModel):
    role: Literal["user"]
    content: Parts[UserPart]


type ToolName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
type ToolCallId = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_.:-]{1,64}$")]


class CalledFunction(ApiModel):
    name: ToolName
    arguments: str


class ToolCall(ApiModel):
    id: ToolCallId
    type: Literal["function"]
    function: CalledFunction


class AssistantMessage(ApiModel):
    """An answer in the history. Accepts the nulls and empty lists that client libraries send back."""

    role: Literal["assistant"]
    content: Parts[AssistantPart] | None = None
    tool_calls: list[ToolCall] | None = None
    refusal: str | None = None
    reasoning_content: str | None = Field(default=None, description="not given to the model again")
    annotations: Annotated[list[Any], Field(max_length=0)] | None = None
    audio: None = None
    function_call: None = None


class ToolMessage(ApiModel):
    role: Literal["tool"]
    tool_call_id: ToolCallId
    content: Parts[TextPart]


def _role_of(value: Any) -> str:
    role = value.get("role") if isinstance(value, dict) else getattr(value, "role", None)
    return f"{_TAG}{'system' if role == 'developer' else role}"


type Message = Annotated[
    Annotated[SystemMessage, Tag(f"{_TAG}system")]
    | Annotated[UserMessage, Tag(f"{_TAG}user")]
    | Annotated[AssistantMessage, Tag(f"{_TAG}assistant")]
    | Annotated[ToolMessage, Tag(f"{_TAG}tool")],
    Discriminator(_role_of),
]


class Function(ApiModel):
    name: ToolName
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class Tool(ApiModel):
    type: Literal["function"]
    function: Function


class NamedFunction(ApiModel):
    name: ToolName


class NamedTool(ApiModel):
    type: Literal["function"]
    function: NamedFunction


class JsonSchema(ApiModel):
    name: ToolName
    description: str | None = None
    schema_: dict[str, Any] = Field(alias="schema")
    strict: bool | None = None


class TextFormat(ApiModel):
    type: Literal["text"]


class JsonSchemaFormat(ApiModel):
    type: Literal["json_schema"]
    json_schema: JsonSchema


type ResponseFormat = Annotated[
    Annotated[TextFormat, Tag(f"{_TAG}text")] | Annotated[JsonSchemaFormat, Tag(f"{_TAG}json_schema")],
    Discriminator(_type_of),
]


class StreamOptions(ApiModel):
    include_usage: bool | None = None
    include_obfuscation: Literal[False] | None = None


type Stop = Annotated[str, Field(min_length=1)]
type MetadataValue = Annotated[str, Field(pattern=r"^[a-zA-Z0-9 :_@$#=/+,.-]{0,256}$")]
type MetadataName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9 :_@$#=/+,.-]{1,64}$")]
MAX_INTEGER = 2**31 - 1  # of Converse's integers
# Bedrock accepts 16 pairs; project, version and user use three of them.
MAX_METADATA = 13


class ChatRequest(ApiModel):
    """The body of ``POST /v1/chat/completions``."""

    model: str
    messages: Annotated[list[Message], Field(min_length=1)]
    max_tokens: int | None = Field(default=None, ge=1, le=MAX_INTEGER)
    max_completion_tokens: int | None = Field(default=None, ge=1, le=MAX_INTEGER)
    temperature: float | None = Field(default=None, ge=0, le=1)
    top_p: float | None = Field(default=None, ge=0, le=1)
    stop: (
        Annotated[
            Annotated[Stop, Tag(f"{_TAG}text")]
            | Annotated[list[Stop], Field(min_length=1, max_length=4), Tag(f"{_TAG}parts")],
            Discriminator(_shape_of),
        ]
        | None
    ) = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    user: str | None = None
    metadata: Annotated[dict[MetadataName, MetadataValue], Field(max_length=MAX_METADATA)] | None = None
    tools: Annotated[list[Tool], Field(min_length=1, max_length=128)] | None = None
    tool_choice: (
        Annotated[
            Annotated[Literal["none", "auto", "required"], Tag(f"{_TAG}word")]
            | Annotated[NamedTool, Tag(f"{_TAG}tool")],
            Discriminator(lambda value: f"{_TAG}tool" if isinstance(value, dict) else f"{_TAG}word"),
        ]
        | None
    ) = None
    response_format: ResponseFormat | None = None
    # Neutral values only: Converse supports no other.
    n: Literal[1] | None = None
    parallel_tool_calls: Literal[True] | None = None
    frequency_penalty: Annotated[float, Field(ge=0, le=0)] | None = None
    presence_penalty: Annotated[float, Field(ge=0, le=0)] | None = None
    logprobs: Literal[False] | None = None
    store: Literal[False] | None = None

    @classmethod
    def parse(cls, body: bytes) -> "ChatRequest":
        """Parse a body. Raises ApiError 400 that names the first wrong field but not its content."""
        request = read(cls, body)
        if request.max_tokens is not None and request.max_completion_tokens is not None:
            message = "give max_completion_tokens or max_tokens, not both"
            raise ApiError(400, message, code="invalid_value", param="max_tokens")
        if request.stream_options is not None and not request.stream:
            message = "stream_options goes only with stream: true"
            raise ApiError(400, message, code="invalid_value", param="stream_options")
        return request


def read[T: ApiModel](shape: type[T], body: bytes) -> T:
    """Parse a request's body. Raises ApiError 400 that names the first wrong field but not its content."""
    try:
        document = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise ApiError(400, f"the body is not valid JSON: {error}", code="invalid_json") from None
    try:
        return shape.model_validate(document)
    except ValidationError as error:
        raise _refusal(error, shape) from None


_CODES = {
    "extra_forbidden": "unknown_parameter",
    "missing": "missing_required_parameter",
    "union_tag_invalid": "invalid_value",
    "literal_error": "invalid_value",
}


def _refusal(error: ValidationError, shape: type[ApiModel]) -> ApiError:
    detail = error.errors(include_url=False, include_input=False)[0]
    kind, context = detail["type"], detail.get("ctx", {})
    path = _path(detail["loc"])
    if not path:
        return ApiError(400, "the body must be a JSON object", code="invalid_type")
    if kind == "extra_forbidden":
        message = f"unknown or unsupported parameter: {path}{_suggestion(detail['loc'], shape)}"
    elif kind == "missing":
        message = f"missing parameter: {path}"
    elif kind == "union_tag_invalid":
        known = str(context["expected_tags"]).replace(_TAG, "")
        message = f"{path}: its kind must be one of {known}"
    else:
        message = f"{path}: {detail['msg']}"
    code = _CODES.get(kind, "invalid_type" if kind.endswith("_type") else "invalid_value")
    return ApiError(400, message, code=code, param=path)


def _path(location: tuple[int | str, ...]) -> str:
    """Return a location such as ``messages[0].content[1].image_url``; long names are cut."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif not part.startswith(_TAG):
            path += f".{part[:64]}" if path else part[:64]
    return path


def _suggestion(location: tuple[int | str, ...], shape: type[ApiModel]) -> str:
    if len(location) > 1:
        return ""
    near = difflib.get_close_matches(str(location[0])[:64], shape.model_fields, n=1)
    return f" (did you mean {near[0]}?)" if near else ""
