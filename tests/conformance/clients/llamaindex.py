import base64

from common import API_KEY, BASE_URL, FLAKY_URL, MODEL, PNG, QUESTION, TOOL_QUESTION, raises, report
from llama_index.core import PromptTemplate
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai_like import OpenAILike
from openai import NotFoundError
from pydantic import BaseModel

GIVEN = {"api_key": API_KEY, "is_chat_model": True, "is_function_calling_model": True, "context_window": 100_000}
llm = OpenAILike(model=MODEL, api_base=BASE_URL, **GIVEN)


class Count(BaseModel):
    """How many shapes there are."""

    n: int


def count_shapes(n: int) -> str:
    """Counts shapes."""
    return str(n)


def chat():
    assert str(llm.complete(QUESTION))
    assert llm.chat([ChatMessage(role="system", content="Ngắn gọn."), ChatMessage(content=QUESTION)]).message.content


def image():
    blocks = [ImageBlock(image=base64.b64decode(PNG), image_mimetype="image/png"), TextBlock(text=QUESTION)]
    assert llm.chat([ChatMessage(role="user", blocks=blocks)]).message.content


def stream():
    assert "".join(part.delta or "" for part in llm.stream_chat([ChatMessage(content=QUESTION)]))


def tools():
    tool = FunctionTool.from_defaults(count_shapes)
    asked = llm.chat_with_tools([tool], user_msg=TOOL_QUESTION)
    [call] = llm.get_tool_calls_from_response(asked)
    assert call.tool_name == "count_shapes"
    result = ChatMessage(role="tool", content="3", additional_kwargs={"tool_call_id": call.tool_id})
    history = [ChatMessage(content=TOOL_QUESTION), asked.message, result]
    assert llm.chat_with_tools([tool], chat_history=history).message.content


def structured():
    assert isinstance(llm.structured_predict(Count, PromptTemplate(QUESTION)), Count)


def errors():
    raises(NotFoundError, lambda: OpenAILike(model="no", api_base=BASE_URL, **GIVEN).complete(QUESTION))


def retries():
    assert str(OpenAILike(model=MODEL, api_base=FLAKY_URL, **GIVEN).complete(QUESTION))


report(chat=chat, image=image, stream=stream, tools=tools, structured=structured, errors=errors, retries=retries)
