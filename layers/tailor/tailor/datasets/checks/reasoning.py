"""Separate reasoning from answers: learnt as reasoning if the model can, otherwise removed. Tags stay or go in
pairs."""

from tailor.datasets.example import Block, Example, Raw, Text, Turn
from tailor.findings import Finding, finding
from tailor.reasoning import begins, parted
from tailor.recipe import Data


class ReasoningSplitter:
    """Separates answers from their reasoning. ``learns``: whether the model does; ``data`` may keep it in the text."""

    def __init__(self, model: str, data: Data, *, learns: bool) -> None:
        self._model, self._keeps, self._learns = model, data.reasoning == "keep", learns

    def apply(self, example: Example) -> list[Finding]:
        """Change the example's answers in place; return the findings."""
        found: list[Finding] = []
        for place, turn in enumerate(example.turns):
            if turn.role != "assistant":
                continue
            blocks = turn.blocks
            if len(blocks) == 1 and type(blocks[0]) is Text and "<" not in blocks[0].text:
                continue  # by far the most frequent answer
            if any(map(_may_reason, blocks)):
                found += self._turn(example, turn, f"$.messages[{place}]")
        if found and not self._keeps:
            example.references = [parted(text)[1] for text in example.references]
        if example.worse is not None and not self._keeps:
            example.worse = parted(example.worse)[1]
        return found

    def _turn(self, example: Example, turn: Turn, path: str) -> list[Finding]:
        thoughts: list[str] = []
        blocks: list[Block] = []
        tags = given = False
        for block in turn.blocks:
            if type(block) is Text and not self._keeps:
                thought, answer, open_tag = parted(block.text)
                if open_tag:
                    code, file, line = "reasoning-unfinished", example.file, example.line
                    return [finding(code, file, line, path, tag=open_tag)]
                tags = tags or answer != block.text
                thoughts += [thought] if thought else []
                block.text = answer
                blocks += [block] if answer or (not thought and answer == block.text) else []
            elif type(block) is Raw and block.kind == "reasoningContent" and not self._learns:
                given = True
                if self._keeps:
                    blocks.append(Text(f"<think>{_text_of(block)}</think>"))
            else:
                blocks.append(block)
        if not tags and not given and any(type(block) is Text for block in blocks):
            return []
        if self._learns and thoughts:
            blocks.insert(0, Raw("reasoningContent", {"reasoningText": {"text": "\n\n".join(thoughts)}}))
        if all(type(block) is Raw and block.kind == "reasoningContent" for block in blocks):
            return [finding("reasoning-unfinished/alone", example.file, example.line, path)]
        turn.blocks = blocks
        code = "reasoning-read/empty" if tags and not thoughts and not given else "reasoning-read"
        code = code if self._learns or code.endswith("empty") else "reasoning-not-supported"
        return [finding(code, example.file, example.line, path, model=self._model)]


def _may_reason(block: Block) -> bool:
    if type(block) is Text:
        return begins(block.text)
    return type(block) is Raw and block.kind == "reasoningContent"


def _text_of(block: Raw) -> str:
    inner = block.value.get("reasoningText")
    return str(inner.get("text", "")) if isinstance(inner, dict) else ""
