"""Schema of the chat request. What Bedrock can't do is refused by name, or ignored and named in the answer.

A parameter may be ignored where that changes nothing essential of an answer (:data:`IGNORED`); the header
``x-tailor-ignored`` then has its name. Members of messages that clients add for themselves are accepted, and not given
to the model.
"""

import difflib
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, FailFast, Field, Tag, ValidationError, field_validator

from tailor.serving.body import read_body
from tailor.serving.errors import ApiError

# Tags of unions start with this, which distinguishes them from field names in an error's location.
TAG = "~"

# Only the first wrong item is reported, and describing thousands takes longer than reading them.
FIRST_WRONG = FailFast()


class ApiModel(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class TextPart(ApiModel):
    type: Literal["text"]
    text: str
    cache_control: dict[str, Any] | None = None


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
    cache_control: dict[str, Any] | None = None

    @field_validator("image_url", mode="before")
    @classmethod
    def _read_plain_url(cls, value: Any) -> Any:
        return {"url": value} if isinstance(value, str) else value


class VideoUrl(ApiModel):
    url: str


class VideoPart(ApiModel):
    """A video, as other servers of open models spell it."""

    type: Literal["video_url"]
    video_url: VideoUrl


def type_of(value: Any) -> str | None:
    kind = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    return f"{TAG}{kind}"


def shape_of(value: Any) -> str:
    return f"{TAG}parts" if isinstance(value, list) else f"{TAG}text"


type Parts[P] = Annotated[
    Annotated[str, Tag(f"{TAG}text")] | Annotated[list[P], FIRST_WRONG, Tag(f"{TAG}parts")], Discriminator(shape_of)
]
type UserPart = Annotated[
    Annotated[TextPart, Tag(f"{TAG}text")]
    | Annotated[ImagePart, Tag(f"{TAG}image_url")]
    | Annotated[VideoPart, Tag(f"{TAG}video_url")],
    Discriminator(type_of),
]
type AssistantPart = Annotated[
    Annotated[TextPart, Tag(f"{TAG}text")] | Annotated[RefusalPart, Tag(f"{TAG}refusal")], Discriminator(type_of)
]


type SpeakerName = Annotated[str, Field(max_length=64)]


class SystemMessage(ApiModel):
    role: Literal["system", "developer"]
    content: Parts[TextPart]
    name: SpeakerName | None = None


class UserMessage(ApiModel):
    """A user's message. ``name`` is given to the model where several users speak."""

    role: Literal["user"]
    content: Parts[UserPart]
    name: SpeakerName | None = None


type ToolName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
type ToolCallId = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_.:-]{1,64}$")]


class CalledFunction(ApiModel):
    name: ToolName
    arguments: str
    parsed_arguments: Any = None


class ToolCall(ApiModel):
    id: ToolCallId
    type: Literal["function"]
    function: CalledFunction
    index: int | None = None


class AssistantMessage(ApiModel):
    """An answer in the history, as client libraries send it back. The second group is not given to the model again."""

    role: Literal["assistant"]
    content: Parts[AssistantPart] | None = None
    tool_calls: Annotated[list[ToolCall], FIRST_WRONG] | None = None
    refusal: str | None = None

    name: SpeakerName | None = None
    reasoning_content: str | None = None
    reasoning: Any = None
    reasoning_details: list[Any] | None = None
    thinking_blocks: list[Any] | None = None
    annotations: list[Any] | None = None
    parsed: Any = None
    index: int | None = None
    id: str | None = None
    provider_specific_fields: dict[str, Any] | None = None
    audio: None = None
    function_call: None = None


class ToolMessage(ApiModel):
    role: Literal["tool"]
    tool_call_id: ToolCallId
    content: Parts[TextPart] | None = None
    name: SpeakerName | None = None


def _role_of(value: Any) -> str:
    role = value.get("role") if isinstance(value, dict) else getattr(value, "role", None)
    return f"{TAG}{'system' if role == 'developer' else role}"


type Message = Annotated[
    Annotated[SystemMessage, Tag(f"{TAG}system")]
    | Annotated[UserMessage, Tag(f"{TAG}user")]
    | Annotated[AssistantMessage, Tag(f"{TAG}assistant")]
    | Annotated[ToolMessage, Tag(f"{TAG}tool")],
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


type ToolChoice[N] = Annotated[
    Annotated[Literal["none", "auto", "required"], Tag(f"{TAG}word")] | Annotated[N, Tag(f"{TAG}tool")],
    Discriminator(lambda value: f"{TAG}tool" if isinstance(value, dict) else f"{TAG}word"),
]


class JsonSchema(ApiModel):
    name: ToolName
    description: str | None = None
    schema_: dict[str, Any] = Field(alias="schema")
    strict: bool | None = None


class TextFormat(ApiModel):
    type: Literal["text"]


class JsonObjectFormat(ApiModel):
    type: Literal["json_object"]


class JsonSchemaFormat(ApiModel):
    type: Literal["json_schema"]
    json_schema: JsonSchema


type ResponseFormat = Annotated[
    Annotated[TextFormat, Tag(f"{TAG}text")]
    | Annotated[JsonObjectFormat, Tag(f"{TAG}json_object")]
    | Annotated[JsonSchemaFormat, Tag(f"{TAG}json_schema")],
    Discriminator(type_of),
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
MAX_ANSWERS = 8
# Parameters without effect, and their neutral values, with which nothing is missed.
IGNORED: Mapping[str, tuple[Any, ...]] = {
    "seed": (),
    "frequency_penalty": (0,),
    "presence_penalty": (0,),
    "top_k": (),
    "reasoning_effort": ("none",),
    "verbosity": ("medium",),
    "service_tier": ("auto", "default"),
    "prompt_cache_key": (),
    "prediction": (),
    "store": (False,),
}
type SmallPenalty = Annotated[float, Field(ge=-1, le=1)]


class ChatRequest(ApiModel):
    """The body of ``POST /v1/chat/completions``."""

    model: str
    messages: Annotated[list[Message], FIRST_WRONG, Field(min_length=1)]
    max_tokens: int | None = Field(default=None, ge=1, le=MAX_INTEGER)
    max_completion_tokens: int | None = Field(default=None, ge=1, le=MAX_INTEGER)
    temperature: float | None = Field(default=None, ge=0, le=1)
    top_p: float | None = Field(default=None, ge=0, le=1)
    stop: (
        Annotated[
            Annotated[Stop, Tag(f"{TAG}text")]
            | Annotated[list[Stop], FIRST_WRONG, Field(max_length=4), Tag(f"{TAG}parts")],
            Discriminator(shape_of),
        ]
        | None
    ) = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    user: str | None = None
    safety_identifier: str | None = None
    metadata: Annotated[dict[MetadataName, MetadataValue], Field(max_length=MAX_METADATA)] | None = None
    tools: Annotated[list[Tool], FIRST_WRONG, Field(max_length=128)] | None = None
    tool_choice: ToolChoice[NamedTool] | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    n: Annotated[int, Field(ge=1, le=MAX_ANSWERS)] | None = None
    # Neutral values only: Converse supports no other.
    logprobs: Literal[False] | None = None
    top_logprobs: Literal[0] | None = None
    logit_bias: Annotated[dict[str, Any], Field(max_length=0)] | None = None
    modalities: Annotated[list[Literal["text"]], Field(max_length=1)] | None = None
    # Ignored.
    seed: int | None = None
    frequency_penalty: SmallPenalty | None = None
    presence_penalty: SmallPenalty | None = None
    top_k: Annotated[int, Field(ge=1)] | None = None
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh"] | None = None
    verbosity: Literal["low", "medium", "high"] | None = None
    service_tier: Literal["auto", "default", "flex", "priority", "scale"] | None = None
    prompt_cache_key: str | None = None
    prediction: dict[str, Any] | None = None
    store: bool | None = None

    @classmethod
    def parse(cls, body: bytes) -> "ChatRequest":
        """Parse a body. Raises ApiError 400 that names the first wrong field but not its content."""
        return cls.read(read_body(body))

    @classmethod
    def read(cls, document: Any) -> "ChatRequest":
        """Return the JSON of a body as a request. Raises ApiError 400 as :meth:`parse`."""
        request = check(cls, document)
        if request.stream_options is not None and not request.stream:
            message = "stream_options goes only with stream: true"
            raise ApiError(400, message, code="invalid_value", param="stream_options")
        return request

    @property
    def longest_answer(self) -> int | None:
        """Return the most tokens of an answer: the smaller one where the request has both names of the limit."""
        given = [limit for limit in (self.max_completion_tokens, self.max_tokens) if limit is not None]
        return min(given, default=None)

    @property
    def ignored(self) -> list[str]:
        """Return names of the parameters that the request sets and that have no effect."""
        return set_without_effect(self, IGNORED)


def set_without_effect(request: ApiModel, ignored: Mapping[str, tuple[Any, ...]]) -> list[str]:
    """Return the names of ignored parameters that a request sets to more than a neutral value."""
    given = ((name, getattr(request, name), neutral) for name, neutral in ignored.items())
    return [name for name, value, neutral in given if value is not None and value not in neutral]


def read[T: ApiModel](shape: type[T], body: bytes) -> T:
    """Parse a request's body. Raises ApiError 400 that names the first wrong field but not its content."""
    return check(shape, read_body(body))


def check[T: ApiModel](shape: type[T], document: Any) -> T:
    """Return a document as a model. Raises ApiError 400 that names the first wrong field but not its content."""
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
        known = str(context["expected_tags"]).replace(TAG, "")
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
        elif not part.startswith(TAG):
            path += f".{part[:64]}" if path else part[:64]
    return path


def _suggestion(location: tuple[int | str, ...], shape: type[ApiModel]) -> str:
    if len(location) > 1:
        return ""
    near = difflib.get_close_matches(str(location[0])[:64], shape.model_fields, n=1)
    return f" (did you mean {near[0]}?)" if near else ""
