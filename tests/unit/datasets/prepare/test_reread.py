"""Every prepared line is read again before it counts."""

from pathlib import Path

import orjson
import pytest

from tailor.datasets.reread import DamagedOutputError, verify


def test_a_prepared_line_that_is_damaged_is_found(tmp_path: Path) -> None:
    messages = [{"role": role, "content": [{"text": "x"}]} for role in ("user", "assistant")]
    lines = [
        orjson.dumps({"schemaVersion": "bedrock-conversation-2024", "messages": messages[:count]}) + b"\n"
        for count in (1, 2, 2)
    ]
    path = tmp_path / "train.jsonl"
    path.write_bytes(b"".join(lines))
    assert verify(path, "converse")[1] == 3
    cut, torn = lines[2][:-9] + b"\n", lines[2].replace(b'"assistant"', b'"user"')
    for damaged, at in [([*lines[:2], torn], 3), ([lines[0], cut, lines[2]], 2)]:
        path.write_bytes(b"".join(damaged))
        with pytest.raises(DamagedOutputError, match=f"line {at} of train.jsonl"):
            verify(path, "converse")
