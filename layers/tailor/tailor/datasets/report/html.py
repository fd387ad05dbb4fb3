"""Render report.html, the report for people: one page that loads nothing from elsewhere and runs no script."""

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from typing import Any

from tailor.datasets.report.document import Report
from tailor.datasets.report.grouping import FindingExample, examples_of, fixes_of
from tailor.html import page

_EXAMPLES = 5
_TEXT = 1200
_KINDS = 12
_OTHERS = "all other kinds"
_DATA = ' translate="no"'
_TITLES = {
    "rows": "rows read",
    "train": "to train on",
    "validation": "to validate",
    "test": "held out",
    "rejected": "not usable",
    "left_out": "left out",
    "fixes": "texts repaired",
}


def render(report: Report) -> str:
    """Return report.html."""
    parts = [_head(report), _problems(report), _previews(report.previews), _figures(report), _files(report)]
    style = files("tailor").joinpath("datasets/report/report.css").read_text("utf-8")
    return page("Dataset report", style, "".join(parts))


def _head(report: Report) -> str:
    verdict = '<p class="verdict good">usable</p>' if report.usable else '<p class="verdict error">not usable</p>'
    tiles = "".join(
        f"<div><dt>{title}</dt><dd>{_number(report.counts[key])}</dd></div>"
        for key, title in _TITLES.items()
        if report.counts[key] or key in ("rows", "train")
    )
    purpose = f"for {escape(report.method)} of {escape(report.model)}" if report.model else ""
    tokens = report.tokens
    cost = ""
    if tokens.get("high"):
        cost = (
            f"<p>One pass over the training rows reads about {_number(tokens['expected'])} tokens "
            f"(between {_number(tokens['low'])} and {_number(tokens['high'])}).</p>"
        )
    return (
        f'{verdict}<h1>{escape(report.headline)}</h1><p class="soft">{purpose}</p><dl class="tiles">{tiles}</dl>{cost}'
    )


def _problems(report: Report) -> str:
    if not report.by_code:
        return "<h2>What was found</h2><p>Nothing: every row is as it should be.</p>"
    blocks = [_problem(report, row) for row in report.by_code]
    return f"<h2>What was found</h2>{''.join(blocks)}"


def _problem(report: Report, row: dict[str, Any]) -> str:
    """Return one code: its cause (or its only message) in the summary line, examples and advice below."""
    examples = examples_of(report, row["code"])
    shown = examples[:_EXAMPLES]
    alone = len(examples) == 1
    place = f'<span class="soft">{escape(examples[0].place)}:</span> ' if alone and examples[0].place else ""
    lead = place + _own(examples[0].message if alone or not row["cause"] else row["cause"])
    about = f'<p class="soft">{escape(row["cause"])}</p>' if alone and row["cause"] else ""
    items = "" if alone and not examples[0].path else "".join(_example(each, alone) for each in shown)
    more = row["count"] - sum(max(1, len(each.lines)) for each in shown)
    rest = f'<p class="soft">and {_number(more)} more, all in findings.jsonl</p>' if more > 0 else ""
    advice = "".join(f"<p>→ {_own(fix)}</p>" for fix in fixes_of(shown))
    opened = " open" if row["severity"] == "error" else ""
    return (
        f'<details{opened}><summary><span class="{row["severity"]}">{row["severity"]}</span>'
        f'<span class="cause">{lead} <code class="soft">{escape(row["code"])}</code></span>'
        f"<b>{_number(row['count'])}</b></summary>{about}<ul>{items}</ul>{rest}{advice}</details>"
    )


def _example(example: FindingExample, alone: bool) -> str:
    path = f" <code>{escape(example.path)}</code>" if example.path else ""
    if alone:
        return f"<li>{path}</li>"
    where = f'<span class="soft">{escape(example.place)}{path}</span><br>' if example.place else ""
    return f"<li>{where}{_own(example.message)}</li>"


def _own(sentence: str) -> str:
    """Return the words of a finding, which have their own translations."""
    return f'<span translate="no">{escape(sentence[:_TEXT])}</span>'


def _previews(previews: list[dict[str, Any]]) -> str:
    if not previews:
        return ""
    cards = "".join(_preview(preview) for preview in previews)
    return f'<h2>Some records, as the model will see them</h2><div class="pair">{cards}</div>'


def _preview(preview: dict[str, Any]) -> str:
    record, images = preview["record"], preview.get("images", {})
    place = f"{escape(preview['file'])} line {preview['line']}, {escape(str(preview['part']))}"
    turns = [("system", block.get("text", "")) for block in record.get("system") or []]
    body = "".join(_turn(role, [{"text": text}], images) for role, text in turns)
    for key in ("input", "prompt", "completion"):
        if key in record:
            body += _turn({"completion": "assistant"}.get(key, key), [{"text": record[key]}], images)
    for message in record.get("messages", []):
        for candidate in message.get("candidates", ()):
            body += _turn("assistant", candidate["content"], images, f"assistant, {candidate['preferenceLabel']}")
        if "candidates" in message:
            continue
        content = message["content"]
        blocks = [{"text": content}] if isinstance(content, str) else content
        body += _turn(message["role"], blocks, images)
    if "reference_answer" in record:
        body += _turn("reference answer", [{"text": str(record["reference_answer"])}], images)
    return f'<div class="card"><h3 class="soft">{place}</h3>{body}</div>'


def _turn(role: str, blocks: Iterable[dict[str, Any]], images: dict[str, str], label: str = "") -> str:
    parts = []
    for block in blocks:
        kind, value = next(iter(block.items()))
        if kind == "text":
            parts.append(escape(value[:_TEXT]) + ("…" if len(value) > _TEXT else ""))
        elif kind in ("image", "video", "document"):
            uri = value["source"]["s3Location"]["uri"]
            name = escape(uri.rpartition("/")[2])
            shown = f'<img src="{images[uri]}" alt="{name}">' if uri in images else f"[{kind} {name}]"
            parts.append(shown)
        else:
            parts.append(f"<code>{escape(str(block)[:_TEXT])}</code>")
    body = "".join(part if part.startswith("<img") else f"<div>{part}</div>" for part in parts)
    return (
        f'<div class="turn {escape(role)}"><small>{escape(label or role)}</small><div translate="no">{body}</div></div>'
    )


def _figures(report: Report) -> str:
    figures = report.statistics
    if not figures:
        return ""
    cards = [
        _histogram("Tokens in a row (estimated)", figures["tokens_per_row"]),
        _histogram("Words in an answer", figures["words_per_answer"]),
        _bars("Most frequent answers", [(row["answer"], row["rows"]) for row in figures["top_answers"]], own=False),
        _bars(
            "Kinds of answers",
            _first([(row["kind"], row["rows"]) for row in figures["kinds"]], report.counts["used"]),
            own=False,
        ),
        _bars("Languages, by their letters", list(figures["languages"].items())),
        _bars("Rows with", list(figures["rows_with"].items())),
        _baselines(report.baselines),
        _metric(report.metric),
    ]
    cards = [f'<div class="card scroll">{card}</div>' for card in cards if card]
    return f'<h2>Figures</h2><div class="pair">{"".join(cards)}</div>'


def _first(kinds: list[tuple[str, int]], rows: int) -> list[tuple[str, int]]:
    """Return as many kinds as people read; the rest as one, with their rows added up."""
    if len(kinds) <= _KINDS:
        return kinds
    shown = kinds[: _KINDS - 1]
    return [*shown, (_OTHERS, rows - sum(count for _, count in shown))]


def _baselines(baselines: dict[str, Any] | None) -> str:
    if not baselines:
        return ""
    titles = {
        "majority": "always the most frequent answer",
        "majority_by_kind": "the most frequent answer of that kind",
        "question_only": "the most frequent answer to that question, media unseen",
    }
    rows = "".join(f'<tr><td>{title}</td><td class="n">{baselines[key]:.1%}</td></tr>' for key, title in titles.items())
    caption = f"What a model must beat: guesses that need no model, on {_number(baselines['rows'])} held-out rows"
    return f"<table><caption>{caption}</caption>{rows}</table>"


def _metric(metric: dict[str, Any] | None) -> str:
    """Show which metric will decide, and how it scores right and wrong answers."""
    if not metric:
        return ""
    rows = "".join(
        f'<tr><td>{escape(probe["name"])}</td><td class="n">{probe["score"]:.1%}</td></tr>'
        for probe in metric["probes"]
    )
    doubts = "".join(f"<tr><td colspan=2>{escape(doubt)}</td></tr>" for doubt in metric["doubts"])
    caption = (
        f"Metric: {escape(metric['title'])} ({escape(metric['reason'])}). Its scores of right and of wrong answers"
    )
    return f"<table><caption>{caption}</caption>{rows}{doubts}</table>"


def _histogram(title: str, spread: dict[str, Any]) -> str:
    if not spread or not spread["max"]:
        return ""
    rows = [
        (f"{row['from']} to {row['to']}" if row["to"] > row["from"] else str(row["from"]), row["rows"])
        for row in spread["histogram"]
    ]
    median, most_have, longest = (_number(spread[key]) for key in ("median", "p99", "max"))
    note = f"median {median}, 99 of 100 up to {most_have}, at most {longest}"
    return _bars(f"{title}: {note}", rows)


def _bars(title: str, rows: Sequence[tuple[str, int]], *, own: bool = True) -> str:
    """Return a table with bars. ``own``: the names are the report's own words, not the dataset's."""
    if not rows:
        return ""
    most = max(count for _, count in rows) or 1
    lines = "".join(
        f"<tr><td{'' if own or name == _OTHERS else _DATA}>{escape(str(name)[:120])}</td>"
        f'<td class="bar"><i style="width:{100 * count / most:.1f}%"></i></td><td class="n">{_number(count)}</td></tr>'
        for name, count in rows
    )
    return f"<table><caption>{escape(title)}</caption>{lines}</table>"


def _files(report: Report) -> str:
    if not report.files:
        return ""
    rows = "".join(
        f"<tr><td{_DATA}>{escape(file['file'])}</td><td{_DATA}>{escape(file['format'])}</td>"
        f'<td class="n">{_number(file["bytes"])}</td></tr>'
        for file in report.files
    )
    head = '<tr><th>file</th><th>read as</th><th class="n">bytes</th></tr>'
    media = report.media
    note = f"<p>Media: {_number(media['images'])} images, {_number(media['videos'])} videos.</p>" if media else ""
    fates = "".join(map(_fates, report.files))
    return f'<h2>Files</h2><div class="scroll"><table>{head}{rows}</table></div>{note}{fates}'


def _fates(file: dict[str, Any]) -> str:
    """Show what became of each column or key of a file."""
    if not file.get("columns"):
        return ""
    rows = "".join(
        f"<tr><td{_DATA}>{escape(name[:120])}</td><td>{escape(fate[:_TEXT])}</td></tr>"
        for name, fate in file["columns"].items()
    )
    caption = f"What became of each column or key of {escape(file['file'])}"
    return f'<div class="scroll"><table><caption>{caption}</caption>{rows}</table></div>'


def _number(value: float) -> str:
    return f"{value:,.0f}"
