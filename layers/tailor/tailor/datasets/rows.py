"""The pass over all rows: each is checked, repaired, encoded and noted, or set aside with its reasons.

Rows are taken in batches, and batches can be dealt out to several workers; what each writes is put together in reading
order again (:mod:`tailor.datasets.workers`), so the result is the same for any number of them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from tailor.catalog import Model
from tailor.datasets import language
from tailor.datasets.checks import finding
from tailor.datasets.examine import Examiner, media_of
from tailor.datasets.fixes import Repairs
from tailor.datasets.ledger import MEDIA_KINDS, Ledger, Object, Row
from tailor.datasets.media import Asset, MediaDesk
from tailor.datasets.model import Example, Finding, Media, Rejected
from tailor.datasets.records import Encoded, Encoder
from tailor.datasets.split import PARTS, group_hash
from tailor.datasets.tokens import Estimate
from tailor.recipe import Recipe

BATCH = 100
_CHUNK_ROWS = 1000
_CHUNK_BYTES = 32 * 1024 * 1024
MERGED = ("findings.jsonl", "rejected.jsonl", "fixes.jsonl")
_SHORT_ANSWER = 200
_LONG_ENOUGH = 40
_RAW = 2000
_YES_NO = frozenset({"yes", "no", "true", "false", "có", "không", "đúng", "sai", "phải", "không phải"})


@dataclass(slots=True)
class Totals:
    """What a pass counts; ``rows`` of all batches, the rest of the worker's own.

    ``styles``: rows with each style of tone marks; ``style_words``: the first word of each, with its row; ``lengths``:
    for each batch that wrote something, the bytes that it added to each file of MERGED."""

    rows: int = 0
    rejected: int = 0
    fixes: int = 0
    styles: Counter[str] = field(default_factory=Counter)
    style_words: dict[str, tuple[int, str]] = field(default_factory=dict)
    lengths: dict[int, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Intentions:
    """What the rows are for."""

    recipe: Recipe
    model: Model
    owner: str | None


class RowPass:
    """One worker's share of the rows. Writes into its folder: ``spool`` (a record a line), ``extras`` (what else is
    known of it) and the files of MERGED. ``files`` are the names of the data files, in reading order."""

    def __init__(self, folder: Path, aims: Intentions, files: list[str], desk: MediaDesk, ledger: Ledger) -> None:
        recipe, model = aims.recipe, aims.model
        self._recipe, self._desk, self._ledger = recipe, desk, ledger
        self._examiner = Examiner(model, recipe.method)
        self._encoder = Encoder(model.method(recipe.method).record, aims.owner)
        self._repairs = Repairs(redact=recipe.data.redact, strip=recipe.method != "continued-pre-training")
        self._spool, self._extras = (folder / "spool").open("wb"), (folder / "extras").open("wb")
        self._findings, self._rejected, self._fixes = (_Counted((folder / name).open("wb")) for name in MERGED)
        self._offset = 0
        self._numbers = {name: number for number, name in enumerate(files)}
        self._assets: dict[int, Asset] = {}
        self._fresh: set[int] = set()
        self.totals = Totals()

    def run(self, items: Iterable[Example | Rejected], worker: int = 0, workers: int = 1) -> Iterator[int]:
        """Takes every ``workers``-th batch, from the ``worker``-th; yields how many rows were read after each.

        Raises RetryableError from the storage."""
        try:
            for chunk in _chunks(items):
                start = self.totals.rows
                numbered = enumerate(chunk, start)
                self._take_chunk([(n, item) for n, item in numbered if n // BATCH % workers == worker])
                self.totals.rows = start + len(chunk)
                yield self.totals.rows
            self._ledger.flush()
        finally:
            for file in (self._spool, self._extras, self._findings, self._rejected, self._fixes):
                file.close()

    def _take_chunk(self, numbered: list[tuple[int, Example | Rejected]]) -> None:
        media = [media_of(item) if isinstance(item, Example) else [] for _, item in numbered]
        self._fetch_media(
            (block, item.file) for (_, item), found in zip(numbered, media, strict=True) for _, block in found
        )
        batch = numbered[0][0] // BATCH if numbered else 0
        for (n, item), found in zip(numbered, media, strict=True):
            if n // BATCH != batch:
                self._note_lengths(batch)
                batch = n // BATCH
            self.totals.rows = n
            if isinstance(item, Example):
                self._take(item, found)
            else:
                self._set_aside(item.file, item.line, item.findings, item.raw)
        self._note_lengths(batch)

    def _note_lengths(self, batch: int) -> None:
        lengths = [file.taken() for file in (self._findings, self._rejected, self._fixes)]
        if any(lengths):
            before = self.totals.lengths.get(batch, (0, 0, 0))
            self.totals.lengths[batch] = tuple(old + new for old, new in zip(before, lengths, strict=True))

    def _fetch_media(self, media: Iterable[tuple[Media, str]]) -> None:
        wanted = [(block, _folder(file)) for block, file in media]
        if not wanted:
            return
        assets, fresh = self._desk.fetch(wanted)
        self._assets = {id(block): asset for (block, _), asset in zip(wanted, assets, strict=True)}
        self._fresh = {id(asset) for asset in fresh}

    def _note_asset(self, asset: Asset) -> None:
        """What was found out about an object is told with the first row that shows it."""
        if id(asset) in self._fresh:
            self._fresh.remove(id(asset))
            self._found(asset.notes)
            group = media_group(asset.digest)
            self._ledger.add_media(Object(asset.name, asset.kind, asset.digest, group, asset.look, asset.size))

    def _take(self, example: Example, media: list[tuple[str, Media]]) -> None:
        if self._recipe.data.system and example.system is None and example.document is None:
            example.system = self._recipe.data.system
        findings = self._examiner.shape(example)
        if media:
            for _, block in media:
                self._note_asset(self._locate(block))
            findings += self._examiner.media(example, media, self._locate)
        encoded = self._encode(example, findings)
        if encoded is not None:
            assets = [self._locate(block) for _, block in media]
            tokens = self._examiner.estimate(encoded.characters, encoded.text, assets)
            findings += self._examiner.size(example, len(encoded.line), tokens)
            findings += self._examiner.texts(example, encoded.text)
        if encoded is None or any(found.severity == "error" for found in findings):
            self._set_aside(example.file, example.line, findings, _shown(example))
            return
        if findings:
            self._found(findings)
        self._note(example, encoded, [self._locate(block) for _, block in media], tokens)

    def _locate(self, block: Media) -> Asset:
        return self._assets[id(block)]

    def _encode(self, example: Example, findings: list[Finding]) -> Encoded | None:
        try:
            encoded = self._encoder.encode(example, self._locate)
            if not self._repairs.perhaps_needed(example, encoded.text):
                return encoded
            found, fixes = self._repairs.apply(example)
            if not fixes:
                return encoded
            findings += found
            self.totals.fixes += len(fixes)
            for fix in fixes:
                self._fixes.write(orjson.dumps(fix) + b"\n")
            return self._encoder.encode(example, self._locate)
        except (TypeError, UnicodeEncodeError, RecursionError) as error:
            damaged = "surrogate" in str(error) or "UTF-8" in str(error)
            code = "lone-surrogate" if damaged else "nesting-too-deep"
            findings.append(finding(code, example.file, example.line))
        return None

    def _note(self, example: Example, encoded: Encoded, assets: list[Asset], tokens: Estimate) -> None:
        answer = encoded.answer.decode()
        question = input = group_hash(encoded.question)
        if assets or len(example.turns) > 2:
            turns = len(example.turns).to_bytes(4)
            input = group_hash(encoded.question, turns, *(asset.digest.encode() for asset in assets))
        group, label = self._group(example, assets, input)
        short = len(answer) < _SHORT_ANSWER
        spoken = language.language_of(answer if len(answer) >= _LONG_ENOUGH else encoded.question.decode())
        if short and spoken == "vi":
            self._note_style(answer)
        self._spool.write(encoded.line)
        self._spool.write(b"\n")
        extra = [example.file, example.line, label, example.category, example.references or None]
        self._extras.write(orjson.dumps(extra, option=orjson.OPT_APPEND_NEWLINE))
        row = Row(
            self.totals.rows,
            self._numbers[example.file],
            example.line,
            self._offset,
            PARTS.index(example.split),
            group,
            input,
            question,
            group_hash(answer.strip(" .!\n").casefold().encode() if short else encoded.answer),
            example.category or (_kind_of(answer) if short else "long"),
            language.LANGUAGES.index(spoken),
            MEDIA_KINDS.index(assets[0].kind) if assets else 0,
            answer.count(" ") + 1 if answer else 0,
            self._examiner.asked(tokens, len(answer)),
            tokens.low,
            tokens.expected,
            tokens.high,
        )
        self._offset += len(encoded.line) + 1
        self._ledger.add(row)

    def _group(self, example: Example, assets: list[Asset], input: int) -> tuple[int, str]:
        """The row's group and its name for people. All groups that a row has a share in are joined later."""
        rule = self._recipe.split.group
        if rule == "row":
            return input, f"{example.file}:{example.line}"
        groups = [media_group(digest) for digest in dict.fromkeys(asset.digest for asset in assets)]
        label = assets[0].name if assets else f"{example.file}:{example.line}"
        if example.group is not None and rule != "image":
            groups.insert(0, group_hash(b"group", example.group.encode()))
            label = example.group
        for other in groups[1:]:
            self._ledger.link(groups[0], other)
        return (groups[0], label) if groups else (input, label)

    def _note_style(self, answer: str) -> None:
        first, second = language.tone_styles(answer)
        for style, word in (("first", first), ("second", second)):
            if word:
                self.totals.styles[style] += 1
                self.totals.style_words.setdefault(style, (self.totals.rows, word))

    def _found(self, findings: Iterable[Finding]) -> None:
        for found in findings:
            self._findings.write(_dump(found))

    def _set_aside(self, file: str, line: int, findings: Iterable[Finding], raw: str) -> None:
        self.totals.rejected += 1
        self._found(findings)
        self._rejected.write(rejected_line(file, line, findings, raw))


class _Counted:
    """A file that knows how much was written since it was last asked."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._bytes = file, 0

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._bytes += len(data)

    def taken(self) -> int:
        taken, self._bytes = self._bytes, 0
        return taken

    def close(self) -> None:
        self._file.close()


def _chunks(items: Iterable[Example | Rejected]) -> Iterator[list[Example | Rejected]]:
    """So many rows that their media are worth fetching together, but not more inline bytes than memory should hold."""
    chunk: list[Example | Rejected] = []
    inline = 0
    for item in items:
        chunk.append(item)
        if isinstance(item, Example):
            inline += sum(len(block.data or b"") for _, block in media_of(item))
        if len(chunk) >= _CHUNK_ROWS or inline >= _CHUNK_BYTES:
            yield chunk
            chunk, inline = [], 0
    if chunk:
        yield chunk


def rejected_line(file: str, line: int, findings: Iterable[Finding], raw: str) -> bytes:
    """One line of rejected.jsonl: where the row stands, why it is not used, what it holds (cut where it is long)."""
    reasons = [{"code": f.code, "message": f.message, "fix": f.fix, "path": f.path} for f in findings]
    return _dump({"file": file, "line": line, "reasons": reasons, "raw": raw[:_RAW]})


def media_group(digest: str) -> int:
    """The group of all rows that show this object."""
    return group_hash(b"media", digest.encode())


def _dump(value: Any) -> bytes:
    """One line of JSON. Halves of characters, which a damaged row may hold, become question marks."""
    try:
        return orjson.dumps(value) + b"\n"
    except TypeError:
        document = asdict(value) if isinstance(value, Finding) else value
        clean = {
            key: item.encode(errors="replace").decode() if isinstance(item, str) else item
            for key, item in document.items()
        }
        return orjson.dumps(clean, default=repr) + b"\n"


def _shown(example: Example) -> str:
    """The example for rejected.jsonl, without the bytes of its media."""
    for _, block in media_of(example):
        block.data = None
    return repr({key: value for key, value in asdict(example).items() if value})


def _folder(file: str) -> str:
    return file.rpartition("/")[0]


def _kind_of(answer: str) -> str:
    """What kind of answer it is, for tables and for the share of each kind that is held out."""
    plain = answer.strip(" .!").casefold()
    if plain in _YES_NO:
        return "yes/no"
    if plain and plain.replace(",", "").replace(".", "").isdecimal():
        return "number"
    return "short" if plain.count(" ") < 5 else "long"
