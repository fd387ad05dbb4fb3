import json
import subprocess

from common import API_KEY, BASE_URL, FLAKY_URL, IMAGE_URL, MODEL, QUESTION, TOOL_QUESTION, report

ASK = [{"role": "user", "content": QUESTION}]
TOOL = {
    "type": "function",
    "function": {
        "name": "count_shapes",
        "parameters": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]},
    },
}


def curl(path, body=None, *options, base=BASE_URL, key=API_KEY):
    """Return the status and the body that curl prints."""
    given = ["curl", "--silent", "--max-time", "60", "--write-out", "\n%{http_code}", *options, f"{base}/{path}"]
    given += ["--header", f"Authorization: Bearer {key}"]
    if body is not None:
        given += ["--header", "Content-Type: application/json", "--data-binary", "@-"]
    said = subprocess.run(given, input=json.dumps(body), capture_output=True, text=True, check=True).stdout
    text, _, status = said.rpartition("\n")
    return int(status), text


def ask(messages=ASK, **given):
    status, text = curl("chat/completions", {"model": MODEL, "messages": messages, **given})
    assert status == 200, text
    return json.loads(text)["choices"][0]


def chat():
    assert ask(max_tokens=50)["message"]["content"]
    status, text = curl("models")
    assert (status, [model["id"] for model in json.loads(text)["data"]]) == (200, [MODEL])
    assert json.loads(curl("responses", {"model": MODEL, "input": QUESTION})[1])["output"][0]["content"][0]["text"]


def image():
    content = [{"type": "image_url", "image_url": {"url": IMAGE_URL}}, {"type": "text", "text": QUESTION}]
    assert ask([{"role": "user", "content": content}])["message"]["content"]


def stream():
    body = {"model": MODEL, "messages": ASK, "stream": True}
    status, text = curl("chat/completions", body, "--no-buffer")
    assert status == 200
    events = [line.removeprefix("data: ") for line in text.splitlines() if line]
    assert events[-1] == "[DONE]"
    assert "".join(json.loads(event)["choices"][0]["delta"].get("content") or "" for event in events[:-1])


def tools():
    messages = [{"role": "user", "content": TOOL_QUESTION}]
    asked = ask(messages, tools=[TOOL])["message"]
    messages += [asked, {"role": "tool", "tool_call_id": asked["tool_calls"][0]["id"], "content": "3"}]
    assert ask(messages, tools=[TOOL])["message"]["content"]


def structured():
    schema = {"name": "count", "schema": TOOL["function"]["parameters"]}
    answer = ask(response_format={"type": "json_schema", "json_schema": schema})
    assert isinstance(json.loads(answer["message"]["content"])["n"], int)


def errors():
    assert curl("chat/completions", {"model": "no", "messages": ASK})[0] == 404
    status, text = curl("models", key="sk-wrong")
    assert (status, json.loads(text)["error"]["code"]) == (401, "invalid_api_key")


def retries():
    status, text = curl("chat/completions", {"model": MODEL, "messages": ASK}, "--retry", "2", base=FLAKY_URL)
    assert status == 200, text


report(chat=chat, image=image, stream=stream, tools=tools, structured=structured, errors=errors, retries=retries)
