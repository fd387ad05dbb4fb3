"""Validate rows as a plain validator does: parse each line, check it with a pydantic model, look for reserved words.

``python -m benchmarks.baseline FOLDER`` is such a script; it loads nothing of Tailor.
"""

import json
import sys
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

_RESERVED = ("system:", "user:", "bot:", "assistant:", "thought:", "[eos]", "<image>", "<video>", "<unk>")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Content(_Strict):
    text: str | None = None
    image: dict[str, Any] | None = None
    video: dict[str, Any] | None = None

    @field_validator("text")
    @classmethod
    def _no_reserved_words(cls, text: str | None) -> str | None:
        if text is not None:
            lower = text.lower()
            if any(word in lower for word in _RESERVED):
                raise ValueError("a reserved word")
        return text

    @model_validator(mode="after")
    def _holds_something(self) -> "_Content":
        if self.text is None and self.image is None and self.video is None:
            raise ValueError("an empty content item")
        return self


class _Message(_Strict):
    role: Literal["user", "assistant"]
    content: list[_Content]


class _Sample(_Strict):
    schemaVersion: str | None = None  # noqa: N815 the service's own name
    system: list[_Content] | None = None
    messages: list[_Message]

    @model_validator(mode="after")
    def _turns_alternate(self) -> "_Sample":
        if len(self.messages) < 2:
            raise ValueError("both user and assistant are needed")
        for place, message in enumerate(self.messages):
            if message.role != ("user", "assistant")[place % 2]:
                raise ValueError("the turns do not alternate")
            if not any(item.text for item in message.content if item.image is None):
                raise ValueError("an empty message")
        return self


def validate_only(folder: Path) -> int:
    count = 0
    with (folder / "rows.jsonl").open("rb") as file:
        for line in file:
            _Sample.model_validate(json.loads(line))
            count += 1
    return count


if __name__ == "__main__":
    print(validate_only(Path(sys.argv[1])))
