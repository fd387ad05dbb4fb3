import asyncio

from common import API_KEY, BASE_URL, FLAKY_URL, IMAGE_URL, MODEL, QUESTION, TOOL_QUESTION, raises, report
from openai import AsyncOpenAI
from pydantic import BaseModel
from semantic_kernel import Kernel
from semantic_kernel.connectors.ai.function_choice_behavior import FunctionChoiceBehavior
from semantic_kernel.connectors.ai.open_ai import OpenAIChatCompletion, OpenAIChatPromptExecutionSettings
from semantic_kernel.contents import ChatHistory, ChatMessageContent, ImageContent, TextContent
from semantic_kernel.functions import kernel_function

called = []


class Count(BaseModel):
    """How many shapes there are."""

    n: int


class Shapes:
    @kernel_function(name="shapes", description="Counts shapes")
    def shapes(self, n: int) -> str:
        called.append(n)
        return "3"


def ask(history, base=BASE_URL, model=MODEL, kernel=None, **given):
    service = OpenAIChatCompletion(ai_model_id=model, async_client=AsyncOpenAI(base_url=base, api_key=API_KEY))
    settings = OpenAIChatPromptExecutionSettings(**given)
    return asyncio.run(service.get_chat_message_content(history, settings, kernel=kernel))


def history(text=QUESTION):
    made = ChatHistory(system_message="Ngắn gọn.")
    made.add_user_message(text)
    return made


def chat():
    assert str(ask(history(), temperature=0, max_tokens=50))


def image():
    made = ChatHistory()
    items = [TextContent(text=QUESTION), ImageContent(data_uri=IMAGE_URL)]
    made.add_message(ChatMessageContent(role="user", items=items))
    assert str(ask(made))


def stream():
    async def run():
        service = OpenAIChatCompletion(ai_model_id=MODEL, async_client=AsyncOpenAI(base_url=BASE_URL, api_key=API_KEY))
        parts = service.get_streaming_chat_message_content(history(), OpenAIChatPromptExecutionSettings())
        return "".join([str(part) async for part in parts])

    assert asyncio.run(run())


def tools():
    kernel = Kernel()
    kernel.add_plugin(Shapes(), plugin_name="count")
    question = TOOL_QUESTION.replace("count_shapes", "count-shapes")
    assert str(ask(history(question), kernel=kernel, function_choice_behavior=FunctionChoiceBehavior.Auto()))
    assert called


def structured():
    assert Count.model_validate_json(str(ask(history(), response_format=Count)))


def errors():
    raises(Exception, lambda: ask(history(), model="no"))


def retries():
    assert str(ask(history(), base=FLAKY_URL))


report(chat=chat, image=image, stream=stream, tools=tools, structured=structured, errors=errors, retries=retries)
