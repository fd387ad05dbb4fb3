import asyncio
import base64

from common import API_KEY, BASE_URL, FLAKY_URL, MODEL, PNG, QUESTION, TOOL_QUESTION, raises, report
from pydantic import BaseModel
from pydantic_ai import Agent, BinaryContent, ModelHTTPError, NativeOutput, ToolOutput
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider


def model(name=MODEL, base=BASE_URL):
    return OpenAIChatModel(name, provider=OpenAIProvider(base_url=base, api_key=API_KEY))


class Count(BaseModel):
    """How many shapes there are."""

    n: int


def chat():
    assert Agent(model(), instructions="Ngắn gọn.").run_sync(QUESTION).output
    responses = OpenAIResponsesModel(MODEL, provider=OpenAIProvider(base_url=BASE_URL, api_key=API_KEY))
    assert Agent(responses).run_sync(QUESTION).output


def image():
    picture = BinaryContent(base64.b64decode(PNG), media_type="image/png")
    assert Agent(model()).run_sync([QUESTION, picture]).output


def stream():
    async def run():
        async with Agent(model()).run_stream(QUESTION) as result:
            return [text async for text in result.stream_text(delta=True)]

    assert "".join(asyncio.run(run()))


def tools():
    called = []
    agent = Agent(model())

    @agent.tool_plain
    def count_shapes(n: int) -> str:
        """Counts shapes."""
        called.append(n)
        return "3"

    assert agent.run_sync(TOOL_QUESTION).output
    assert called


def structured():
    for form in (Count, ToolOutput(Count), NativeOutput(Count)):
        assert isinstance(Agent(model(), output_type=form).run_sync(QUESTION).output, Count)


def errors():
    assert raises(ModelHTTPError, lambda: Agent(model("no")).run_sync(QUESTION)).status_code == 404


def retries():
    assert Agent(model(base=FLAKY_URL)).run_sync(QUESTION).output


report(chat=chat, image=image, stream=stream, tools=tools, structured=structured, errors=errors, retries=retries)
