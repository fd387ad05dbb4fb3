"""The machine code for usual rows: it claims nothing that the long way would see otherwise, whatever the bytes are."""

import json
import platform
import sys
import unicodedata
from array import array
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, cast

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailor import catalog
from tailor.datasets import native
from tailor.datasets.files import DataFile
from tailor.datasets.formats import converse, openai_chat
from tailor.datasets.formats.base import Context, Format
from tailor.datasets.ledger import Columns, Journal, Kept, Ledger
from tailor.datasets.media import MediaDesk
from tailor.datasets.native import Origin, Settings
from tailor.datasets.notes import Notes
from tailor.datasets.objects import MediaObject
from tailor.datasets.read import Lines, ReadableFile
from tailor.datasets.reread import DamagedOutputError, verify
from tailor.datasets.rows import Intentions, RowPass
from tailor.datasets.split import group_hash
from tailor.recipe import Recipe

from .conftest import converse as converse_row

BLANK_OR_NOT = st.lists(st.sampled_from([b"\n", b" ", b"\r", b"\t\x0b\x0c", b"{}", b"\xff", b"\0"])).map(b"".join)
USUAL = [
    "a", "Ă", "đ", "ế", "字", "😀", " ", "\n", "\t", "“", "”", '"', "\\", "/", "{}[]:,", "0", "1,5", "yes", "không",
    ".", "!", "        ", "the quick brown fox jumps over the lazy dog ", "Trời hôm nay đẹp quá, chúng ta đi chơi nhé ",
]  # fmt: skip
# What ends a text, what Python strips and JSON does not know, and what the screen looks for.
ODD = [
    "\r", "\u00a0", "\u2028", "\u3000", "\u1680", "\u2000", "\x1c", "\x7f", "  ", "a@b.vn", "User:", "\ufffd",
    "e\u0301", "\0",
]  # fmt: skip
USUAL_TEXTS = st.lists(st.sampled_from(USUAL), min_size=1, max_size=12).map(lambda parts: "".join(parts).strip() or "x")
ODD_TEXTS = st.lists(st.sampled_from([*USUAL, *ODD]), max_size=12).map("".join)
TEXTS = st.one_of(USUAL_TEXTS, USUAL_TEXTS, USUAL_TEXTS, USUAL_TEXTS, ODD_TEXTS)


SETTINGS = Settings(b"", b"", True, 0, 10_000, 6.0, 4.5, 2.5, 40, 200, 0, 2, 1, 20, 400, b"\xff", 0)
CHAT = b'{"messages":[{"role":"user","content":"', b'"},{"role":"assistant","content":"x"}]}\n'
SYSTEMS = st.sampled_from([None, "Be brief.", 'Say "yes"\n', 'Say "nó".'])


def test_setup_builds_it() -> None:
    assert native.is_there()


@pytest.mark.parametrize("damage", ["cut off", "of another machine", "without its functions", "of another version"])
def test_what_can_not_be_used_says_how_to_mend_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str) -> None:
    [built] = Path(native.__file__).parent.glob(f"rows-{platform.machine()}-*.bin")
    other = tmp_path / built.name
    code = bytearray(built.read_bytes())
    if damage == "cut off":
        del code[20:]
    elif damage == "of another machine":
        code[18] ^= 0xFF  # ELF's e_machine
    elif damage == "of another version":
        monkeypatch.setattr(native, "_Split", native._Columns)
    else:
        code = code.replace(b"\0gather\0", b"\0gathex\0")
    other.write_bytes(code)
    monkeypatch.setattr(native, "__file__", str(tmp_path / "__init__.py"))
    native._library.cache_clear()
    try:
        with pytest.raises(native.MachineCodeError) as caught:
            native.is_there()
    finally:
        monkeypatch.undo()
        native._library.cache_clear()
    assert "make setup" in caught.value.hint
    assert native.is_there()


@given(block=BLANK_OR_NOT, line=st.integers(0, 9))
def test_lines_are_split_as_python_would(block: bytes, line: int) -> None:
    found = list(native.split(block, line))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "_library", lambda: None)
        ((stretch, blanks),) = native.split(block, line)
    for place in range(1, 4):
        assert [value for each, _ in found for value in each[place]] == list(stretch[place])
    assert [value for _, each in found for value in each] == list(blanks)


def test_a_block_of_many_lines_comes_in_several_stretches() -> None:
    found = [stretch for stretch, _ in native.split(b"{}\n" * 10_000, 0)]
    assert len(found) > 1
    assert [number for stretch in found for number in stretch.numbers] == list(range(1, 10_001))


@given(records=st.lists(st.binary().map(lambda data: data.replace(b"\n", b"") + b"\n")), data=st.data())
def test_records_are_hashed_and_gathered_as_python_would(records: list[bytes], data: st.DataObject) -> None:
    mask = bytes(data.draw(st.lists(st.integers(0, 1), min_size=len(records), max_size=len(records))))
    sizes, block = array("i", map(len, records)), b"".join(records)
    assert list(native.seals(block)) == list(map(group_hash, records))
    assert bytes(native.gather(block, sizes, mask)) == b"".join(
        record for record, kept in zip(records, mask, strict=True) if kept
    )


def _escaped(text: str, choose: Callable[[int], int]) -> str:
    """A JSON string of the text, with escapes that nobody needs."""
    ways: list[Callable[[str], str]] = [
        lambda one: one if one not in '"\\' and one >= " " else json.dumps(one)[1:-1],
        lambda one: json.dumps(one)[1:-1],
        lambda one: "".join(f"\\u{int.from_bytes(half, 'big'):04X}" for half in _halves(one)),
        lambda one: "\\/" if one == "/" else json.dumps(one, ensure_ascii=False)[1:-1],
    ]
    return '"' + "".join(ways[choose(len(ways))](one) for one in text) + '"'


def _halves(character: str) -> list[bytes]:
    wide = character.encode("utf-16-be", "surrogatepass")
    return [wide[:2], wide[2:]] if len(wide) == 4 else [wide]


@st.composite
def _lines(draw: st.DrawFn, *, chat: bool) -> bytes:
    """A row of Converse, or of OpenAI's chat, as somebody may write it; then perhaps damaged."""
    random = Random(draw(st.integers(0)))
    texts = draw(st.one_of(st.lists(TEXTS, min_size=2, max_size=2), st.lists(TEXTS, max_size=5)))
    space = random.choice(["", "", " ", " \t\r"])
    roles = ("user", "assistant") if random.random() < 0.95 else ("user", "system")

    def string(text: str) -> str:
        return _escaped(text, random.randrange) if random.random() < 0.3 else json.dumps(text)

    def member(*parts: str) -> str:
        shuffled = list(parts)
        if random.random() < 0.1:
            random.shuffle(shuffled)
        if random.random() < 0.03:
            shuffled.append(random.choice([*parts, '"x":1']))
        return "{" + f"{space},{space}".join(shuffled) + "}" + space

    def content(text: str) -> str:
        if chat:
            return string(text) if random.random() < 0.97 else random.choice(["null", "1", f"[{string(text)}]"])
        more = (
            ["{}", member(f'"text":{string("more")}'), '{"text":1}', '{"image":{}}'] if random.random() < 0.03 else []
        )
        return f"[{space}{','.join([member(f'"text"{space}:{space}{string(text)}'), *more[: random.randrange(5)]])}]"

    def message(role: str, text: str) -> str:
        return member(f'"role":{space}"{role}"', f'"content"{space}:{content(text)}')

    messages = [message(roles[place % 2], text) for place, text in enumerate(texts)]
    parts = [] if chat else ['"schemaVersion":"bedrock-conversation-2024"']
    if random.random() < 0.5:
        system = draw(TEXTS)
        if chat:
            messages.insert(random.choice([0, 0, 0, 0, 1]), message("system", system))
        else:
            parts.append(f'"system":{content(system)}')
    parts.append(f'"messages":[{space}{",".join(messages)}]')
    line = (space + member(*parts)).encode("utf-8", "surrogatepass")
    for _ in range(random.choice([0, 0, 0, 0, 1, 2])):
        at = random.randrange(len(line))
        put = random.choice(
            [b"", b"\\", b'"', b"\xc3", b"\xed\xa0\x80", b"\xff", b"\0", b"\xe1\xba", b"}", b"\\ud800", b" "]
        )
        line = line[:at] + put + line[at + random.randrange(3) :]
    return line.replace(b"\n", b"") + random.choice([b"\n", b"\r\n", b""])


def _passed(lines: list[bytes], recipe: Recipe, format: Format = converse.FORMAT) -> tuple[dict[str, Any], bool]:
    """All that a pass leaves, but for the seals; and whether there are some."""
    notes = Notes()
    context = Context("a.jsonl", recipe.method, recipe.data, notes)
    source = DataFile(cast("MediaObject", None), "jsonl")
    file = ReadableFile("a.jsonl", 0, format.name, source, format.converter(context), recipe.method)
    with TemporaryDirectory() as place:
        folder = Path(place)
        aims, journal = Intentions(recipe, catalog.model("nova-lite"), None), Journal(folder)
        rows = RowPass(folder, aims, ["a.jsonl"], cast("MediaDesk", None), journal)
        read = [Lines(file, stretch) for line in lines for stretch, _ in native.split(line, 0) if len(stretch)]
        assert sum(rows.run(read)) > 0 or not read
        journal.close()
        left: dict[str, Any] = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".jsonl"}
        kept = Kept(lambda: (folder / Journal.ROWS).open("rb"), lambda: folder / Journal.MEDIA, rows.totals.kinds)
        with Ledger(folder, [kept]) as ledger:
            columns: dict[str, list[Any]] = {name: list(column) for name, column in ledger.column.items()}
            columns["part"] = list(ledger.parts())
            columns["kind"] = [ledger.kinds[kind] for kind in columns["kind"]]
        left["records"] = (folder / "spool").read_bytes()
    seals = columns.pop("seal")
    totals = replace(rows.totals, kinds=[])
    return {**left, **columns, "totals": totals, "notes": sorted(map(repr, notes.findings()))}, any(seals)


@pytest.mark.parametrize("format", [converse.FORMAT, openai_chat.FORMAT], ids=lambda format: format.name)
@given(data=st.data(), method=st.sampled_from(["fine-tuning", "distillation"]), system=SYSTEMS)
@settings(deadline=None, max_examples=60)
def test_what_it_claims_is_what_the_long_way_says(
    format: Format, data: st.DataObject, method: str, system: str | None
) -> None:
    lines = data.draw(st.lists(_lines(chat=format is openai_chat.FORMAT), min_size=1, max_size=8))
    recipe = Recipe.model_validate({"method": method, "data": {"system": system}})
    short, _ = _passed(lines, recipe, format)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "is_there", lambda: False)
        long, sealed = _passed(lines, recipe, format)
    assert not sealed
    assert short == long


def test_it_claims_usual_rows() -> None:
    """The test above would pass if it claimed none."""
    system, question, answer = "Nói ngắn gọn.", 'Hỏi "gì"?\nThế nào?', "Đáp rằng thế này. " * 20 + "Hết."
    told = [{"role": "system", "content": system}]
    said = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    for row, format in [
        (converse_row(question, answer, system=[{"text": system}]), converse.FORMAT),
        ({"messages": [*told, *said]}, openai_chat.FORMAT),
        ({"messages": said}, openai_chat.FORMAT),
    ]:
        _, sealed = _passed([orjson.dumps(row) + b"\n"], Recipe(), format)
        assert sealed


def _states(texts: list[bytes]) -> tuple[list[int], list[int]]:
    """Of a question of each text: what became of the row, and whether its letters may be apart."""
    before, behind = CHAT
    block = b"".join(before + text + behind for text in texts)
    states: list[int] = []
    doubtful: list[int] = []
    for stretch, _ in native.split(block, 0):
        noted = native.Rows(SETTINGS).take(stretch, Origin("openai-chat", 0, 0), 0, Columns(len(stretch)), 0)
        states += noted.states
        doubtful += noted.doubtful or [0] * len(stretch)
    return states, doubtful


def test_bytes_are_text_where_python_says_so() -> None:
    """Every first byte with every kind of second, third and fourth byte, within a text and at its ends."""
    kinds = [b"", b"\x7f", b"\x80", b"\x8f", b"\x90", b"\x9f", b"\xa0", b"\xbf", b"\xc0"]
    ways = [b"".join(rest) for rest in product(kinds, kinds, [b"", b"\x80", b"\xbf", b"\xc0"])]
    texts = [
        b"x" * before + bytes([first]) + rest + b"x" * behind
        for first in range(0x80, 0x100)
        for number, rest in enumerate(ways)
        for before, behind in [(number % 37 + 1, number % 41 + 1), (0, number % 3), (number % 35, 0)]
    ]
    letters = [chr(code) for code in range(32, 0x3100) if chr(code) not in '"\\']
    texts += [f"{before}x{behind}".encode() for one in letters for before, behind in [(one, ""), ("", one)]]
    states, _ = _states(texts)
    for text, state in zip(texts, states, strict=True):
        said = text.decode(errors="ignore")
        assert (state != native.UNREAD) == (said.encode() == text and said.strip() == said), text


def test_whatever_composition_may_change_is_doubtful() -> None:
    composing = [chr(code) for code in [*range(0x1161, 0x1176), *range(0x11A8, 0x11C3)]]  # letters of Hangul
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        parts = unicodedata.decomposition(character).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            composing.append(chr(int(parts[1], 16)))
        if unicodedata.combining(character) or not unicodedata.is_normalized("NFC", character):
            composing.append(character)
    texts = [f"{'x' * (ord(one) % 40)}a{one}b" for one in set(composing)]
    states, doubtful = _states([text.encode() for text in texts])
    assert native.UNREAD not in states
    assert [text for text, is_doubtful in zip(texts, doubtful, strict=True) if not is_doubtful] == []
    _, doubtful = _states(["Tiếng Việt “đẹp” lắm — chào… 你好 Привет 5 €".encode()])
    assert doubtful == [0]


@pytest.mark.parametrize("format", native.SHAPES)
def test_it_claims_no_row_without_turns(format: str) -> None:
    version, system = b'"schemaVersion":"bedrock-conversation-2024"', b'"system":[{"text":"x"}]'
    told = b'"messages":[{"role":"system","content":"x"}]'
    rows = [b"", version, system, version + b"," + system, b'"messages":[]', version + b',"messages":[]', told]
    block = b"".join(b"{%b}\n" % row for row in rows)
    for answered in (True, False):
        ((stretch, _),) = native.split(block, 0)
        taker = native.Rows(SETTINGS._replace(answered=answered))
        assert taker.take(stretch, Origin(format, 0, 0), 0, Columns(len(rows)), 0).unread == len(rows)


@given(data=st.binary(max_size=400), format=st.sampled_from(list(native.SHAPES)))
def test_no_bytes_are_too_much_for_it(data: bytes, format: str) -> None:
    for stretch, _ in native.split(data, 0):
        if len(stretch):
            noted = native.Rows(SETTINGS).take(stretch, Origin(format, 0, 0), 0, Columns(len(stretch)), 0)
            assert noted.unread == len(stretch)


def test_a_prepared_line_that_changed_is_found(tmp_path: Path) -> None:
    messages = [{"role": role, "content": [{"text": "x"}]} for role in ("user", "assistant")]
    lines = [
        orjson.dumps({"schemaVersion": "bedrock-conversation-2024", "messages": messages[:count]}) + b"\n"
        for count in (1, 2, 2)
    ]
    path = tmp_path / "train.jsonl"
    seals = [group_hash(lines[0]), 0, group_hash(lines[2])]
    path.write_bytes(b"".join(lines))
    assert verify(path, "converse", seals)[1] == 3
    changed = lines[2].replace(b'"x"', b'"y"')
    for damaged, at in [([*lines[:2], changed], 3), ([lines[0], lines[1][:-9] + b"\n", lines[2]], 2)]:
        path.write_bytes(b"".join(damaged))
        with pytest.raises(DamagedOutputError, match=f"line {at} of train.jsonl"):
            verify(path, "converse", seals)
