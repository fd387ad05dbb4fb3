import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from common import API_KEY, BASE_URL, FLAKY_URL, IMAGE_URL, MODEL, QUESTION, TOOL_QUESTION, raises, report
from openai import BadRequestError, NotFoundError, OpenAI

KEY = f"sk-{secrets.token_hex(32)}"  # the proxy's own
ASK = [{"role": "user", "content": QUESTION}]
TOOL = {
    "type": "function",
    "function": {
        "name": "count_shapes",
        "parameters": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]},
    },
}


def served(name, model, base):
    return {
        "model_name": name,
        "litellm_params": {"model": f"openai/{model}", "api_base": base, "api_key": API_KEY},
    }


def started(folder, port):
    """Start the proxy as its operators do, with a configuration file, and return its process once it answers."""
    config = folder / "config.yaml"  # JSON is YAML
    models = [served(MODEL, MODEL, BASE_URL), served("flaky", MODEL, FLAKY_URL), served("no", "no", BASE_URL)]
    config.write_text(json.dumps({"model_list": models, "router_settings": {"num_retries": 2}}))
    command = [str(Path(sys.executable).parent / "litellm"), "--config", str(config), "--host", "127.0.0.1"]
    log = (folder / "log").open("w")
    process = subprocess.Popen(
        [*command, "--port", str(port)], stdout=log, stderr=log, env=os.environ | {"LITELLM_MASTER_KEY": KEY}
    )
    for _ in range(600):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health/liveliness", timeout=5)
        except (OSError, urllib.error.URLError):
            time.sleep(0.2)
            if process.poll() is not None:
                break
        else:
            return process
    process.kill()
    raise SystemExit((folder / "log").read_text().strip()[-2000:])


def ask(messages=ASK, model=MODEL, **given):
    return client.chat.completions.create(model=model, messages=messages, **given)


def chat():
    answer = ask(temperature=0, max_tokens=50, user="u1")
    assert answer.choices[0].message.content
    assert answer.usage.total_tokens > 0
    assert MODEL in [model.id for model in client.models.list()]


def image():
    content = [{"type": "text", "text": QUESTION}, {"type": "image_url", "image_url": {"url": IMAGE_URL}}]
    assert ask([{"role": "user", "content": content}]).choices[0].message.content


def stream():
    chunks = list(ask(stream=True, stream_options={"include_usage": True}))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert any(chunk.usage for chunk in chunks)


def tools():
    messages = [{"role": "user", "content": TOOL_QUESTION}]
    asked = ask(messages, tools=[TOOL], tool_choice="auto").choices[0].message
    messages += [asked, {"role": "tool", "tool_call_id": asked.tool_calls[0].id, "content": "3"}]
    assert ask(messages, tools=[TOOL]).choices[0].message.content


def structured():
    form = {"type": "json_schema", "json_schema": {"name": "count", "schema": TOOL["function"]["parameters"]}}
    assert isinstance(json.loads(ask(response_format=form).choices[0].message.content)["n"], int)


def errors():
    raises((NotFoundError, BadRequestError), lambda: ask(model="no"))


def retries():
    assert ask(model="flaky").choices[0].message.content


with tempfile.TemporaryDirectory() as place, socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
    free.close()
    proxy = started(Path(place), port)
    client = OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key=KEY, max_retries=0)
    try:
        report(
            chat=chat, image=image, stream=stream, tools=tools, structured=structured, errors=errors, retries=retries
        )
    finally:
        proxy.terminate()
        proxy.wait()
