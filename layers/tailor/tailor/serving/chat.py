"""Translate an OpenAI chat request to a Converse request.

Converse requires alternating user and assistant messages, a separate system prompt, no blank text, and every tool call
answered in the next user message. The messages keep their meaning; only the structure changes.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from typing import Any

from tailor.serving import images
from tailor.serving.aliases import Version
from tailor.serving.body import Allowance, read_arguments
from tailor.serving.errors import ApiError
from tailor.serving.forms import Form, form_of
from tailor.serving.schema import (
    AssistantMessage,
    ChatRequest,
    ImagePart,
    NamedTool,
    RefusalPart,
    SystemMessage,
    TextPart,
    ToolCall,
    ToolMessage,
    UserMessage,
    VideoPart,
)
from tailor.storage import Storage

Block = dict[str, Any]


def to_converse(
    request: ChatRequest, project: str, version: Version, uploads: Callable[[], Storage] | None = None
) -> dict[str, Any]:
    """Return keyword arguments for Converse.

    Args:
        uploads: opens the bucket of uploads, for media that the request names there.
    Raises:
        ApiError: 400.
    """
    media = images.RequestMedia(project, version.media, uploads)
    messages, tools = _messages(request, version, media), _tools(request)
    converse: dict[str, Any] = {
        "modelId": version.deployment,
        "messages": messages if tools else _without_tools(messages),
        "requestMetadata": _metadata(request, project, version),
    }
    if system := _system(request, version):
        converse["system"] = system
    if inference := _inference(request):
        converse["inferenceConfig"] = inference
    if tools:
        converse["toolConfig"] = tools
    if version.guardrail:
        named = {"guardrailIdentifier": version.guardrail.id, "guardrailVersion": version.guardrail.version}
        converse["guardrailConfig"] = named
    return converse


def _system(request: ChatRequest, version: Version) -> list[Block]:
    """Return the request's system and developer messages, or the prompt that the model was trained with."""
    given = [message for message in request.messages if isinstance(message, SystemMessage)]
    blocks = [{"text": text} for message in given for text in _texts(message.content)]
    if not blocks and version.system and version.system.strip():
        return [{"text": version.system}]
    return blocks


def _messages(request: ChatRequest, version: Version, media: images.RequestMedia) -> list[dict[str, Any]]:
    turns: list[tuple[str, list[Block]]] = []
    open_calls: set[str] = set()
    allowance = Allowance()
    _check_images(request, version)
    speakers = {message.name for message in request.messages if isinstance(message, UserMessage) and message.name}
    for index, message in enumerate(request.messages):
        where = f"messages[{index}]"
        if isinstance(message, SystemMessage):
            continue
        if not isinstance(message, ToolMessage) and open_calls:
            raise _refused(where, f"tool calls without an answer before it: {', '.join(sorted(open_calls))[:200]}")
        match message:
            case UserMessage():
                role, blocks = "user", _user_blocks(message, media, where)
                if message.name and len(speakers) > 1:
                    blocks = _said_by(message.name, blocks)
            case AssistantMessage():
                role, blocks = "assistant", _assistant_blocks(message, allowance, where)
                open_calls = {call.id for call in message.tool_calls or []}
            case ToolMessage():
                role, blocks = "user", [_tool_result(message, open_calls, where)]
                open_calls.discard(message.tool_call_id)
        if turns and turns[-1][0] == role:
            turns[-1][1].extend(blocks)
        elif blocks:
            turns.append((role, blocks))
    _check_turns(turns, open_calls)
    return [{"role": role, "content": blocks} for role, blocks in turns]


def _check_images(request: ChatRequest, version: Version) -> None:
    """Count images and videos before any is decoded. Raises ApiError 400: the model takes fewer."""
    contents = [message.content for message in request.messages if isinstance(message, UserMessage)]
    parts = [part for content in contents if not isinstance(content, str) for part in content]
    if sum(isinstance(part, ImagePart) for part in parts) > version.media.images:
        known = f"takes at most {version.media.images} images" if version.media.images else "takes no images"
        raise ApiError(400, f"messages: this model {known} in a request", code="too_many_images", param="messages")
    if sum(isinstance(part, VideoPart) for part in parts) > version.media.videos:
        known = "takes one video" if version.media.videos else "can't be trained on video and takes none"
        raise ApiError(400, f"messages: this model {known} in a request", code="too_many_videos", param="messages")


def _check_turns(turns: list[tuple[str, list[Block]]], open_calls: set[str]) -> None:
    if open_calls:
        raise _refused("messages", f"tool calls without an answer: {', '.join(sorted(open_calls))[:200]}")
    if not turns or turns[0][0] != "user" or turns[-1][0] != "user":
        raise _refused("messages", "a conversation begins and ends with a user message (or ends with tool answers)")


def _user_blocks(message: UserMessage, media: images.RequestMedia, where: str) -> list[Block]:
    blocks: list[Block] = []
    parts = [TextPart(type="text", text=message.content)] if isinstance(message.content, str) else message.content
    for index, part in enumerate(parts):
        if isinstance(part, ImagePart):
            blocks.append({"image": media.image(part.image_url.url, f"{where}.content[{index}].image_url.url")})
        elif isinstance(part, VideoPart):
            blocks.append({"video": media.video(part.video_url.url, f"{where}.content[{index}].video_url.url")})
        elif part.text.strip():
            blocks.append({"text": part.text})
    if not blocks:
        raise _refused(f"{where}.content", "the message is empty")
    return blocks


def _said_by(name: str, blocks: list[Block]) -> list[Block]:
    """Put a speaker's name before the first text: Converse's messages have none."""
    first = next((index for index, block in enumerate(blocks) if "text" in block), None)
    if first is None:
        return [{"text": f"{name}:"}, *blocks]
    return [*blocks[:first], {"text": f"{name}: {blocks[first]['text']}"}, *blocks[first + 1 :]]


def _assistant_blocks(message: AssistantMessage, allowance: Allowance, where: str) -> list[Block]:
    blocks: list[Block] = [{"text": text} for text in _texts(message.content)]
    if not blocks and message.refusal and message.refusal.strip():
        blocks.append({"text": message.refusal})
    for index, call in enumerate(message.tool_calls or []):
        blocks.append({"toolUse": _tool_use(call, allowance, f"{where}.tool_calls[{index}]")})
    if len({call.id for call in message.tool_calls or []}) != len(message.tool_calls or []):
        raise _refused(f"{where}.tool_calls", "two calls have the same id")
    return blocks


def _tool_use(call: ToolCall, allowance: Allowance, where: str) -> Block:
    param = f"{where}.function.arguments"
    arguments = read_arguments(call.function.arguments, allowance, param)
    if arguments is None:
        raise _refused(param, "this is not a JSON object")
    return {"toolUseId": call.id, "name": call.function.name, "input": arguments}


def _tool_result(message: ToolMessage, open_calls: set[str], where: str) -> Block:
    if message.tool_call_id not in open_calls:
        raise _refused(f"{where}.tool_call_id", "the assistant message before it has no such open tool call")
    content: list[Block] = [{"text": text} for text in _texts(message.content)]
    # Bedrock refuses blank text, so an empty tool result is sent as JSON.
    return {"toolResult": {"toolUseId": message.tool_call_id, "content": content or [{"json": {"content": ""}}]}}


def _texts(content: str | Iterable[TextPart | RefusalPart] | None) -> list[str]:
    """Return the texts that are not blank; Bedrock refuses blank ones."""
    if content is None or isinstance(content, str):
        texts = [content or ""]
    else:
        texts = [part.text if isinstance(part, TextPart) else part.refusal for part in content]
    return [text for text in texts if text.strip()]


def _inference(request: ChatRequest) -> dict[str, Any]:
    stop = [request.stop] if isinstance(request.stop, str) else request.stop
    values = {
        "maxTokens": request.longest_answer,
        "temperature": request.temperature,
        "topP": request.top_p,
        "stopSequences": stop or None,
    }
    return {name: value for name, value in values.items() if value is not None}


def _tools(request: ChatRequest) -> dict[str, Any] | None:
    names = [tool.function.name for tool in request.tools or ()]
    if len(set(names)) != len(names):
        raise _refused("tools", "two tools have the same name")
    if isinstance(request.tool_choice, NamedTool) and request.tool_choice.function.name not in names:
        raise _refused("tool_choice", "there is no tool of that name")
    if not names and request.tool_choice not in (None, "none"):
        raise _refused("tool_choice", "there are no tools to choose from")
    specs = [{"toolSpec": _tool_spec(tool.function)} for tool in request.tools or ()]
    if form := form_of(request):
        return _with_form(form, specs, only_form=not specs or request.tool_choice == "none")
    if not specs or request.tool_choice == "none":
        return None
    config: dict[str, Any] = {"tools": specs}
    if isinstance(request.tool_choice, NamedTool):
        config["toolChoice"] = {"tool": {"name": request.tool_choice.function.name}}
    elif request.tool_choice:
        config["toolChoice"] = {"any": {}} if request.tool_choice == "required" else {"auto": {}}
    return config


def _with_form(form: Form, specs: list[dict[str, Any]], *, only_form: bool) -> dict[str, Any]:
    """Have the model answer in a form, or call one of the tools first."""
    choice = {"tool": {"name": form.name}} if only_form else {"any": {}}
    return {"tools": [*specs, form.tool()], "toolChoice": choice}


def _tool_spec(function: Any) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "name": function.name,
        "inputSchema": {"json": function.parameters or {"type": "object", "properties": {}}},
    }
    if function.description and function.description.strip():
        spec["description"] = function.description
    if function.strict is not None:
        spec["strict"] = function.strict
    return spec


def _metadata(request: ChatRequest, project: str, version: Version) -> dict[str, str]:
    """Return metadata for Bedrock's invocation logs, by which distillation can filter; hashes the user's id."""
    metadata = dict(request.metadata or {})
    if any(name.startswith("tailor-") for name in metadata):
        raise _refused("metadata", "names that begin with tailor- are the service's own")
    metadata |= {"tailor-project": project, "tailor-version": version.run}
    if user := request.safety_identifier or request.user:
        metadata["tailor-user"] = hashlib.sha256(user.encode()).hexdigest()[:32]
    return metadata


def _without_tools(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tell of earlier calls of tools as text.

    Bedrock takes calls only beside tools that the model may call, and this request wants no call.
    """
    names: dict[str, str] = {}
    return [{**message, "content": [_told(block, names) for block in message["content"]]} for message in messages]


def _told(block: Block, names: dict[str, str]) -> Block:
    if "toolUse" in block:
        use = block["toolUse"]
        names[use["toolUseId"]] = use["name"]
        return {"text": f"[{use['name']} was called with {json.dumps(use['input'], ensure_ascii=False)}]"}
    if "toolResult" in block:
        result = block["toolResult"]
        said = "\n".join(part.get("text", "") for part in result["content"])
        return {"text": f"[{names[result['toolUseId']]} answered: {said}]"}
    return block


def _refused(param: str, message: str) -> ApiError:
    return ApiError(400, f"{param}: {message}", code="invalid_value", param=param)
