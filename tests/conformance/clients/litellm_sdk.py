import json

import litellm
from common import API_KEY, BASE_URL, FLAKY_URL, IMAGE_URL, MODEL, QUESTION, TOOL_QUESTION, raises, report
from pydantic import BaseModel

ASK = [{"role": "user", "content": QUESTION}]
TOOL = {
    "type": "function",
    "function": {
        "name": "count_shapes",
        "parameters": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]},
    },
}


class Count(BaseModel):
    """How many shapes there are."""

    n: int


def ask(messages=ASK, model=MODEL, base=BASE_URL, **given):
    return litellm.completion(model=f"openai/{model}", messages=messages, api_base=base, api_key=API_KEY, **given)


def chat():
    answer = ask(temperature=0, max_tokens=50, user="u1")
    assert answer.choices[0].message.content
    said = litellm.responses(model=f"openai/{MODEL}", input=QUESTION, api_base=BASE_URL, api_key=API_KEY)
    assert said.output[-1].content[0].text


def image():
    content = [{"type": "text", "text": QUESTION}, {"type": "image_url", "image_url": {"url": IMAGE_URL}}]
    assert ask([{"role": "user", "content": content}]).choices[0].message.content


def stream():
    assert "".join(chunk.choices[0].delta.content or "" for chunk in ask(stream=True))


def tools():
    messages = [{"role": "user", "content": TOOL_QUESTION}]
    asked = ask(messages, tools=[TOOL], tool_choice="auto").choices[0].message
    [call] = asked.tool_calls
    messages += [asked, {"role": "tool", "tool_call_id": call.id, "name": "count_shapes", "content": "3"}]
    assert ask(messages, tools=[TOOL]).choices[0].message.content


def structured():
    assert isinstance(json.loads(ask(response_format=Count).choices[0].message.content)["n"], int)
    assert json.loads(ask(response_format={"type": "json_object"}).choices[0].message.content) is not None


def errors():
    raises(litellm.NotFoundError, lambda: ask(model="no"))


def retries():
    assert ask(base=FLAKY_URL, num_retries=2).choices[0].message.content


report(chat=chat, image=image, stream=stream, tools=tools, structured=structured, errors=errors, retries=retries)
