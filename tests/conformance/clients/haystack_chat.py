from common import API_KEY, BASE_URL, FLAKY_URL, MODEL, PNG, QUESTION, TOOL_QUESTION, raises, report
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.dataclasses import ChatMessage, ImageContent
from haystack.tools import Tool
from haystack.utils import Secret
from pydantic import BaseModel


class Count(BaseModel):
    """How many shapes there are."""

    n: int


def generator(model=MODEL, base=BASE_URL, **given):
    return OpenAIChatGenerator(api_key=Secret.from_token(API_KEY), model=model, api_base_url=base, **given)


def ask(*messages, **given):
    return generator(**given).run(messages=list(messages))["replies"][0]


TOOL = Tool(
    name="count_shapes",
    description="Counts shapes",
    parameters={"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]},
    function=lambda n: str(n),
)


def chat():
    assert ask(ChatMessage.from_system("Ngắn gọn."), ChatMessage.from_user(QUESTION)).text


def image():
    picture = ImageContent(base64_image=PNG, mime_type="image/png")
    assert ask(ChatMessage.from_user(content_parts=[QUESTION, picture])).text


def stream():
    parts = []
    assert ask(ChatMessage.from_user(QUESTION), streaming_callback=parts.append).text
    assert parts


def tools():
    question = ChatMessage.from_user(TOOL_QUESTION)
    asked = ask(question, tools=[TOOL])
    [call] = asked.tool_calls
    assert ask(question, asked, ChatMessage.from_tool("3", origin=call), tools=[TOOL]).text


def structured():
    said = ask(ChatMessage.from_user(QUESTION), generation_kwargs={"response_format": Count})
    assert Count.model_validate_json(said.text)


def errors():
    raises(Exception, lambda: ask(ChatMessage.from_user(QUESTION), model="no"))


def retries():
    assert ask(ChatMessage.from_user(QUESTION), base=FLAKY_URL).text


report(chat=chat, image=image, stream=stream, tools=tools, structured=structured, errors=errors, retries=retries)
