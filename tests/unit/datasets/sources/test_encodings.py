"""Encodings of other writings than Vietnamese: recognised where it is sure, and never in a file of another."""

import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailor.datasets.sources import legacy_encodings, text_encoding
from tests.unit.datasets.support import codes, examples, open_dataset, texts

from .test_text_files import in_table, in_windows_1258

CHINESE = [("这张图片里的男人在做什么？", "他正在公园里骑自行车"), ("墙上的画是什么颜色的？", "红色和白色")]
TRADITIONAL = [("這張圖片裡的男人在做什麼？", "他正在公園裡騎自行車"), ("牆上的畫是什麼顏色的？", "紅色和白色")]
JAPANESE = [
    ("この写真の男性は何をしていますか？", "公園で自転車に乗っています"),
    ("壁の色は何色ですか？", "赤と白です"),
]
KOREAN = [
    ("이 사진에서 남자는 무엇을 하고 있습니까?", "공원에서 자전거를 타고 있다"),
    ("벽은 무슨 색입니까?", "빨간색"),
]
RUSSIAN = [
    ("Что делает мужчина на этой фотографии?", "Катается на велосипеде в парке"),
    ("Какого цвета стена?", "Красная"),
]
UKRAINIAN = [("Що робить чоловік на цій світлині?", "Їде на велосипеді в парку"), ("Якого кольору стіна?", "Червона")]
GREEK = [("Τι κάνει ο άντρας σε αυτή τη φωτογραφία;", "Κάνει ποδήλατο στο πάρκο"), ("Τι χρώμα είναι;", "Κόκκινο")]
THAI = [("ผู้ชายในภาพนี้กำลังทำอะไรอยู่", "เขากำลังขี่จักรยานในสวนสาธารณะ"), ("กำแพงสีอะไร", "สีแดงและสีขาว")]
CZECH = [
    ("Co dělá muž na této fotografii?", "Jede na kole v parku přes řeku"),
    ("Jaké barvy je zeď?", "Červené, žluté"),
]

SYLLABLES = st.sampled_from(
    re.findall(
        r"\S+",
        """hình tròn màu đỏ có mấy người đứng cạnh chiếc xe đạp trên đường phố nào đang chạy về phía trước những bức ảnh
        chụp vận động viên trượt tuyết mặc áo đen không phải là ở đâu nhất của một bên trái cửa sổ bầu trời nước""",
    )
)
WESTERN = st.sampled_from(
    re.findall(
        r"\S+",
        """où été l’école garçon près œuvre façade naïve ça déjà für über schön größe mädchen straße señor niño corazón
        também não coração är färg människor på också café «oui» 20° the of and""",
    )
)
TOLD = {"tcvn3", "viscii", "cp1258", "cp1252", None}


def _table(rows: list[tuple[str, str]]) -> str:
    return "question,answer\n" + "".join(f'"{question}","{answer}"\n' for question, answer in rows)


@pytest.mark.parametrize(
    ("rows", "encoding", "name"),
    [
        (CHINESE, "gbk", "GB18030"),
        (CHINESE, "gb18030", "GB18030"),
        (TRADITIONAL, "big5", "Big5"),
        (TRADITIONAL, "gbk", "GB18030"),
        (JAPANESE, "shift_jis", "Shift-JIS"),
        (JAPANESE, "euc_jp", "EUC-JP"),
        (KOREAN, "euc_kr", "EUC-KR"),
        (RUSSIAN, "cp1251", "Windows-1251"),
        (RUSSIAN, "koi8_r", "KOI8"),
        (RUSSIAN, "cp866", "866"),
        (UKRAINIAN, "cp1251", "Windows-1251"),
        (GREEK, "cp1253", "Windows-1253"),
        (THAI, "cp874", "Windows-874"),
        (CZECH * 20, "cp1250", "Windows-1250"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_recognised_converted_and_reported(
    tmp_path: Path, rows: list[tuple[str, str]], encoding: str, name: str, end: str
) -> None:
    reader = open_dataset(tmp_path, {"d.csv": _table(rows).replace("\n", end).encode(encoding)})

    assert [texts(example) for example in examples(reader)] == [list(row) for row in rows]
    (found,) = [finding for finding in reader.findings if finding.code == "encoding-converted"]
    assert (found.severity, name in found.message) == ("warning", True)


@pytest.mark.parametrize("rows", [CHINESE, JAPANESE, KOREAN], ids=["gbk", "cp932", "cp949"])
def test_characters_are_not_cut_where_a_file_is_read_in_pieces(
    tmp_path: Path, rows: list[tuple[str, str]], request: pytest.FixtureRequest
) -> None:
    encoding = request.node.callspec.id
    many = [(f"{n} {question}", answer) for n, (question, answer) in enumerate(rows * 3500)]

    found = examples(open_dataset(tmp_path, {"d.csv": _table(many).encode(encoding)}))

    assert [tuple(texts(example)) for example in found] == many


def test_letters_far_behind_the_start(tmp_path: Path) -> None:
    plain = "question,answer\n" + f"what is this,it is {'that ' * 60}\n" * 4_000
    content = plain.encode() + f'"{CHINESE[0][0]}","{CHINESE[0][1]}"\n'.encode("gbk") * 4_000

    *_, last = examples(open_dataset(tmp_path, {"d.csv": content}))

    assert tuple(texts(last)) == CHINESE[0]


def test_damage_in_one_place_does_not_hide_an_encoding(tmp_path: Path) -> None:
    content = _table(CHINESE * 50).encode("gbk")
    damaged = content[:3000] + b"\xff\xff" + content[3000:]

    found = examples(open_dataset(tmp_path, {"d.csv": damaged}))

    assert tuple(texts(found[0])) == CHINESE[0]


def test_what_is_too_short_to_be_sure_is_refused(tmp_path: Path) -> None:
    reader = open_dataset(tmp_path, {"d.csv": "question,answer\n谁,我\n".encode("gbk")})

    assert "file-unreadable" in codes(reader)


@settings(max_examples=60, deadline=None)
@given(st.lists(SYLLABLES, min_size=1, max_size=60), st.sampled_from(["tcvn3", "viscii", "cp1258"]))
def test_vietnamese_is_taken_for_no_other_writing(words: list[str], name: str) -> None:
    said = " ".join(words)
    content = in_windows_1258(said) if name == "cp1258" else in_table(said, name)

    assert legacy_encodings.guess(content) in TOLD


@settings(max_examples=60, deadline=None)
@given(st.lists(WESTERN, min_size=1, max_size=60))
def test_western_text_is_taken_for_no_other_writing(words: list[str]) -> None:
    assert legacy_encodings.guess(" ".join(words).encode("cp1252")) in TOLD


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_of_a_known_encoding_or_of_none(content: bytes) -> None:
    found = text_encoding.guess_encoding(content, whole=True)

    assert found is None or found.name == "utf-8" or found.name in legacy_encodings.NAMES


@pytest.mark.parametrize("name", sorted(legacy_encodings.NAMES))
def test_every_encoding_has_a_decoder(name: str) -> None:
    assert legacy_encodings.decoder(name).decode(b"", final=True) == ""


@settings(max_examples=60, deadline=None)
@given(st.lists(SYLLABLES, max_size=40), st.integers(1, 50))
def test_marks_stay_with_their_letters_wherever_a_piece_ends(words: list[str], size: int) -> None:
    said = "".join(words)  # no space or line end to cut at
    content = in_windows_1258(said)
    decoder = legacy_encodings.decoder("cp1258")
    held, pieces = "", []
    for start in range(0, len(content), size):
        held += decoder.decode(content[start : start + size])
        cut = text_encoding._before_last_letter(held) if held else 0
        pieces.append(unicodedata.normalize("NFC", held[:cut]))
        held = held[cut:]

    assert "".join([*pieces, unicodedata.normalize("NFC", held)]) == said
