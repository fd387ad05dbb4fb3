"""Pass over all rows: each is checked, repaired, encoded and recorded, or rejected with reasons.

Rows are taken in batches, and batches can be dealt out to several workers; what each writes is put together in reading
order again (:mod:`tailor.datasets.prepare.workers`), so the result is the same for any number of them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import orjson

from tailor.catalog import Model
from tailor.datasets import writing
from tailor.datasets.checks import Examiner, Passed, ReasoningSplitter, Repairs, Screen, measured
from tailor.datasets.example import Example, Media, Placed, Rejected, as_dict, media_of
from tailor.datasets.formats import Lines
from tailor.datasets.media import Asset, MediaResolver
from tailor.datasets.prepare.batches import BATCH, Item, batches_of, chunks, rows_of
from tailor.datasets.records import Encoded, Encoder
from tailor.datasets.table import (
    MEDIA_KINDS,
    SHORT_ANSWER,
    SPLITS,
    Object,
    RowWriter,
    TableRow,
    describe_answer,
    group_hash,
    hashes_of,
)
from tailor.findings import Finding, finding
from tailor.language import LANGUAGES
from tailor.recipe import Recipe
from tailor.tokens import Estimate

MERGED = ("findings.jsonl", "rejected.jsonl", "fixes.jsonl")
_RAW = 2000
_VIETNAMESE = LANGUAGES.index("vi")


@dataclass(slots=True)
class Totals:
    """Counts of a pass: ``rows`` of all batches, everything else of this worker's own.

    ``left_out``: rows that the data mark as not to be learnt; ``styles``: rows with each style of tone marks;
    ``style_words``: the first word of each, with its row; ``lengths``: for each batch that wrote something, the bytes
    that it added to each file of MERGED; ``kinds``: the kinds of answers that the writer's rows point to."""

    rows: int = 0
    rejected: int = 0
    left_out: int = 0
    fixes: int = 0
    styles: Counter[str] = field(default_factory=Counter)
    style_words: dict[str, tuple[int, str]] = field(default_factory=dict)
    lengths: dict[int, tuple[int, ...]] = field(default_factory=dict)
    kinds: list[str] = field(default_factory=list)

    def add(self, other: "Totals") -> None:
        """Add the counts of another worker; both read all rows."""
        self.rejected += other.rejected
        self.left_out += other.left_out
        self.fixes += other.fixes
        self.styles += other.styles
        for style, found in other.style_words.items():
            self.style_words[style] = min(found, self.style_words.get(style, found))

    @property
    def tone_styles(self) -> dict[str, tuple[int, str]]:
        """Return the number of rows with each style of tone marks, and its first word."""
        return {style: (rows, self.style_words[style][1]) for style, rows in self.styles.items()}


@dataclass(frozen=True, slots=True)
class PrepareTarget:
    """Recipe, model and bucket owner (12 digits) that rows are prepared for."""

    recipe: Recipe
    model: Model
    owner: str | None


class _Draft(msgspec.Struct, gc=False):
    """A row in progress. ``media``: with their paths; ``findings``: so far."""

    n: int
    row: Example | Rejected
    encoded: Encoded | None = None
    media: Sequence[tuple[str, Media]] = ()
    findings: list[Finding] = msgspec.field(default_factory=list)


@dataclass(slots=True)
class _Batch:
    """Consecutive rows from number ``first`` on."""

    first: int
    drafts: list[_Draft] = field(default_factory=list)


class RowPass:
    """One worker's share of the rows. Writes into its folder: ``spool`` (a record a line), ``extras`` (what else is
    known of some) and the files of MERGED. ``files`` are the names of the data files, in reading order."""

    def __init__(
        self, folder: Path, target: PrepareTarget, files: list[str], media: MediaResolver, writer: RowWriter
    ) -> None:
        recipe, model = target.recipe, target.model
        self._recipe, self._media, self._writer = recipe, media, writer
        self._examiner = Examiner(model, recipe.method)
        learns = model.method(recipe.method).limits.reasoning
        self._reasoning = ReasoningSplitter(model.name, recipe.data, learns=learns)
        self._encoder = Encoder(model.method(recipe.method).record, target.owner)
        self._screen = Screen(model.reserved_words)
        self._kinds: dict[str, int] = {}
        self._repairs = Repairs(redact=recipe.data.redact, strip=recipe.method != "continued-pre-training")
        self._spool, self._extras = (folder / "spool").open("wb"), (folder / "extras").open("wb")
        self._findings, self._rejected, self._fixes = (_Counted((folder / name).open("wb")) for name in MERGED)
        self._numbers = {name: number for number, name in enumerate(files)}
        self._assets: dict[int, Asset] = {}
        self._fresh: set[int] = set()
        self.totals = Totals()

    def run(self, items: Iterable[Item], worker: int = 0, workers: int = 1) -> Iterator[int]:
        """Process every ``workers``-th batch from the ``worker``-th; yield the number of rows read, from time to time.

        Raises RetryableError from the storage."""
        try:
            for chunk in chunks(items):
                batches = batches_of(chunk, self.totals.rows)
                self._take([batch for batch in batches if batch[0] // BATCH % workers == worker])
                self.totals.rows += sum(map(rows_of, chunk))
                yield self.totals.rows
        finally:
            self.totals.kinds = list(self._kinds)
            for file in (self._spool, self._extras, self._findings, self._rejected, self._fixes):
                file.close()

    def _take(self, batches: list[tuple[int, list[Item]]]) -> None:
        """Check batches, each given with the number of its first row."""
        waiting: list[_Batch] = []
        for first, items in batches:
            batch = self._begin(first, items)
            waiting.append(batch)
            # Media are fetched for all batches together. Rows without any are done while they are in the cache.
            if len(waiting) == 1 and not any(draft.media for draft in batch.drafts):
                self._end(waiting.pop())
        self._fetch_media([draft for batch in waiting for draft in batch.drafts])
        for batch in waiting:
            self._end(batch)

    def _end(self, batch: _Batch) -> None:
        number = batch.first // BATCH
        self._writer.add(number, self._finish(batch.drafts))
        self._note_lengths(number)

    def _begin(self, first: int, items: list[Item]) -> _Batch:
        batch = _Batch(first)
        n = first
        for item in items:
            if isinstance(item, Lines):
                batch.drafts += [self._read(n + row, item.read(row)) for row in range(len(item))]
            else:
                batch.drafts.append(self._read(n, item))
            n += rows_of(item)
        return batch

    def _read(self, n: int, row: Example | Rejected) -> _Draft:
        if isinstance(row, Rejected):
            return _Draft(n, row)
        if self._recipe.data.system and row.system is None and row.document is None:
            row.system = self._recipe.data.system
        findings = self._reasoning.apply(row)
        return _Draft(n, row, media=media_of(row), findings=findings + self._examiner.shape(row))

    def _fetch_media(self, drafts: list[_Draft]) -> None:
        wanted = [(block, folder_of(draft.row.file)) for draft in drafts for _, block in draft.media]
        if not wanted:
            return
        assets, fresh = self._media.fetch(wanted)
        self._assets = {id(block): asset for (block, _), asset in zip(wanted, assets, strict=True)}
        self._fresh = {id(asset) for asset in fresh}

    def _finish(self, drafts: list[_Draft]) -> list[TableRow]:
        """Return the rows that are used, in the form in which they are compared."""
        for draft in drafts:
            if isinstance(draft.row, Example):
                draft.encoded = self._encode(draft.row, draft.findings)
        encoded = [draft.encoded for draft in drafts if draft.encoded]
        passed = iter(self._looked_at(encoded))
        judged = [self._judge(draft, next(passed) if draft.encoded else None) for draft in drafts]
        return [row for row in judged if row]

    def _looked_at(self, encoded: list[Encoded]) -> list[Passed | None]:
        """Return what the screen found of each row; None where one of its texts needs a closer look."""
        if not encoded:
            return []
        found = self._screen.look([(each.question, each.answer) for each in encoded])
        pairs = [("", each.worse) for each in encoded if each.worse]
        if not pairs:
            return found
        others = iter(self._screen.look(pairs))
        return [None if each.worse and next(others) is None else one for each, one in zip(encoded, found, strict=True)]

    def _judge(self, draft: _Draft, passed: Passed | None) -> TableRow | None:
        """Return the row's record in the table; None for a rejected row."""
        row = draft.row
        if isinstance(row, Rejected):
            self._set_aside(row, row.findings, row.raw)
            return None
        assets = self._look_at_media(draft, row) if draft.media else []
        if draft.encoded and (passed is None or self._repairs.spaced(row)):
            draft.encoded = self._repaired(row, draft.encoded, draft.findings)
            passed = measured(draft.encoded.question, draft.encoded.answer) if draft.encoded else None
            draft.findings += self._examiner.texts(row)
        if draft.encoded and passed:
            question, longest = draft.encoded.question, draft.encoded.longest
            sized = passed if longest == draft.encoded.answer else measured(question, longest)
            tokens = self._examiner.tokens(len(question) + len(longest), sized, assets)
            draft.findings += self._examiner.size(row, len(draft.encoded.line), tokens) + self._examiner.pair(row)
            if draft.findings and any(found.severity == "error" for found in draft.findings):
                self._set_aside(row, draft.findings, _shown(row))
                return None
            self._found(draft.findings)
            return self._note(draft.n, row, draft.encoded, passed, assets, tokens)
        self._set_aside(row, draft.findings, _shown(row))
        return None

    def _note(
        self, n: int, row: Example, encoded: Encoded, passed: Passed, assets: list[Asset], tokens: Estimate
    ) -> TableRow:
        input, question = hashes_of(passed.question, len(row.turns), [asset.digest for asset in assets])
        answer, kind, spoken, words = describe_answer(encoded.question, encoded.answer, passed.answer)
        if encoded.worse:
            answer = group_hash(passed.answer, encoded.worse.encode())
        group, label = self._group(row, assets, input)
        if label or row.category or row.references:
            extra = [n, label, row.category, row.references or None]
            self._extras.write(orjson.dumps(extra, option=orjson.OPT_APPEND_NEWLINE))
        if spoken == _VIETNAMESE and len(encoded.answer) < SHORT_ANSWER:  # long ones tell nothing new
            self._note_style(n, encoded.answer)
        self._spool.write(encoded.line + b"\n")
        return TableRow(
            n,
            self._numbers[row.file],
            row.line,
            size=len(encoded.line) + 1,
            split=SPLITS.index(row.split),
            grp=group,
            input=input,
            question=question,
            answer=answer,
            kind=self._kind(row.category or kind),
            language=spoken,
            media=MEDIA_KINDS.index(assets[0].kind) if assets else 0,
            words=words,
            asked=self._examiner.asked(tokens, len(encoded.longest)),
            low=tokens.low,
            expected=tokens.expected,
            high=tokens.high,
        )

    def _kind(self, kind: str) -> int:
        return self._kinds.setdefault(kind, len(self._kinds))

    def _look_at_media(self, draft: _Draft, row: Example) -> list[Asset]:
        """Return the row's assets. Findings about an object belong to the first row that shows it."""
        assets = [self._locate(block) for _, block in draft.media]
        for asset in assets:
            if id(asset) in self._fresh:
                self._fresh.remove(id(asset))
                self._found(asset.notes)
                group = media_group(asset.digest)
                self._writer.add_media(Object(asset.name, asset.kind, asset.digest, group, asset.look, asset.size))
        draft.findings += self._examiner.media(row, draft.media, self._locate)
        return assets

    def _locate(self, block: Media) -> Asset:
        return self._assets[id(block)]

    def _encode(self, example: Example, findings: list[Finding]) -> Encoded | None:
        try:
            return self._encoder.encode(example, self._locate)
        except (TypeError, UnicodeEncodeError, RecursionError) as error:
            damaged = "surrogate" in str(error) or "UTF-8" in str(error)
            code = "lone-surrogate" if damaged else "nesting-too-deep"
            findings.append(finding(code, example.file, example.line))
        return None

    def _repaired(self, example: Example, encoded: Encoded, findings: list[Finding]) -> Encoded | None:
        found, fixes = self._repairs.apply(example)
        if not fixes:
            return encoded
        findings += found
        self.totals.fixes += len(fixes)
        for fix in fixes:
            self._fixes.write(orjson.dumps(fix) + b"\n")
        return self._encode(example, findings)

    def _group(self, row: Example, assets: list[Asset], input: int) -> tuple[int, str | None]:
        """Return the row's group and its name for people, None for the row's own place. All groups that a row has a
        share in are joined later."""
        rule, label = self._recipe.split.group, None
        if rule == "row" or (row.group is None and not assets):
            return input, None
        groups = [media_group(digest) for digest in dict.fromkeys(asset.digest for asset in assets)]
        if assets:
            label = assets[0].name
        if row.group is not None and rule != "image":
            groups.insert(0, group_hash(b"group", row.group.encode()))
            label = row.group
        for other in groups[1:]:
            self._writer.link(groups[0], other)
        return groups[0] if groups else input, label

    def _note_style(self, n: int, answer: str) -> None:
        first, second = writing.tone_styles(answer)
        for style, word in (("first", first), ("second", second)):
            if word:
                self.totals.styles[style] += 1
                self.totals.style_words[style] = min((n, word), self.totals.style_words.get(style, (n, word)))

    def _found(self, findings: Iterable[Finding]) -> None:
        for found in findings:
            self._findings.write(_dump(found))

    def _set_aside(self, row: Placed, findings: Sequence[Finding], raw: str) -> None:
        if any(found.severity == "error" for found in findings):
            self.totals.rejected += 1
        else:
            self.totals.left_out += 1
        self._found(findings)
        self._rejected.write(rejected_line(row.file, row.line, findings, raw))

    def _note_lengths(self, batch: int) -> None:
        lengths = [file.pop_length() for file in (self._findings, self._rejected, self._fixes)]
        if any(lengths):
            before = self.totals.lengths.get(batch, (0, 0, 0))
            self.totals.lengths[batch] = tuple(old + new for old, new in zip(before, lengths, strict=True))


class _Counted:
    """A file that counts the bytes written since it was last asked."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._bytes = file, 0

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._bytes += len(data)

    def pop_length(self) -> int:
        length, self._bytes = self._bytes, 0
        return length

    def close(self) -> None:
        self._file.close()


def rejected_line(file: str, line: int, findings: Iterable[Finding], raw: str) -> bytes:
    """Return one line of rejected.jsonl: where the row is, why it is not used, and its content, shortened."""
    reasons = [{"code": f.code, "message": f.message, "fix": f.fix, "path": f.path} for f in findings]
    return _dump({"file": file, "line": line, "reasons": reasons, "raw": raw[:_RAW]})


def media_group(digest: str) -> int:
    """Return the group of all rows that show this object."""
    return group_hash(b"media", digest.encode())


def _dump(value: Any) -> bytes:
    """Return one line of JSON. Unpaired surrogates, which a damaged row may contain, become question marks."""
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
    """Return the example for rejected.jsonl, without the bytes of its media."""
    for _, block in media_of(example):
        block.data = None
    return repr({key: value for key, value in as_dict(example).items() if value})


def folder_of(file: str) -> str:
    """Return the folder that contains a file of the dataset."""
    return file.rpartition("/")[0]
