"""Chats that were rendered for another model, and what is left of templates in texts."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailor.datasets.formats.rendered import rendered
from tests.unit.datasets.support import codes, examples, open_dataset, rejections, texts

CHATS = {
    "ChatML": "<|im_start|>user\nHỏi<|im_end|>\n<|im_start|>assistant\nđáp<|im_end|>\n",
    "Llama 3": "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHỏi<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\nđáp<|eot_id|>",
    "Llama 2 or Mistral": "<s>[INST] Hỏi [/INST] đáp </s>",
    "Gemma": "<bos><start_of_turn>user\nHỏi<end_of_turn>\n<start_of_turn>model\nđáp<end_of_turn>",
    "Zephyr or Phi": "<|user|>\nHỏi</s>\n<|assistant|>\nđáp</s>",
    "<human>: and <bot>:": "<human>: Hỏi\n<bot>: đáp",
    "Baize": "The conversation. [|Human|] Hỏi\n[|AI|] đáp",
    "DeepSeek": "<｜begin▁of▁sentence｜><｜User｜>Hỏi<｜Assistant｜>đáp<｜end▁of▁sentence｜>",
    "OpenChat": "GPT4 Correct User: Hỏi<|end_of_turn|>GPT4 Correct Assistant: đáp<|end_of_turn|>",
    "Alpaca": "Below is an instruction that describes a task.\n\n### Instruction:\nHỏi\n\n### Response:\nđáp",
    "Guanaco (### Human, ### Assistant)": "### Human: Hỏi### Assistant: đáp",
    "USER: and ASSISTANT:": "USER: Hỏi ASSISTANT: đáp</s>",
    "Question: and Answer:": "### Câu hỏi: Hỏi\n### Trả lời: đáp",
    "Human: and Assistant:": "\n\nHuman: Hỏi\n\nAssistant: đáp",
}


@pytest.mark.parametrize("name", CHATS)
@pytest.mark.parametrize("key", ["text", "chat"])
def test_rendered_chats_become_turns(tmp_path: Path, name: str, key: str) -> None:
    reader = open_dataset(tmp_path, {"d.jsonl": f"{json.dumps({key: CHATS[name]})}\n" * 2})
    found = examples(reader)
    assert [texts(example) for example in found] == [["Hỏi", "đáp"]] * 2
    (said,) = [each for each in reader.findings if each.code == "rendered-chat"]
    assert name in said.message


def test_system_text_and_several_turns(tmp_path: Path) -> None:
    text = "<s>[INST] <<SYS>>\nNgắn.\n<</SYS>>\n\nMột? [/INST] 1 </s><s>[INST] Hai? [/INST] 2 </s>"
    (example,) = examples(open_dataset(tmp_path, {"d.csv": f'text\n"{text}"\n'}))
    assert (example.system, texts(example)) == ("Ngắn.", ["Một?", "1", "Hai?", "2"])


def test_what_can_not_be_split_for_sure_is_refused(tmp_path: Path) -> None:
    called = 'USER: Hỏi\n\nASSISTANT: <functioncall> {"name": "f"} <|endoftext|>'
    reader = open_dataset(tmp_path, {"d.jsonl": f"{json.dumps({'system': 'SYSTEM: S', 'chat': called})}\n"})
    (rejected,) = rejections(reader)
    assert rejected.findings[0].code == "rendered-chat"
    assert "continued" not in rejected.findings[0].fix


@pytest.mark.parametrize(
    ("prompt", "completion", "learnt", "code"),
    [
        ("<s>[INST] Hỏi [/INST]", " đáp </s>", ["Hỏi", "đáp"], "template-removed"),
        (
            "<|im_start|>user\nHỏi<|im_end|>\n<|im_start|>assistant\n",
            "đáp<|im_end|>",
            ["Hỏi", "đáp"],
            "template-removed",
        ),
        ("\n\nHuman: Hỏi\n\nAssistant:", " đáp", ["Hỏi", "đáp"], "template-removed"),
        ("Human:A\nAssistant:b\nHuman:Hỏi\nAssistant:", "đáp", ["A", "b", "Hỏi", "đáp"], "template-removed"),
        ("Hỏi\n\n###\n\n", " đáp END", ["Hỏi", "đáp"], "template-removed"),
        ("Hỏi", "đáp</s>", ["Hỏi", "đáp"], "end-token"),
        ("Hỏi", "đáp<|endoftext|>", ["Hỏi", "đáp"], "end-token"),
        (
            "Hỏi",
            '<div class="markdown"><p>đáp</p></div>',
            ["Hỏi", '<div class="markdown"><p>đáp</p></div>'],
            "html-answer",
        ),
        ("Hỏi", "nan", ["Hỏi", "nan"], "answer-says-nothing"),
        ("Why does <|im_start|>user appear?", "x", ["Why does <|im_start|>user appear?", "x"], "template-left"),
    ],
)
def test_marks_in_texts(tmp_path: Path, prompt: str, completion: str, learnt: list[str], code: str) -> None:
    row = {"prompt": prompt, "completion": completion}
    reader = open_dataset(tmp_path, {"d.jsonl": json.dumps(row)})
    assert [texts(example) for example in examples(reader)] == [learnt]
    assert code in codes(reader)


@pytest.mark.parametrize("text", ["Tóm tắt:\nUser: a\nAssistant: b\nUser: c", "# Đầu\n### Mục\nchữ", "a -> b", "5 < 6"])
def test_texts_that_only_look_so_stay(tmp_path: Path, text: str) -> None:
    reader = open_dataset(tmp_path, {"d.jsonl": json.dumps({"prompt": text, "completion": text})})
    (example,) = examples(reader)
    assert texts(example) == [text, text]
    assert not codes(reader) & {"template-removed", "template-left", "end-token"}


def test_documents_stay_as_they_are(tmp_path: Path) -> None:
    reader = open_dataset(tmp_path, {"d.jsonl": json.dumps({"text": CHATS["ChatML"]})}, method="continued-pre-training")
    assert [example.document for example in examples(reader)] == [CHATS["ChatML"]]


WORDS = st.text(alphabet="abc ổ?\n", min_size=1, max_size=20).filter(str.strip)


@settings(deadline=None)
@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=4))
def test_chatml_comes_back(pairs: list[tuple[str, str]]) -> None:
    turns = [turn for pair in pairs for turn in zip(("user", "assistant"), pair, strict=True)]
    text = "".join(f"<|im_start|>{role}\n{said}<|im_end|>\n" for role, said in turns)
    chat = rendered(text)
    assert chat is not None
    assert chat.turns == [(role, said.strip()) for role, said in turns]


@given(st.text(alphabet="<|im_start>userINST[]/# Human:\nA", max_size=200))
def test_any_text_is_a_chat_or_none(text: str) -> None:
    chat = rendered(text)
    assert chat is None or all(said for _, said in chat.turns)
