"""Split chats that were rendered into one text for another model: ChatML, Llama, Mistral, Alpaca, Zephyr, Gemma, ….

They are split only where that is sure: the text begins with a mark, and the user and the assistant take turns.
"""

import re
from dataclasses import dataclass
from typing import Final

from tailor.datasets.formats.roles import Role


@dataclass(frozen=True, slots=True)
class Template:
    """``mark`` begins each turn; its group ``role`` names the speaker. One of ``hints`` is in every such text.
    ``in_words``: the marks are words that may also occur in a text; ``whole_only``: they count only if the text
    consists of turns."""

    name: str
    hints: tuple[str, ...]
    mark: re.Pattern[str]
    in_words: bool = False
    whole_only: bool = False


@dataclass(frozen=True, slots=True)
class Rendered:
    """Turns of a text that was rendered with the named template. The last one may be the user's. ``open``: the text
    ends where the assistant should answer. ``doubtful``: it begins with other words, or the marks are words."""

    name: str
    turns: list[tuple[Role, str]]
    doubtful: bool
    open: bool

    @property
    def whole(self) -> bool:
        """Return whether there is an answer to learn."""
        return self.turns[-1][0] == "assistant"


_ASKED: Final = ("question", "q", "câu hỏi", "hỏi")
_ANSWERED: Final = ("answer", "a", "câu trả lời", "trả lời", "đáp", "đáp án")
_ABOUT: Final = ("context", "passage", "ngữ cảnh", "đoạn văn")
_TEMPLATES: Final = (
    Template("ChatML", ("<|im_start|>",), re.compile(r"<\|im_start\|>[ ]?(?P<role>\w+)[ ]?\n?")),
    Template(
        "Llama 3",
        ("<|start_header_id|>",),
        re.compile(r"<\|start_header_id\|>[ ]?(?P<role>\w+)[ ]?<\|end_header_id\|>\s*"),
    ),
    Template("Gemma", ("<start_of_turn>",), re.compile(r"<start_of_turn>[ ]?(?P<role>\w+)[ ]?\n?")),
    Template(
        "Zephyr or Phi",
        ("<|user|>", "<|prompter|>"),
        re.compile(r"<\|(?P<role>user|prompter|assistant|system)\|>[ ]?\n?"),
    ),
    Template("<human>: and <bot>:", ("<bot>:", "<assistant>:"), re.compile(r"<(?P<role>human|user|bot|assistant)>:")),
    Template("Baize", ("[|AI|]",), re.compile(r"\[\|(?P<role>Human|AI)\|\]:?")),
    Template("DeepSeek", ("<｜User｜>",), re.compile(r"<｜(?P<role>User|Assistant)｜>")),
    Template("Llama 2 or Mistral", ("[/INST]",), re.compile(r"(?P<role>\[/?INST\])")),
    Template(
        "Alpaca",
        ("### Instruction", "### Response"),
        re.compile(r"(?:\A|\n)###[ ]?(?P<role>Instruction|Input|Context|Response|Output)[ ]?:[ ]?\n?", re.IGNORECASE),
    ),
    Template(
        "Guanaco (### Human, ### Assistant)",
        ("###",),
        re.compile(r"###[ ]?(?P<role>Human|User|Assistant|System|Bot|AI)[ ]?:", re.IGNORECASE),
    ),
    Template(
        "OpenChat",
        ("GPT4 Correct User:",),
        re.compile(r"GPT4 Correct (?P<role>User|Assistant):"),
    ),
    Template(
        "USER: and ASSISTANT:",
        ("ASSISTANT:",),
        re.compile(r"(?<!\w)(?P<role>USER|ASSISTANT|SYSTEM|FUNCTION RESPONSE):"),
        in_words=True,
    ),
    Template(
        "Human: and Assistant:",
        ("Assistant:", "Bot:", "AI:"),
        re.compile(r"(?:\A|\n)[ ]*(?P<role>Human|User|Assistant|System|Bot|AI)[ ]?:"),
        in_words=True,
    ),
    Template(
        "Question: and Answer:",
        ("Answer:", "A:", "rả lời:", "Đáp:", "Đáp án:"),
        re.compile(
            rf"(?:\A|\n)[ ]*(?:#+[ ]*)?\**(?P<role>{'|'.join((*_ASKED, *_ANSWERED, *_ABOUT))})[ ]?\d*[ ]?:\**",
            re.IGNORECASE,
        ),
        in_words=True,
        whole_only=True,
    ),
)
_ROLES: Final[dict[str, Role]] = {
    **dict.fromkeys(("user", "human", "prompter", "[inst]", "instruction", *_ASKED), "user"),
    **dict.fromkeys(
        ("assistant", "model", "bot", "ai", "[/inst]", "response", "output", "gpt", *_ANSWERED), "assistant"
    ),
    **dict.fromkeys(("input", *_ABOUT), "result"),  # of Alpaca: it goes with the question
    "system": "system",
}
END_TOKENS: Final = (
    "</s>", "<|endoftext|>", "<|im_end|>", "<|eot_id|>", "<|end_of_text|>", "<end_of_turn>", "<eos>", "<|end|>",
    "<|eom_id|>", "<|end_of_turn|>", "<|END_OF_TURN_TOKEN|>", "<｜end▁of▁sentence｜>", "[EOS]", "<|eos|>", "<EOT>",
)  # fmt: skip
_BEGIN_TOKENS: Final = ("<s>", "<|begin_of_text|>", "<bos>", "<｜begin▁of▁sentence｜>", "<|startoftext|>", "[BOS]")
_LLAMA_SYSTEM: Final = re.compile(r"\s*<<SYS>>(.*?)<</SYS>>", re.DOTALL)
_PREFACE: Final = re.compile(r"(?:Below|Dưới đây|Bên dưới)[^#]{0,40}(?:instruction|chỉ dẫn|hướng dẫn)[^#]{0,300}", re.I)
CALLS_AS_TEXT: Final = ("<functioncall>", "<tool_call>", "[TOOL_CALLS]")


def rendered(text: str) -> Rendered | None:
    """Return the turns of a rendered chat; None for other texts, or if it is not certain."""
    for template in _TEMPLATES:
        if any(hint in text for hint in template.hints):
            marks = list(template.mark.finditer(text))
            if marks and (turns := _turns(text, marks)) and (turns[-1][0] == "assistant" or not template.whole_only):
                end = _ROLES.get(marks[-1]["role"].casefold()) == "assistant" and not _bare(text[marks[-1].end() :])
                doubtful = template.in_words or bool(_bare(text[: marks[0].start()]))
                return Rendered(template.name, turns, doubtful, end)
    return None


def looks_rendered(text: str) -> bool:
    """Return whether a text contains marks of the user and of the assistant, possibly in an unclear order."""
    for template in _TEMPLATES:
        if any(hint in text for hint in template.hints):
            roles = {_ROLES.get(mark["role"].casefold()) for mark in template.mark.finditer(text)}
            if {"user", "assistant"} <= roles:
                return True
    return False


def template_of(text: str) -> str | None:
    """Return the name of the template whose marks a text contains, even if it can't be split; words are not marks."""
    for template in _TEMPLATES:
        if not template.in_words and any(hint in text for hint in template.hints) and template.mark.search(text):
            return template.name
    return None


def without_ends(text: str) -> tuple[str, str | None]:
    """Return a text without its end tokens, and the last of them."""
    found = None
    while True:
        bare = text.rstrip()
        token = next((token for token in END_TOKENS if bare.endswith(token)), None)
        if token is None:
            return (bare, found) if found else (text, None)
        text, found = bare[: -len(token)], found or token


def _turns(text: str, marks: list[re.Match[str]]) -> list[tuple[Role, str]] | None:
    if any(sign in text for sign in CALLS_AS_TEXT):
        return None
    before = _bare(text[: marks[0].start()])
    turns: list[tuple[Role, str]] = []
    if before and not _PREFACE.fullmatch(before):
        if len(before) > 2000 or marks[0]["role"].casefold() not in ("user", "human", "instruction", "[inst]"):
            return None
        turns.append(("system", before))
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    before_it = ""
    for mark, end in zip(marks, ends, strict=True):
        role = _ROLES.get(mark["role"].casefold())
        said = _bare(text[mark.end() : end])
        if role is None:
            return None
        if role == "user" and (system := _LLAMA_SYSTEM.match(said)):
            turns.append(("system", system[1].strip()))
            said = said[system.end() :].strip()
        if role == "result" and not any(role == "user" for role, _ in turns):
            before_it = said  # a passage that the first question is about
        elif role == "result":
            if turns[-1][0] != "user":
                return None
            turns[-1] = ("user", f"{turns[-1][1]}\n{said}".strip())
        elif (said or end < len(text)) and not (role == "system" and not said):
            turns.append((role, f"{before_it}\n\n{said}" if before_it else said))
            before_it = ""
    return turns if _in_turn(turns) else None


def _in_turn(turns: list[tuple[Role, str]]) -> bool:
    """Return whether system texts come first, and user and assistant then alternate, all with words."""
    talk = [role for role, _ in turns if role != "system"]
    begins = [role for role, _ in turns[: len(turns) - len(talk)]]
    return (
        bool(talk)
        and all(role == "system" for role in begins)
        and all(role == ("user", "assistant")[at % 2] for at, role in enumerate(talk))
        and all(said for _, said in turns)
    )


def _bare(text: str) -> str:
    """Return the text without start and end tokens and outer white space."""
    text = text.strip()
    for token in _BEGIN_TOKENS:
        text = text.removeprefix(token).lstrip()
    text = without_ends(text)[0]
    for token in _BEGIN_TOKENS:  # of the next turn
        text = text.removesuffix(token).rstrip()
    return without_ends(text)[0].strip()
