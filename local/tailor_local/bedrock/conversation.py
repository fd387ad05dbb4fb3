"""Checks a conversation as Bedrock does and turns it into what a learner is asked."""

import io
import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

from PIL import Image, UnidentifiedImageError

from tailor_local.bedrock import tokens, tools
from tailor_local.bedrock.errors import invalid
from tailor_local.bedrock.foundation import FoundationModel
from tailor_local.bedrock.learner.features import Prompt

MOST_SIDE = 8000  # pixels
PAYLOAD_BYTES = 25_000_000
PILLOW_FORMATS = {"png": "PNG", "jpeg": "JPEG", "gif": "GIF", "webp": "WEBP"}
TEXT_ONLY = "This model doesn't support the {kind} content block that you provided. Update the request and try again."


def prompt_of(request: dict[str, Any], model: FoundationModel, read: Callable[[str], bytes]) -> tuple[Prompt, int]:
    """Return the prompt and its size in tokens. ``read`` gets an object of S3 for the caller."""
    messages = request.get("messages") or []
    _check_turns(messages)
    specs = tools.specifications(request)
    if specs and model.provider == "Meta":
        raise invalid("This model doesn't support tool use.")
    if not specs and any({"toolUse", "toolResult"} & block.keys() for each in messages for block in each["content"]):
        raise invalid("The toolConfig field must be defined when using toolUse and toolResult content blocks.")
    media: list[bytes] = []
    count = 0
    for turn, message in enumerate(messages):
        for place, block in enumerate(message["content"]):
            where = f"messages.{turn}.content.{place}"
            for kind, content in _media(block, model, where, read):
                count += tokens.of_image(content, model.provider) if kind == "image" else tokens.of_video(content)
                if turn == len(messages) - 1:
                    media.append(content)
    texts = [" ".join(_texts(message["content"])) for message in messages]
    system = " ".join(block["text"] for block in request.get("system") or [] if "text" in block)
    count += sum(map(tokens.of_text, (*texts, system, json.dumps(specs) if specs else "")))
    return Prompt(question=texts[-1], history=" ".join([system, *texts[:-1]]), images=tuple(media)), count


def _check_turns(messages: list[dict[str, Any]]) -> None:
    if not messages:
        raise invalid("The conversation must have at least one message.")
    if messages[0]["role"] != "user":
        raise invalid(
            "A conversation must start with a user message. Try again with a conversation that starts with a user "
            "message."
        )
    for before, after in itertools.pairwise(messages):
        if before["role"] == after["role"]:
            raise invalid(
                "A conversation must alternate between user and assistant roles. Make sure the conversation alternates "
                "between user and assistant roles and try again."
            )
    if messages[-1]["role"] != "user":
        raise invalid(
            "The last turn must be a user message. Try again with a conversation that ends with a user message."
        )
    for turn, message in enumerate(messages):
        if not message["content"]:
            raise invalid(
                f"The content field in the Message object at messages.{turn} is empty. Add a ContentBlock object."
            )
        for place, block in enumerate(message["content"]):
            if "text" in block and not block["text"].strip():
                raise invalid(
                    f"The text field in the ContentBlock object at messages.{turn}.content.{place} is blank. Add text "
                    "to the text field, and try again."
                )


def _texts(content: list[dict[str, Any]]) -> Iterator[str]:
    for block in content:
        if "text" in block:
            yield block["text"]
        elif "toolResult" in block:
            yield from _texts([part for part in block["toolResult"]["content"] if "text" in part])
        elif not {"image", "video", "reasoningContent", "toolUse"} & block.keys():
            raise invalid(f"Content blocks of the kind {next(iter(block))} are not part of this stand-in.")


def _media(
    block: dict[str, Any], model: FoundationModel, where: str, read: Callable[[str], bytes]
) -> Iterator[tuple[str, bytes]]:
    for kind in ("image", "video"):
        if kind not in block:
            continue
        if kind.upper() not in model.input:
            raise invalid(TEXT_ONLY.format(kind=kind))
        source = block[kind]["source"]
        if len(source) != 1:
            raise invalid(f"The source of the {kind} at {where} must have exactly one of bytes and s3Location.")
        content = source["bytes"] if "bytes" in source else read(source["s3Location"]["uri"])
        if "bytes" in source and len(content) > PAYLOAD_BYTES:
            raise invalid("Input is too long for requested model.")
        if kind == "image":
            check_image(content, block["image"]["format"], where)
        yield kind, content


def check_image(content: bytes, format: str, where: str) -> None:
    """Raise ValidationException unless ``content`` is an image of ``format`` that the model can take."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            found, size = image.format, image.size
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise invalid(f"Could not process image at {where}: the file can't be opened.") from error
    if found != PILLOW_FORMATS[format]:
        raise invalid(f"The image at {where} was specified as {format}, but it is {str(found).lower()}.")
    if max(size) > MOST_SIDE:
        raise invalid(f"The image at {where} is larger than {MOST_SIDE} pixels.")
