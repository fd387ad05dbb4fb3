import asyncio

from agents import Agent, OpenAIChatCompletionsModel, OpenAIResponsesModel, Runner, function_tool, set_tracing_disabled
from common import API_KEY, BASE_URL, FLAKY_URL, IMAGE_URL, MODEL, QUESTION, TOOL_QUESTION, raises, report
from openai import AsyncOpenAI, NotFoundError
from pydantic import BaseModel

set_tracing_disabled(True)
called = []


class Count(BaseModel):
    """How many shapes there are."""

    n: int


@function_tool
def count_shapes(n: int) -> str:
    """Counts shapes."""
    called.append(n)
    return "3"


def agent(kind=OpenAIResponsesModel, name=MODEL, base=BASE_URL, **given):
    model = kind(model=name, openai_client=AsyncOpenAI(base_url=base, api_key=API_KEY))
    return Agent(name="counter", instructions="Ngắn gọn.", model=model, **given)


def chat():
    for kind in (OpenAIResponsesModel, OpenAIChatCompletionsModel):
        assert Runner.run_sync(agent(kind), QUESTION).final_output


def image():
    content = [
        {"type": "input_image", "image_url": IMAGE_URL, "detail": "auto"},
        {"type": "input_text", "text": QUESTION},
    ]
    assert Runner.run_sync(agent(), [{"role": "user", "content": content}]).final_output


def stream():
    async def run():
        result = Runner.run_streamed(agent(), QUESTION)
        return [event.type async for event in result.stream_events()], result.final_output

    kinds, output = asyncio.run(run())
    assert "raw_response_event" in kinds
    assert output


def tools():
    for kind in (OpenAIResponsesModel, OpenAIChatCompletionsModel):
        called.clear()
        assert Runner.run_sync(agent(kind, tools=[count_shapes]), TOOL_QUESTION).final_output
        assert called


def structured():
    for kind in (OpenAIResponsesModel, OpenAIChatCompletionsModel):
        asked = agent(kind, output_type=Count, tools=[count_shapes])
        assert isinstance(Runner.run_sync(asked, TOOL_QUESTION).final_output, Count)


def errors():
    raises(NotFoundError, lambda: Runner.run_sync(agent(name="no"), QUESTION))


def retries():
    assert Runner.run_sync(agent(base=FLAKY_URL), QUESTION).final_output


report(chat=chat, image=image, stream=stream, tools=tools, structured=structured, errors=errors, retries=retries)
