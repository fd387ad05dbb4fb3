from common import API_KEY, BASE_URL, FLAKY_URL, IMAGE_URL, MODEL, QUESTION, TOOL_QUESTION, raises, report
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from openai import NotFoundError
from pydantic import BaseModel

chat_model = ChatOpenAI(model=MODEL, base_url=BASE_URL, api_key=API_KEY, temperature=0, max_tokens=100)


class Count(BaseModel):
    """How many shapes there are."""

    n: int


@tool
def count_shapes(n: int) -> str:
    """Counts shapes."""
    return str(n)


def chat():
    answer = chat_model.invoke([("system", "Ngắn gọn."), ("human", QUESTION)])
    assert answer.content
    assert answer.usage_metadata["total_tokens"] > 0


def image():
    content = [{"type": "text", "text": QUESTION}, {"type": "image_url", "image_url": {"url": IMAGE_URL}}]
    assert chat_model.invoke([HumanMessage(content=content)]).content


def stream():
    assert "".join(chunk.content for chunk in chat_model.stream(QUESTION))


def tools():
    bound = chat_model.bind_tools([count_shapes], parallel_tool_calls=False)
    messages = [HumanMessage(TOOL_QUESTION, name="linh")]
    asked = bound.invoke(messages)
    [call] = asked.tool_calls
    asked.name = "counter"
    result = ToolMessage(count_shapes.invoke(call["args"]), tool_call_id=call["id"], name="count_shapes")
    assert bound.invoke([*messages, asked, result]).content


def structured():
    for method in ("json_schema", "function_calling", "json_mode"):
        made = chat_model.with_structured_output(Count, method=method, include_raw=True)
        said = made.invoke(QUESTION)
        assert method == "json_mode" or isinstance(said["parsed"], Count), said


def errors():
    raises(NotFoundError, lambda: ChatOpenAI(model="no", base_url=BASE_URL, api_key=API_KEY).invoke(QUESTION))


def retries():
    assert ChatOpenAI(model=MODEL, base_url=FLAKY_URL, api_key=API_KEY).invoke(QUESTION).content


report(chat=chat, image=image, stream=stream, tools=tools, structured=structured, errors=errors, retries=retries)
