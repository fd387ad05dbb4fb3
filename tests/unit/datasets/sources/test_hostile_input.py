"""Files that were made to hurt, or that broke on the way: a clear finding, in bounded time and memory."""

import csv
import gzip
import io
import json
import struct
import tarfile
import time
import zipfile
from pathlib import Path

import pytest

from tailor.datasets.example import Rejected
from tailor.datasets.sources import DamagedFileError, archives, text_encoding
from tests.unit.datasets.support import codes, examples, memory_below, open_dataset, put, rejections, texts, zipped

GOOD = '{"question": "q", "answer": "a"}\n'


def tarred(members: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for info, content in members:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def test_a_line_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("text_encoding", "json_lines"):
        monkeypatch.setattr(f"tailor.datasets.sources.{module}.MAX_LINE", 1 << 20)
    content = GOOD + '{"question": "' + "x" * (30 << 20) + '", "answer": "a"}\n' + GOOD

    reader = open_dataset(tmp_path, {"d.jsonl": content})
    with memory_below(16):
        (bad,) = rejections(reader)

    assert (bad.line, bad.findings[0].code) == (2, "row-too-large")
    assert len(bad.raw) < 600
    assert sum(1 for _ in reader) == 3


def test_a_line_without_end_at_the_beginning_does_not_hide_what_the_others_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tailor.datasets.formats.reader._SAMPLE_BYTES", 1 << 16)
    reader = open_dataset(tmp_path, {"d.jsonl": "x" * (1 << 17) + "\n" + GOOD})
    assert [bad.line for bad in rejections(reader)] == [1]


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_json_nested_thirty_thousand_deep(tmp_path: Path, opening: str) -> None:
    deep = opening * 30_000
    reader = open_dataset(tmp_path, {"d.jsonl": f"{GOOD}{deep}\n{GOOD}", "e.json": deep, "f.json": f"[{deep}]"})

    rows = list(reader)

    assert sum(row.file == "d.jsonl" for row in rows) == 3
    assert {"e.json", "f.json"} <= {row.file for row in rows} | {finding.file for finding in reader.findings}


def test_an_element_of_a_list_that_never_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tailor.datasets.sources.json_stream.MAX_LINE", 1 << 20)
    content = (
        '[{"question": "q", "answer": "a"}, {"question": "' + "x" * (20 << 20) + '"}, {"question": "r", "answer": "b"}]'
    )

    reader = open_dataset(tmp_path, {"d.json": content})
    with memory_below(24):
        rows = list(reader)

    assert [row.line for row in rows] == [1, 2, 3]
    assert rejections(reader)[0].findings[0].code == "row-too-large"


def test_broken_elements_do_not_hide_the_others(tmp_path: Path) -> None:
    content = (
        '[{"question": "q", "answer": "a",}, {"question": NaN, "answer": "a"}, {"question": "q" "answer"}, ' + GOOD
    )
    reader = open_dataset(tmp_path, {"d.json": content})

    rows = list(reader)

    assert [row.findings[0].code for row in rejections(reader)] == [
        "json-trailing-comma",
        "json-not-a-number",
        "bad-json",
        "json-cut-off",
    ]
    assert len(rows) == 5


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('{"question": "q", "answer": "a",}', "json-trailing-comma"),
        ('{"question": "q", "answer": "a"},', "json-trailing-comma"),
        ('{"question": "q", "answer": NaN}', "json-not-a-number"),
        ('{"question": "q", "answer": 1e999}', "json-not-a-number"),
        ('{"question": "q\0", "answer": "a"}', "nul-byte"),
        ("{'question': 'q', 'answer': 'a'}", "json-single-quotes"),
        ('{"question": "q", "answer": "\\ud800"}', "bad-json"),
        ('{"question": "q", "ans', "bad-json"),
        ("[1, 2]", "row-not-an-object"),
        ("null", "row-not-an-object"),
        ("12", "row-not-an-object"),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, line: str, code: str) -> None:
    reader = open_dataset(tmp_path, {"d.jsonl": f"{GOOD}{line}\n{GOOD}"})

    (bad,) = rejections(reader)

    assert (bad.line, bad.findings[0].code) == (2, code)


def test_a_line_that_is_not_utf8_names_the_byte(tmp_path: Path) -> None:
    vietnamese = '{"question": "Hình tròn màu gì thế?", "answer": "đỏ"}\n'.encode()
    reader = open_dataset(tmp_path, {"d.jsonl": vietnamese * 3 + b'{"question": "caf\xe9", "answer": "a"}\n'})

    (bad,) = rejections(reader)

    assert bad.findings[0].code == "not-utf8"
    assert "0xe9" in bad.findings[0].message


def test_a_quote_that_is_never_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    previous = csv.field_size_limit(1 << 14)
    try:
        table = "question,answer\nq,a\n" + 'q,"a\n' + "r,b\n" * 10_000
        reader = open_dataset(tmp_path, {"d.csv": table})
        with memory_below(4):
            bad = rejections(reader)
    finally:
        csv.field_size_limit(previous)

    assert bad[0].findings[0].code == "csv-field-too-large"
    assert bad[0].line == 3


def test_a_field_of_a_hundred_megabytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tailor.datasets.sources.text_encoding.MAX_LINE", 1 << 20)
    monkeypatch.setattr("tailor.datasets.sources.csv.MAX_LINE", 1 << 20)
    reader = open_dataset(tmp_path, {"d.csv": "question,answer\nq," + "x" * (40 << 20) + "\nq,a\n"})

    with memory_below(12):
        rows = list(reader)

    assert [row.line for row in rows] == [2, 3]
    assert rejections(reader)[0].findings[0].code == "row-too-large"


@pytest.mark.parametrize(
    "name", ["../evil.jsonl", "/etc/evil.jsonl", "a/../../evil.jsonl", "C:\\evil.jsonl", "..\\evil.jsonl"]
)
def test_members_that_lead_out_of_the_archive(tmp_path: Path, name: str) -> None:
    packed = zipped({name: GOOD, "good.jsonl": GOOD})
    reader = open_dataset(tmp_path, {"z.zip": packed, "t.tar": tarred([(tarfile.TarInfo(name), GOOD.encode())])})

    assert len(examples(reader)) == 1
    assert {f.file for f in reader.findings if f.code == "archive-unsafe-path"} == {"z.zip", "t.tar"}
    assert not list(tmp_path.rglob("evil*"))


def test_links_and_devices_in_archives(tmp_path: Path) -> None:
    link, hard, device = tarfile.TarInfo("passwd.jsonl"), tarfile.TarInfo("hard.jsonl"), tarfile.TarInfo("null.jsonl")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    hard.type, hard.linkname = tarfile.LNKTYPE, "/etc/passwd"
    device.type = tarfile.CHRTYPE
    good = (tarfile.TarInfo("good.jsonl"), GOOD.encode())
    symlink = zipfile.ZipInfo("passwd.jsonl")
    symlink.external_attr = 0o120777 << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(symlink, "/etc/passwd")
    files: dict[str, bytes | str] = {
        "t.tar": tarred([(link, b""), (hard, b""), (device, b""), good]),
        "z.zip": buffer.getvalue(),
    }

    reader = open_dataset(tmp_path, files)

    assert len(examples(reader)) == 1
    assert {"archive-link", "archive-unsupported"} <= codes(reader)


def test_a_tar_header_without_end(tmp_path: Path) -> None:
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, 30 << 20
    content = tarred([(tarfile.TarInfo("d.jsonl"), GOOD.encode())])[:1024] + header.tobuf() + b"1" * (31 << 20)
    put(tmp_path, {"d.tar": content})

    with memory_below(10):
        reader = open_dataset(tmp_path, {})

    assert "archive-unreadable" in codes(reader)
    assert len(examples(reader)) == 1


@pytest.mark.parametrize(
    "content", [b"}" + b" " * 900_000 + b"x", b"{" + b" " * 900_000 + b"}x", b"a" * 900_000 + b"\xe9"]
)
def test_text_that_is_slow_to_match(tmp_path: Path, content: bytes) -> None:
    started = time.process_time()

    list(open_dataset(tmp_path, {"d.jsonl": b"{" + content, "e.csv": content, "f.json": content}))

    assert time.process_time() - started < 5


def test_a_name_that_goes_up_and_down_for_megabytes(tmp_path: Path) -> None:
    row = {"image": "a/../" * 400_000, "question": "q", "answer": "a"}
    reader = open_dataset(tmp_path, {"d.jsonl": json.dumps(row), "x.png": b"x"})
    started = time.process_time()

    assert reader.media.resolve(row["image"]) is None
    assert len(reader.media.explain(row["image"]).message) < 400
    assert time.process_time() - started < 1


def test_an_encrypted_member(tmp_path: Path) -> None:
    packed = bytearray(zipped({"secret.jsonl": GOOD}))
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        packed[packed.index(signature) + offset] |= 1
    reader = open_dataset(tmp_path, {"z.zip": bytes(packed)})

    assert "archive-encrypted" in codes(reader)
    assert not list(reader)


def test_a_zip_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_FREE", 1 << 20)
    reader = open_dataset(tmp_path, {"z.zip": zipped({"bomb.jsonl": b"0" * (40 << 20), "good.jsonl": GOOD})})

    assert len(examples(reader)) == 1
    assert "archive-bomb" in codes(reader)


def test_a_bomb_whose_headers_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_FREE", 1 << 20)
    packed = bytearray(zipped({"photo.png": b"0" * (40 << 20), "good.jsonl": GOOD}))
    at = packed.index(b"PK\1\2")
    struct.pack_into("<I", packed, at + 24, 500)  # the size that the directory claims
    reader = open_dataset(tmp_path, {"z.zip": bytes(packed)})

    assert len(examples(reader)) == 1
    found = reader.media.resolve("photo.png")
    assert found is not None
    with memory_below(4), pytest.raises(DamagedFileError):
        found.read()


def test_a_gzip_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_FREE", 1 << 16)
    long = GOOD.replace('"a"', f'"{"a" * 300}"')
    content = gzip.compress((long * 10_000).encode())
    reader = open_dataset(tmp_path, {"d.jsonl.gz": content})

    with memory_below(8):
        for last in reader:  # noqa: B007
            pass

    assert isinstance(last, Rejected)
    assert 0 < last.line < 10_000
    assert last.findings[0].code == "file-damaged"


def test_archives_in_archives_are_not_opened(tmp_path: Path) -> None:
    reader = open_dataset(tmp_path, {"z.zip": zipped({"inner.zip": zipped({"d.jsonl": GOOD})})})

    assert not list(reader)
    assert {"archive-nested", "no-data"} <= codes(reader)


@pytest.fixture(scope="module")
def whole_files() -> dict[str, bytes]:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    lines = "".join(json.dumps({"question": f"q{n * 7919}", "answer": f"a{n}"}) + "\n" for n in range(2000)).encode()
    table = io.BytesIO()
    parquet.write_table(pyarrow.table({"question": ["q"] * 2000, "answer": ["a"] * 2000}), table)
    tar = tarred([(tarfile.TarInfo("d.jsonl"), lines)])
    return {
        "d.jsonl.gz": gzip.compress(lines),
        "d.tar.gz": gzip.compress(tar),
        "d.zip": zipped({"d.jsonl": lines}),
        "d.tar": tar,
        "d.parquet": table.getvalue(),
    }


@pytest.mark.parametrize("name", ["d.jsonl.gz", "d.tar.gz", "d.zip", "d.tar", "d.parquet"])
@pytest.mark.parametrize("share", [0.2, 0.6, 0.95])
def test_files_that_were_cut_off(tmp_path: Path, name: str, share: float, whole_files: dict[str, bytes]) -> None:
    whole = whole_files[name]
    reader = open_dataset(tmp_path, {name: whole[: int(len(whole) * share)]})
    list(reader)

    assert any(finding.severity == "error" for finding in reader.findings)


def test_a_parquet_file_whose_headers_lie(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = io.BytesIO()
    parquet.write_table(pyarrow.table({"question": ["q"] * 10, "answer": ["a"] * 10}), table)
    content = table.getvalue()
    footer = struct.unpack("<I", content[-8:-4])[0]
    lies = [
        content[:-8] + struct.pack("<I", 0x7FFFFFFF) + b"PAR1",
        content[:-8] + struct.pack("<I", 4) + b"PAR1",
        b"PAR1" + bytes(len(content) - 4 - footer) + content[-footer:],
    ]

    for number, lie in enumerate(lies):
        reader = open_dataset(tmp_path / str(number), {"d.parquet": lie})
        assert not list(reader)
        assert "file-damaged" in codes(reader)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("d.jsonl", b"", "file-empty"),
        ("d.csv", b"\n \n", "file-empty"),
        ("d.csv", b"question,answer\n", "file-empty"),
        ("d.json", b"[]", "file-empty"),
        ("d.csv", b"%PDF-1.7 ...", "file-unreadable"),
        ("d.jsonl", bytes(range(256)) * 20, "file-unreadable"),
        ("notes.md", b"hello", "no-data"),
    ],
)
def test_files_without_rows(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    reader = open_dataset(tmp_path, {name: content})

    assert not list(reader)
    assert code in codes(reader)
    assert "no-data" in codes(reader)


def test_a_zip_that_is_cut_off_is_said_once(tmp_path: Path) -> None:
    whole = zipped({"d.jsonl": GOOD * 50})
    for end in (len(whole) // 2, len(whole) - 22, 8):
        reader = open_dataset(tmp_path, {"d.zip": whole[:end]})
        assert not list(reader)
        (found,) = reader.findings
        assert (found.code, found.file, found.severity) == ("file-damaged", "d.zip", "error")
        assert "the zip archive is cut off" in found.message


def test_a_zip_with_a_broken_list_of_files_is_said_once(tmp_path: Path) -> None:
    whole = bytearray(zipped({"d.jsonl": GOOD}))
    whole[whole.rindex(b"PK\1\2")] = 0
    reader = open_dataset(tmp_path, {"d.zip": bytes(whole)})
    assert not list(reader)
    assert [found.code for found in reader.findings] == ["archive-unreadable"]


def test_a_dataset_of_good_rows_after_all_this(tmp_path: Path) -> None:
    (example,) = examples(open_dataset(tmp_path, {"d.jsonl": GOOD}))

    assert texts(example) == ["q", "a"]
    assert text_encoding.MAX_LINE > 1 << 20
