import json

from common import API_KEY, BASE_URL, FLAKY_URL, IMAGE_URL, MODEL, QUESTION, TOOL_QUESTION, raises, report
from openai import BadRequestError, OpenAI
from pydantic import BaseModel

client = OpenAI(base_url=BASE_URL, api_key=API_KEY)
TOOL = {
    "type": "function",
    "name": "count_shapes",
    "parameters": {
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "required": ["n"],
        "additionalProperties": False,
    },
    "strict": True,
}


class Count(BaseModel):
    """How many shapes there are."""

    n: int


def chat():
    answer = client.responses.create(model=MODEL, input=QUESTION, instructions="Ngắn gọn.", store=False)
    assert answer.output_text
    assert answer.usage.total_tokens > 0


def image():
    content = [{"type": "input_image", "image_url": IMAGE_URL}, {"type": "input_text", "text": QUESTION}]
    assert client.responses.create(model=MODEL, input=[{"role": "user", "content": content}]).output_text


def stream():
    with client.responses.stream(model=MODEL, input=QUESTION) as events:
        kinds = [event.type for event in events]
        final = events.get_final_response()
    assert kinds[0] == "response.created"
    assert "response.output_text.delta" in kinds
    assert final.output_text


def tools():
    asked = client.responses.create(model=MODEL, input=TOOL_QUESTION, tools=[TOOL])
    [call] = [item for item in asked.output if item.type == "function_call"]
    assert isinstance(json.loads(call.arguments)["n"], int)
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "3"}
    history = [{"role": "user", "content": TOOL_QUESTION}, *asked.output, result]
    assert client.responses.create(model=MODEL, input=history, tools=[TOOL]).output_text


def structured():
    assert isinstance(client.responses.parse(model=MODEL, input=QUESTION, text_format=Count).output_parsed, Count)


def errors():
    stored = lambda: client.responses.create(model=MODEL, input=QUESTION, previous_response_id="resp_1")  # noqa: E731
    assert raises(BadRequestError, stored).param == "previous_response_id"


def retries():
    assert OpenAI(base_url=FLAKY_URL, api_key=API_KEY).responses.create(model=MODEL, input=QUESTION).output_text


report(chat=chat, image=image, stream=stream, tools=tools, structured=structured, errors=errors, retries=retries)
