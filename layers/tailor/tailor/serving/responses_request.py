"""Schema of ``POST /v1/responses``, and its translation to a chat request.

Stateless: nothing is stored, so a request holds the whole conversation. What needs OpenAI's storage or its own tools is
refused by name; what has no effect is named in ``x-tailor-ignored``, as for chat.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag

from tailor.serving.schema import (
    FIRST_WRONG,
    MAX_INTEGER,
    MAX_METADATA,
    TAG,
    ApiModel,
    ChatRequest,
    JsonObjectFormat,
    MetadataName,
    MetadataValue,
    Parts,
    TextFormat,
    ToolCallId,
    ToolChoice,
    ToolName,
    check,
    set_without_effect,
    shape_of,
    type_of,
)

IGNORED: Mapping[str, tuple[Any, ...]] = {
    "include": ([],),
    "reasoning": ({},),
    "store": (False,),
    "service_tier": ("auto", "default"),
    "prompt_cache_key": (),
    "max_tool_calls": (),
    "stream_options": ({},),
}


class InputText(ApiModel):
    type: Literal["input_text", "output_text", "text"]
    text: str
    annotations: list[Any] | None = None
    logprobs: list[Any] | None = None


class InputImage(ApiModel):
    type: Literal["input_image"]
    image_url: str
    detail: Literal["auto", "low", "high", "original"] | None = None
    file_id: None = None


class InputRefusal(ApiModel):
    type: Literal["refusal"]
    refusal: str


def _kind_of_part(value: Any) -> str | None:
    kind = type_of(value)
    return f"{TAG}input_text" if kind in (f"{TAG}output_text", f"{TAG}text") else kind


type InputPart = Annotated[
    Annotated[InputText, Tag(f"{TAG}input_text")]
    | Annotated[InputImage, Tag(f"{TAG}input_image")]
    | Annotated[InputRefusal, Tag(f"{TAG}refusal")],
    Discriminator(_kind_of_part),
]


class ConversationItem(ApiModel):
    """An item of a conversation. Members that libraries add to what they send back have no meaning for the model."""

    model_config = ConfigDict(extra="ignore")


class InputMessage(ConversationItem):
    type: Literal["message"] | None = None
    role: Literal["user", "assistant", "system", "developer"]
    content: Parts[InputPart]


class FunctionCall(ConversationItem):
    type: Literal["function_call"]
    call_id: ToolCallId
    name: ToolName
    arguments: str


class FunctionOutput(ConversationItem):
    type: Literal["function_call_output"]
    call_id: ToolCallId
    output: Parts[InputPart]


class ReasoningItem(ConversationItem):
    """A model's reasoning in the history; not given to the model again."""

    type: Literal["reasoning"]


def _kind_of_item(value: Any) -> str | None:
    kind = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    return f"{TAG}{kind or 'message'}"


type InputItem = Annotated[
    Annotated[InputMessage, Tag(f"{TAG}message")]
    | Annotated[FunctionCall, Tag(f"{TAG}function_call")]
    | Annotated[FunctionOutput, Tag(f"{TAG}function_call_output")]
    | Annotated[ReasoningItem, Tag(f"{TAG}reasoning")],
    Discriminator(_kind_of_item),
]


class FunctionTool(ApiModel):
    type: Literal["function"]
    name: ToolName
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class NamedFunctionTool(ApiModel):
    type: Literal["function"]
    name: ToolName


class SchemaForm(ApiModel):
    type: Literal["json_schema"]
    name: ToolName
    schema_: dict[str, Any] = Field(alias="schema")
    description: str | None = None
    strict: bool | None = None


type TextForm = Annotated[
    Annotated[TextFormat, Tag(f"{TAG}text")]
    | Annotated[JsonObjectFormat, Tag(f"{TAG}json_object")]
    | Annotated[SchemaForm, Tag(f"{TAG}json_schema")],
    Discriminator(type_of),
]


class TextSettings(ApiModel):
    format: TextForm | None = None
    verbosity: Literal["low", "medium", "high"] | None = None


class ResponsesRequest(ApiModel):
    """The body of ``POST /v1/responses``."""

    model: str
    input: Annotated[
        Annotated[str, Tag(f"{TAG}text")]
        | Annotated[list[InputItem], FIRST_WRONG, Field(min_length=1), Tag(f"{TAG}parts")],
        Discriminator(shape_of),
    ]
    instructions: str | None = None
    max_output_tokens: int | None = Field(default=None, ge=1, le=MAX_INTEGER)
    temperature: float | None = Field(default=None, ge=0, le=1)
    top_p: float | None = Field(default=None, ge=0, le=1)
    tools: Annotated[list[FunctionTool], FIRST_WRONG, Field(max_length=128)] | None = None
    tool_choice: ToolChoice[NamedFunctionTool] | None = None
    parallel_tool_calls: bool | None = None
    text: TextSettings | None = None
    stream: bool | None = None
    metadata: Annotated[dict[MetadataName, MetadataValue], Field(max_length=MAX_METADATA)] | None = None
    user: str | None = None
    safety_identifier: str | None = None
    # Neutral values only.
    background: Literal[False] | None = None
    previous_response_id: None = None
    conversation: None = None
    truncation: Literal["disabled"] | None = None
    top_logprobs: Literal[0] | None = None
    # Ignored.
    include: list[str] | None = None
    reasoning: dict[str, Any] | None = None
    store: bool | None = None
    service_tier: Literal["auto", "default", "flex", "priority", "scale"] | None = None
    prompt_cache_key: str | None = None
    max_tool_calls: int | None = None
    stream_options: dict[str, Any] | None = None

    @property
    def ignored(self) -> list[str]:
        """Return names of the parameters that the request sets and that have no effect."""
        names = set_without_effect(self, IGNORED)
        verbose = self.text is not None and self.text.verbosity not in (None, "medium")
        return [*names, *(["text.verbosity"] if verbose else [])]

    def to_chat(self) -> ChatRequest:
        """Return the chat request that asks for the same."""
        document: dict[str, Any] = {
            "model": self.model,
            "messages": self._messages(),
            "max_completion_tokens": self.max_output_tokens,
            "temperature": self.temperature,
            "top_p": self.top_p,
            "tools": [_tool(tool) for tool in self.tools or ()],
            "tool_choice": self.tool_choice,
            "parallel_tool_calls": self.parallel_tool_calls,
            "response_format": _form(self.text.format) if self.text else None,
            "metadata": self.metadata,
            "user": self.user,
            "safety_identifier": self.safety_identifier,
        }
        if isinstance(self.tool_choice, NamedFunctionTool):
            document["tool_choice"] = {"type": "function", "function": {"name": self.tool_choice.name}}
        return check(ChatRequest, document)

    def _messages(self) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = []
        if self.instructions:
            messages.append({"role": "system", "content": self.instructions})
        if isinstance(self.input, str):
            return [*messages, {"role": "user", "content": self.input}]
        for item in self.input:
            match item:
                case InputMessage():
                    messages.append({"role": item.role, "content": _content(item.content)})
                case FunctionCall():
                    call = {"name": item.name, "arguments": item.arguments}
                    _calling(messages).append({"id": item.call_id, "type": "function", "function": call})
                case FunctionOutput():
                    answer = {"role": "tool", "tool_call_id": item.call_id, "content": _content(item.output)}
                    messages.append(answer)
        return messages


def _calling(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the tool calls of the last message: those of one turn belong to one message."""
    if not messages or messages[-1]["role"] != "assistant":
        messages.append({"role": "assistant", "content": None})
    calls: list[dict[str, Any]] = messages[-1].setdefault("tool_calls", [])
    return calls


def _content(content: str | list[Any]) -> str | list[dict[str, Any]]:
    return content if isinstance(content, str) else [_part(part) for part in content]


def _part(part: InputText | InputImage | InputRefusal) -> dict[str, Any]:
    match part:
        case InputText():
            return {"type": "text", "text": part.text}
        case InputImage():
            return {"type": "image_url", "image_url": {"url": part.image_url}}
        case InputRefusal():
            return {"type": "refusal", "refusal": part.refusal}


def _tool(tool: FunctionTool) -> dict[str, Any]:
    return {"type": "function", "function": tool.model_dump(exclude={"type"})}


def _form(form: Any) -> dict[str, Any] | None:
    if isinstance(form, SchemaForm):
        return {"type": "json_schema", "json_schema": form.model_dump(exclude={"type"}, by_alias=True)}
    return {"type": form.type} if form else None
