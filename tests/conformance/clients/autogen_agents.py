import asyncio
import base64
import io

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.messages import MultiModalMessage
from autogen_core import Image
from autogen_core.models import SystemMessage, UserMessage
from autogen_ext.models.openai import OpenAIChatCompletionClient
from common import API_KEY, BASE_URL, FLAKY_URL, MODEL, PNG, QUESTION, TOOL_QUESTION, raises, report
from PIL import Image as Picture
from pydantic import BaseModel

called = []


class Count(BaseModel):
    """How many shapes there are."""

    n: int


def count_shapes(n: int) -> str:
    """Counts shapes."""
    called.append(n)
    return "3"


def client(base=BASE_URL, model=MODEL):
    able = {"vision": True, "function_calling": True, "json_output": True, "structured_output": True}
    info = {"family": "unknown", "multiple_system_messages": True, **able}
    return OpenAIChatCompletionClient(model=model, base_url=base, api_key=API_KEY, model_info=info)


MESSAGES = [SystemMessage(content="Ngắn gọn."), UserMessage(content=QUESTION, source="linh")]


def chat():
    assert asyncio.run(client().create(MESSAGES)).content


def image():
    picture = Image(Picture.open(io.BytesIO(base64.b64decode(PNG))))
    task = MultiModalMessage(content=[QUESTION, picture], source="linh")
    assert asyncio.run(AssistantAgent("seer", client()).run(task=task)).messages[-1].content


def stream():
    async def run():
        return [part async for part in client().create_stream(MESSAGES)]

    assert asyncio.run(run())[-1].content


def tools():
    agent = AssistantAgent("counter", client(), tools=[count_shapes], reflect_on_tool_use=True)
    assert asyncio.run(agent.run(task=TOOL_QUESTION)).messages[-1].content
    assert called


def structured():
    said = asyncio.run(client().create(MESSAGES, json_output=Count)).content
    assert Count.model_validate_json(said)
    asyncio.run(client().create(MESSAGES, json_output=True))


def errors():
    raises(Exception, lambda: asyncio.run(client(model="no").create(MESSAGES)))


def retries():
    assert asyncio.run(client(FLAKY_URL).create(MESSAGES)).content


report(chat=chat, image=image, stream=stream, tools=tools, structured=structured, errors=errors, retries=retries)
