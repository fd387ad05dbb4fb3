"""Images and videos: what is taken as it is, what is converted, what is refused, and that each is fetched once."""

import io
import json
import os
import shutil
import struct
import sys
import tarfile
import threading
import time
import zipfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tailor import catalog
from tailor.datasets.media import MediaError, images, video
from tailor.datasets.media.byte_budget import ByteBudget
from tailor.datasets.prepare import prepare_dataset
from tailor.datasets.report import Report
from tailor.datasets.table.near_duplicates import similar_pairs
from tailor.errors import RetryableError
from tailor.recipe import Recipe
from tailor.storage import FolderStorage
from tests.unit.datasets.conftest import SHARED_DATA, Intake, picture, write_vqa
from tests.waiting import PATIENCE

NOVA = catalog.model("nova-lite").method("fine-tuning").limits
NOVA_2 = catalog.model("nova-2-lite").method("fine-tuning").limits


def _saved(image: Image.Image, format: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def _rotated() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return _saved(Image.new("RGB", (80, 40), "red"), "JPEG", exif=exif)


def _animated() -> bytes:
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue", "green")]
    return _saved(frames[0], "GIF", save_all=True, append_images=frames[1:])


CONVERTED = [
    ("bmp", picture(1, format="BMP"), "BMP"),
    ("tiff", picture(1, format="TIFF"), "TIFF"),
    ("cmyk", picture(1, mode="CMYK", format="JPEG"), "CMYK"),
    ("16-bit", _saved(Image.new("I;16", (50, 50), 40_000), "PNG"), "8 bits"),
    ("rotated", _rotated(), "rotated"),
    ("animated", _animated(), "animated"),
    ("too wide", _saved(Image.new("L", (9000, 30), 120), "PNG"), "9000"),
]


@pytest.mark.parametrize(("data", "reason"), [case[1:] for case in CONVERTED], ids=[case[0] for case in CONVERTED])
def test_what_the_model_does_not_take_is_converted(data: bytes, reason: str) -> None:
    assert any(reason in change for change in images.inspect(data, NOVA).changes)
    after, format = images.converted(data, NOVA)
    again = images.inspect(after, NOVA)
    assert again.changes == ()
    assert again.format == format


def test_sixteen_bits_keep_their_brightness() -> None:
    after, _ = images.converted(_saved(Image.new("I;16", (50, 50), 40_000), "PNG"), NOVA)
    with Image.open(io.BytesIO(after)) as image:
        assert abs(image.convert("L").getpixel((5, 5)) - 40_000 / 257) < 2  # type: ignore[operator]


def test_a_rotated_picture_stands_upright_afterwards() -> None:
    after, _ = images.converted(_rotated(), NOVA)
    with Image.open(io.BytesIO(after)) as image:
        assert image.size == (40, 80)


def test_an_oversize_picture_gets_the_best_quality_that_fits() -> None:
    limits = NOVA.model_copy(update={"image_bytes": 30_000})
    noise = Image.effect_noise((300, 300), 90)
    after, format = images.converted(_saved(noise, "PNG"), limits)
    assert len(after) <= 30_000
    assert format == "jpeg"


def test_webp_is_taken_by_one_model_and_converted_for_another() -> None:
    data = picture(1, format="WEBP")
    assert images.inspect(data, NOVA).changes == ()
    assert images.inspect(data, NOVA_2).changes


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"])
def test_a_damaged_image_never_passes(format: str) -> None:
    data = picture(3, size=(200, 150), format=format)
    for broken in (data[: len(data) // 2], b"", b"not an image", data[:12]):
        with pytest.raises(MediaError):
            images.inspect(broken, NOVA)


def test_a_decompression_bomb_is_refused_before_it_is_opened() -> None:
    header = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBBI", 13, b"IHDR", 60_000, 60_000, 8, 2, 0, 0, 0, 0)
    with pytest.raises(MediaError) as caught:
        images.inspect(header + picture(1)[33:], NOVA)
    assert caught.value.code in ("image-too-big", "image-unreadable")


def test_the_prepared_data_points_to_converted_copies_and_leaves_uploads_alone(dataset: Path, intake: Intake) -> None:
    write_vqa(dataset, images=20)
    bmp = picture(5, format="BMP")
    (dataset / "images/005.png").write_bytes(bmp)
    (dataset / "images/006.png").write_bytes(picture(6, format="JPEG"))
    (dataset / "images/a b.png").write_bytes(picture(33))
    with (dataset / "questions.csv").open("a", encoding="utf-8") as file:
        file.write("\nCâu hỏi nữa?,vâng,images/a b.png")
    outcome = intake()
    assert outcome.report.usable, outcome.report.headline
    assert {"image-converted", "media-name"} <= outcome.codes
    assert (dataset / "images/005.png").read_bytes() == bmp
    written = list((outcome.folder / "runs/r/prepared/media").iterdir())
    assert len(written) == 2
    used = "".join(json.dumps(outcome.lines(f"prepared/{part}.jsonl")) for part in ("train", "validation", "test"))
    assert all(path.name in used for path in written)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names in folders")
def test_names_that_are_not_utf8_are_names_all_the_same(dataset: Path, intake: Intake) -> None:
    rows = [f"Câu hỏi số {n} là gì?,đáp án {n},café-{n:02d}.png" for n in range(20)]
    table = "\n".join(["question,answer,image", *rows]).encode()
    with tarfile.open(dataset / "old.tar", "w", format=tarfile.USTAR_FORMAT, encoding="latin-1") as packed:
        for name, data in [("données.csv", table), *((f"café-{n:02d}.png", picture(n)) for n in range(10))]:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            packed.addfile(info, io.BytesIO(data))
    for n in range(10, 20):
        Path(os.fsdecode(bytes(dataset) + f"/café-{n:02d}.png".encode("latin-1"))).write_bytes(picture(n))
    outcome = intake()
    assert outcome.report.usable, outcome.report.headline
    assert outcome.report.counts["used"] == 20
    assert {row["file"] for row in outcome.report.files} == {"old.tar/données.csv"}
    assert len(list((outcome.folder / "runs/r/prepared/media").iterdir())) == 20


def test_a_damaged_image_rejects_its_rows_only(dataset: Path, intake: Intake) -> None:
    write_vqa(dataset, images=20)
    path = dataset / "images/003.png"
    path.write_bytes(path.read_bytes()[:100])
    outcome = intake(data={"on_error": "skip"})
    assert outcome.report.usable
    assert outcome.report.counts["rejected"] == 3
    assert {found["line"] for found in outcome.found("image-unreadable")} == {11, 12, 13}


def test_one_picture_under_two_names_stays_on_one_side(dataset: Path, intake: Intake) -> None:
    write_vqa(dataset, images=60)
    for number in range(30):
        (dataset / f"images/{number + 30:03d}.png").write_bytes(picture(number))
    outcome = intake()
    assert "same-media" in outcome.codes
    parts: dict[str, set[str]] = {}
    for part in ("train", "validation", "test"):
        for row in outcome.lines(f"prepared/{part}.jsonl"):
            uri = row["messages"][0]["content"][0]["image"]["source"]["s3Location"]["uri"]
            parts.setdefault(f"{int(Path(uri).stem) % 30}", set()).add(part)
    assert all(len(found) == 1 for found in parts.values())


def test_pictures_that_look_alike_are_found_across_the_split() -> None:
    photo = Image.effect_noise((160, 120), 80).resize((640, 480))
    looks = {
        "original": images.look_of(photo),
        "smaller": images.look_of(photo.resize((320, 240))),
        "compressed": images.look_of(Image.open(io.BytesIO(_saved(photo, "JPEG", quality=40)))),
        "other": images.look_of(Image.effect_noise((160, 120), 80).resize((640, 480))),
    }
    entries = [
        ("original", looks["original"], 1),
        *((name, looks[name], 3) for name in ("smaller", "compressed", "other")),
    ]
    assert {other[0] for _, other in similar_pairs(entries)} == {"smaller", "compressed"}
    assert not list(similar_pairs([(name, look, 1) for name, look, _ in entries]))


def test_unused_files_are_mentioned(dataset: Path, intake: Intake) -> None:
    write_vqa(dataset, images=20)
    (dataset / "images/extra.png").write_bytes(picture(99))
    assert "images/extra.png" in intake().found("media-unused")[0]["message"]


class _Watched(FolderStorage):
    """Counts reads; ``refuse`` makes one object unreadable for now."""

    def __init__(self, root: Path, refuse: str = "") -> None:
        super().__init__(root)
        self.reads: Counter[str] = Counter()
        self._refuse, self._lock = refuse, threading.Lock()

    def read(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        with self._lock:
            self.reads[key] += 1
        if self._refuse and key.endswith(self._refuse):
            raise RetryableError("slow down")
        return super().read(key, start, length)


def _prepare(storage: FolderStorage, tmp_path: Path, model: str = "nova-lite") -> Report:
    for name in ("scratch", "out"):
        (tmp_path / name).mkdir()
    return prepare_dataset(
        storage,
        "uploads/p/d/",
        FolderStorage(tmp_path / "out"),
        "runs/r/",
        Recipe(),
        catalog.model(model),
        bucket_owner=None,
        scratch=tmp_path / "scratch",
    )


def test_each_image_is_fetched_once_however_many_rows_show_it(dataset: Path, tmp_path: Path) -> None:
    write_vqa(dataset, images=12, questions=40)
    storage = _Watched(tmp_path)
    _prepare(storage, tmp_path)
    fetched = {key: count for key, count in storage.reads.items() if key.endswith(".png")}
    previewed = 6
    assert len(fetched) == 12
    assert sum(fetched.values()) <= 12 + previewed


class _Held(FolderStorage):
    """Say how many pictures were read at a time, at most. Each waits until so many are there, and a little longer."""

    def __init__(self, root: Path, crowd: int) -> None:
        super().__init__(root)
        self.most = self._now = 0
        self._wanted = crowd
        self._lock, self._crowd = threading.Lock(), threading.Event()

    def read(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        with self._lock:
            self._now += key.endswith(".png")
            self.most = max(self.most, self._now)
            if self.most >= self._wanted:
                self._crowd.set()
        if key.endswith(".png"):
            assert self._crowd.wait(PATIENCE)
            time.sleep(0.005)
        with self._lock:
            self._now -= key.endswith(".png")
        return super().read(key, start, length)


_CROWD = 8


def test_many_objects_are_fetched_at_once_as_long_as_memory_holds_them(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_vqa(dataset, images=60)
    storage = _Held(tmp_path, crowd=_CROWD + 1)
    _prepare(storage, tmp_path)
    assert storage.most > _CROWD
    largest = max(path.stat().st_size for path in (dataset / "images").iterdir())
    monkeypatch.setattr("tailor.datasets.media.resolver._HELD", ByteBudget(4 * largest))
    shutil.rmtree(tmp_path / "scratch")
    shutil.rmtree(tmp_path / "out")
    storage = _Held(tmp_path, crowd=2)
    _prepare(storage, tmp_path)
    assert 1 < storage.most <= _CROWD


def test_an_image_that_cannot_be_read_now_is_never_called_bad(dataset: Path, tmp_path: Path) -> None:
    write_vqa(dataset, images=12)
    with pytest.raises(RetryableError):
        _prepare(_Watched(tmp_path, refuse="007.png"), tmp_path)


def test_pictures_that_the_model_does_not_take_are_not_even_read(dataset: Path, tmp_path: Path) -> None:
    write_vqa(dataset, images=12)
    storage = _Watched(tmp_path)
    report = _prepare(storage, tmp_path, "nova-micro")
    assert report.counts["rejected"] == 36
    assert {row["code"]: row["count"] for row in report.by_code}["media-not-supported"] == 36
    assert not any(key.endswith(".png") for key in storage.reads)


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, kind) + content


def mp4(seconds: float, brand: bytes = b"isom", padding: int = 0) -> bytes:
    header = struct.pack(">IIIII", 0, 0, 0, 1000, int(seconds * 1000)) + bytes(80)
    return _box(b"ftyp", brand + bytes(4)) + _box(b"mdat", bytes(padding)) + _box(b"moov", _box(b"mvhd", header))


def webm(seconds: float, kind: bytes = b"webm") -> bytes:
    def element(identity: int, content: bytes) -> bytes:
        size = (identity.bit_length() + 7) // 8
        return identity.to_bytes(size) + (len(content) | 1 << 28).to_bytes(4) + content

    info = element(
        0x1549A966, element(0x2AD7B1, (1_000_000).to_bytes(3)) + element(0x4489, struct.pack(">d", seconds * 1000))
    )
    return element(0x1A45DFA3, element(0x4282, kind)) + element(0x18538067, info)


@pytest.mark.parametrize(
    ("data", "format"),
    [(mp4(12.5), "mp4"), (mp4(12.5, b"qt  "), "mov"), (webm(12.5), "webm"), (webm(12.5, b"matroska"), "mkv")],
    ids=["mp4", "mov", "webm", "mkv"],
)
def test_a_video_tells_its_format_and_length(data: bytes, format: str) -> None:
    assert video.inspect(lambda start, length: data[start : start + length], len(data)) == (format, 12.5)


def test_only_the_header_of_a_video_is_read() -> None:
    data, taken = mp4(5, padding=5_000_000), []

    def read(start: int, length: int) -> bytes:
        taken.append(length)
        return data[start : start + length]

    video.inspect(read, len(data))
    assert sum(taken) < 100_000


@pytest.mark.parametrize("cut", [0, 4, 10, 30, 60, 100])
def test_a_cut_video_is_named(cut: int) -> None:
    data = mp4(5)[:cut]
    with pytest.raises(MediaError):
        video.inspect(lambda start, length: data[start : start + length], len(data))


def test_videos_are_held_to_the_models_limits(dataset: Path, intake: Intake) -> None:
    names = {"good": mp4(20), "long": mp4(95), "odd": b"no video at all"}
    rows = ["question,answer,video"]
    for name, data in names.items():
        (dataset / f"{name}.mp4").write_bytes(data)
    for number in range(12):
        (dataset / f"v{number}.mp4").write_bytes(mp4(10 + number))
        rows.append(f"Cái gì {number}?,xe,v{number}.mp4")
    rows += [f"Gì đây?,xe,{name}.mp4" for name in names]
    (dataset / "q.csv").write_text("\n".join(rows), "utf-8")
    outcome = intake(data={"on_error": "skip", "max_errors": 0.5})
    assert [found["line"] for found in outcome.found("video-too-long")] == [15]
    assert [found["line"] for found in outcome.found("video-unreadable")] == [16]
    assert outcome.report.media["videos"] == 13
    assert outcome.report.usable


def test_real_pictures_open(dataset: Path) -> None:
    folder = SHARED_DATA / "mathvista"
    if not folder.exists():
        pytest.skip("the shared test data is not here")
    for path in sorted(folder.glob("*.png")):
        assert images.inspect(path.read_bytes(), NOVA).changes == ()


def _damaged_zip(name: str, content: bytes) -> bytes:
    """A zip with one stored file of which a byte is wrong, so that its checksum does not fit."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as packed:
        packed.writestr(name, content)
    data = bytearray(out.getvalue())
    data[data.index(content) + len(content) // 2] ^= 0xFF
    return bytes(data)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [("broken.png", picture(99), "image-unreadable"), ("broken.mp4", mp4(5), "video-unreadable")],
)
def test_a_damaged_file_in_an_archive_costs_its_row_only(
    name: str, content: bytes, code: str, dataset: Path, intake: Intake
) -> None:
    write_vqa(dataset, 12)
    (dataset / "more.zip").write_bytes(_damaged_zip(name, content))
    column = "image" if name.endswith("png") else "video"
    (dataset / "more.jsonl").write_text(json.dumps({"question": "Gì?", "answer": "đá", column: name}), "utf-8")
    outcome = intake()
    (found,) = outcome.found(code)
    assert name in found["message"]
    assert "damaged" in found["message"]
    assert outcome.report.counts["rejected"] == 1


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty (0 bytes)"),
        (b"\0" * 500, "nothing but zero bytes"),
        (b"<!DOCTYPE html><title>404</title>", "a web page"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "a message"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "git lfs pull"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 99, "HEIC"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"hello", "no picture"),
    ],
)
def test_what_lies_there_instead_of_a_picture_is_named(data: bytes, said: str) -> None:
    with pytest.raises(MediaError) as caught:
        images.inspect(data, NOVA)
    assert caught.value.code == "image-unreadable"
    assert said in caught.value.values["reason"]


def test_large_pictures_are_decoded_one_after_another() -> None:
    room, busy, most, lock = ByteBudget(100), 0, 0, threading.Lock()

    def decode(pixels: int) -> None:
        nonlocal busy, most
        with room.acquire(pixels):
            with lock:
                busy += pixels
                most = max(most, busy)
            time.sleep(0.001)
            with lock:
                busy -= pixels

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(decode, [60, 40, 100, 30, 30, 30, 70, 1] * 5))
    assert (busy, 60 < most <= 100) == (0, True)
    with room.acquire(101), room.acquire(0):
        pass


def test_rows_of_a_dataset_without_any_media_say_so(dataset: Path, intake: Intake) -> None:
    write_vqa(dataset, images=2)
    shutil.rmtree(dataset / "images")
    assert all("holds no media" in found["message"] for found in intake().found("media-missing"))


def test_a_row_without_a_picture_among_rows_with_one_is_named(dataset: Path, intake: Intake) -> None:
    write_vqa(dataset, images=4)
    with (dataset / "questions.csv").open("a", encoding="utf-8") as file:
        file.write("\nCâu hỏi?,đáp án,\n")
    (found,) = intake().found("media-missing")
    assert (found["line"], found["message"], found["path"]) == (14, "the row names no image", "image")
