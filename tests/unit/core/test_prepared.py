from typing import Any

import pytest

from tailor.prepared import decode

QUESTION = [{"role": "user", "content": [{"text": "2 + 2?"}]}]
SYSTEM = [{"text": "Be brief."}]
ANSWERED = [*QUESTION, {"role": "assistant", "content": [{"text": "4"}, {"text": "four"}]}]
OPENAI = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "2 + 2?"}]


@pytest.mark.parametrize(
    ("row", "system", "messages", "answer"),
    [
        ({"messages": ANSWERED, "system": SYSTEM}, SYSTEM, QUESTION, "4\nfour"),
        ({"messages": QUESTION}, [], QUESTION, ""),
        ({"prompt": "2 + 2?", "completion": " 4"}, [], QUESTION, " 4"),
        ({"input": "A document."}, [], [], "A document."),
        ({"messages": OPENAI, "reference_answer": "4"}, SYSTEM, QUESTION, "4"),
        ({"messages": OPENAI, "reference_answer": {"sum": 4}}, SYSTEM, QUESTION, '{"sum":4}'),
    ],
)
def test_every_shape_of_a_row_is_the_same_conversation(
    row: dict[str, Any], system: list[Any], messages: list[Any], answer: str
) -> None:
    found = decode(row)
    assert (found.system, found.messages, found.answer) == (system, messages, answer)
