import asyncio
import json

from common import API_KEY, BASE_URL, FLAKY_URL, IMAGE_URL, MODEL, QUESTION, TOOL_QUESTION, report
from openai import AsyncOpenAI, NotFoundError, pydantic_function_tool
from pydantic import BaseModel

ASK = [{"role": "user", "content": QUESTION}]


class CountShapes(BaseModel):
    """Counts shapes."""

    n: int


TOOLS = [pydantic_function_tool(CountShapes, name="count_shapes")]


def with_client(scenario, base=BASE_URL):
    async def run():
        async with AsyncOpenAI(base_url=base, api_key=API_KEY) as client:
            await scenario(client)

    return lambda: asyncio.run(run())


async def chat(client):
    several = (client.chat.completions.create(model=MODEL, messages=ASK, n=2) for _ in range(3))
    for answer in await asyncio.gather(*several):
        assert [choice.index for choice in answer.choices] == [0, 1]
    assert [model.id async for model in client.models.list()] == [MODEL]


async def image(client):
    content = [
        {"type": "text", "text": QUESTION},
        {"type": "image_url", "image_url": {"url": IMAGE_URL, "detail": "low"}},
    ]
    answer = await client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": content}])
    assert answer.choices[0].message.content


async def stream(client):
    chunks = [chunk async for chunk in await client.chat.completions.create(model=MODEL, messages=ASK, stream=True)]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert chunks[-1].choices[0].finish_reason == "stop"


async def tools(client):
    messages = [{"role": "user", "content": TOOL_QUESTION}]
    async with client.chat.completions.stream(model=MODEL, messages=messages, tools=TOOLS) as events:
        kinds = [event.type async for event in events]
        final = await events.get_final_completion()
    assert "tool_calls.function.arguments.done" in kinds
    [call] = final.choices[0].message.tool_calls
    assert isinstance(call.function.parsed_arguments, CountShapes)
    messages += [final.choices[0].message.model_dump(), {"role": "tool", "tool_call_id": call.id, "content": "3"}]
    answer = await client.chat.completions.create(model=MODEL, messages=messages, tools=TOOLS)
    assert answer.choices[0].message.content


async def structured(client):
    schema = {"type": "array", "items": {"type": "string"}}
    form = {"type": "json_schema", "json_schema": {"name": "colours", "schema": schema}}
    answer = await client.chat.completions.create(model=MODEL, messages=ASK, response_format=form)
    assert isinstance(json.loads(answer.choices[0].message.content), list)


async def errors(client):
    try:
        await client.chat.completions.create(model="no", messages=ASK, stream=True)
    except NotFoundError as error:
        assert error.code == "model_not_found"
    else:
        raise AssertionError("no error")


report(
    chat=with_client(chat),
    image=with_client(image),
    stream=with_client(stream),
    tools=with_client(tools),
    structured=with_client(structured),
    errors=with_client(errors),
    retries=with_client(chat, FLAKY_URL),
)
