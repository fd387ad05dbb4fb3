import json

import dspy
from common import API_KEY, BASE_URL, FLAKY_URL, IMAGE_URL, MODEL, QUESTION, raises, report


def lm(base=BASE_URL, model=MODEL, **given):
    return dspy.LM(f"openai/{model}", api_base=base, api_key=API_KEY, cache=False, **given)


def chat():
    assert lm()(QUESTION)


def image():
    content = [{"type": "text", "text": QUESTION}, {"type": "image_url", "image_url": {"url": IMAGE_URL}}]
    assert lm()(messages=[{"role": "user", "content": content}])


def structured():
    """Ask as JSONAdapter does: the stand-in follows no format that is only described."""
    [said] = lm()(QUESTION, response_format={"type": "json_object"})
    assert isinstance(json.loads(said), dict)


def errors():
    raises(Exception, lambda: lm(model="no", num_retries=0)(QUESTION))


def retries():
    assert lm(base=FLAKY_URL)(QUESTION)


report(chat=chat, image=image, stream=None, tools=None, structured=structured, errors=errors, retries=retries)
