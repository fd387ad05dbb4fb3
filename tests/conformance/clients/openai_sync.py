import json

from common import API_KEY, BASE_URL, FLAKY_URL, IMAGE_URL, MODEL, QUESTION, TOOL_QUESTION, raises, report
from openai import AuthenticationError, BadRequestError, NotFoundError, OpenAI
from pydantic import BaseModel

client = OpenAI(base_url=BASE_URL, api_key=API_KEY)
ASK = [{"role": "user", "content": QUESTION}]


class Count(BaseModel):
    """How many shapes there are."""

    n: int
    colour: str


TOOL = {
    "type": "function",
    "function": {
        "name": "count_shapes",
        "description": "Counts shapes",
        "parameters": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]},
    },
}


def chat():
    answer = client.chat.completions.create(model=MODEL, messages=ASK, max_completion_tokens=50, temperature=0)
    assert answer.choices[0].message.content
    assert answer.usage.total_tokens > 0
    assert [model.id for model in client.models.list()] == [MODEL]


def image():
    content = [{"type": "image_url", "image_url": {"url": IMAGE_URL}}, {"type": "text", "text": QUESTION}]
    answer = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": content}])
    assert answer.choices[0].message.content


def stream():
    with client.chat.completions.stream(model=MODEL, messages=ASK, stream_options={"include_usage": True}) as events:
        kinds = [event.type for event in events]
        final = events.get_final_completion()
    assert "content.delta" in kinds
    assert final.choices[0].message.content
    assert final.usage.completion_tokens


def tools():
    messages = [{"role": "user", "content": TOOL_QUESTION}]
    asked = client.chat.completions.create(model=MODEL, messages=messages, tools=[TOOL], parallel_tool_calls=False)
    assert asked.choices[0].finish_reason == "tool_calls"
    [call] = asked.choices[0].message.tool_calls
    assert isinstance(json.loads(call.function.arguments)["n"], int)
    messages += [asked.choices[0].message, {"role": "tool", "tool_call_id": call.id, "content": "3"}]
    assert client.chat.completions.create(model=MODEL, messages=messages, tools=[TOOL]).choices[0].message.content


def structured():
    parsed = client.chat.completions.parse(model=MODEL, messages=ASK, response_format=Count).choices[0].message.parsed
    assert isinstance(parsed, Count)
    loose = client.chat.completions.create(model=MODEL, messages=ASK, response_format={"type": "json_object"})
    assert isinstance(json.loads(loose.choices[0].message.content), dict)


def errors():
    assert raises(NotFoundError, lambda: client.chat.completions.create(model="no", messages=ASK)).code
    refused = raises(BadRequestError, lambda: client.chat.completions.create(model=MODEL, messages=[], top_p=0.5))
    assert refused.param == "messages"
    stranger = OpenAI(base_url=BASE_URL, api_key="sk-wrong")
    assert raises(AuthenticationError, lambda: stranger.models.list()).code == "invalid_api_key"


def retries():
    flaky = OpenAI(base_url=FLAKY_URL, api_key=API_KEY)
    assert flaky.chat.completions.create(model=MODEL, messages=ASK).choices[0].message.content


report(chat=chat, image=image, stream=stream, tools=tools, structured=structured, errors=errors, retries=retries)
