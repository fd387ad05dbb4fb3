import instructor
from common import API_KEY, BASE_URL, FLAKY_URL, IMAGE_URL, MODEL, QUESTION, raises, report
from openai import OpenAI
from pydantic import BaseModel


class Count(BaseModel):
    """How many shapes there are."""

    n: int


def ask(mode, base=BASE_URL, model=MODEL, content=QUESTION, **given):
    client = instructor.from_openai(OpenAI(base_url=base, api_key=API_KEY), mode=mode)
    messages = [{"role": "user", "content": content}]
    return client.chat.completions.create(model=model, messages=messages, response_model=Count, max_retries=1, **given)


def image():
    content = [{"type": "text", "text": QUESTION}, {"type": "image_url", "image_url": {"url": IMAGE_URL}}]
    assert isinstance(ask(instructor.Mode.TOOLS, content=content), Count)


def stream():
    client = instructor.from_openai(OpenAI(base_url=BASE_URL, api_key=API_KEY), mode=instructor.Mode.TOOLS)
    ask = {"model": MODEL, "messages": [{"role": "user", "content": QUESTION}]}
    assert list(client.chat.completions.create_partial(response_model=Count, **ask))


def structured():
    for mode in (instructor.Mode.TOOLS, instructor.Mode.TOOLS_STRICT, instructor.Mode.JSON_SCHEMA):
        assert isinstance(ask(mode), Count), mode


def errors():
    raises(Exception, lambda: ask(instructor.Mode.TOOLS, model="no"))


def retries():
    assert isinstance(ask(instructor.Mode.TOOLS, base=FLAKY_URL), Count)


report(
    chat=None,
    image=image,
    stream=stream,
    tools=lambda: ask(instructor.Mode.TOOLS),
    structured=structured,
    errors=errors,
    retries=retries,
)
