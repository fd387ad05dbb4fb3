"""Render report.html, the report for people: one self-contained file for screens of any width and for paper."""

import re
from collections.abc import Callable, Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

from tailor import vietnamese
from tailor.evaluation.report.by_method import by_method
from tailor.evaluation.report.charts import interval_plot, loss_chart
from tailor.evaluation.report.people import people
from tailor.evaluation.report.translated import translated
from tailor.html import page

ARMS: Mapping[str, str] = {
    "candidate": "Custom model",
    "base": "Base model",
    "base-few-shot": "Base with examples",
    "live": "Live version",
    "teacher": "Teacher",
}
_TONES = {"held": "passed", "broken": "failed", "unclear": "inconclusive", "missing": "inconclusive"}
_KINDS = {"content": "points of content", "form": "points of form alone", "language": "points of language"}
_SPELLED = {"bleu": "BLEU", "chrf": "chrF"}
_WIDE, _NARROW = 920, 360
Report = Mapping[str, Any]


def render(report: Report, pictures: Mapping[str, Sequence[str]]) -> str:
    """``pictures``: data: URLs by row id, for wins and losses."""
    style = files("tailor.evaluation.report").joinpath("report.css").read_text("utf-8")
    parts = [
        _verdict(report),
        _differences(report),
        _kind_of_better(report),
        _metrics(report),
        _guards(report),
        _slices(report),
        _side_by_side(report, pictures),
        _conduct(report),
        _training(report),
        by_method(report, ARMS),
        _judge(report),
        _people(report),
        _reproduce(report),
    ]
    title = f"{report['verdict'].title()}: {report['project']}/{report['dataset']}"
    body = (
        f'<div class="top"><h1 translate="no">{escape(report["project"])} / {escape(report["dataset"])}</h1>'
        f'<span class="soft small">{escape(report["method"])} of {escape(report["model"])} · '
        f"{escape(report['finished_at'][:16].replace('T', ' '))} UTC</span></div>"
        f"{''.join(parts)}"
        f"<footer>Run <code>{escape(report['run'])}</code> · Tailor {escape(report['reproduce']['tailor'])}</footer>"
    )
    return page(title, style, body)


def pages(report: Report, pictures: Mapping[str, Sequence[str]], readers: str | None = None) -> dict[str, str]:
    """Return the pages by file name: also in Vietnamese if the answers are, or ``readers``: the recipe's notices."""
    english = {"report.html": render(report, pictures)}
    if "vi" not in (report["language"], readers):
        return english
    said = {**report, "remark": vietnamese.in_vietnamese(report["remark"] or "")}
    return english | {"report.vi.html": translated(render(said, pictures))}


def percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def signed(value: float, digits: int = 1) -> str:
    """Return percentage points with their sign."""
    return f"{100 * value:+.{digits}f}".replace("-", "−")


def section(title: str, intro: str, body: str) -> str:
    said = f'<p class="soft small">{intro}</p>' if intro else ""
    return f"<section><h2>{escape(title)}</h2>{said}{body}</section>"


def table(
    head: Sequence[str], rows: Sequence[Sequence[str]], classes: Sequence[str] = (), spare: Sequence[int] = ()
) -> str:
    """Return a table of HTML cells. All columns but the first are figures; those at ``spare`` are hidden on a phone."""

    def kind(place: int) -> str:
        return ("n" if place else "") + (" wide" if place in spare else "")

    titles = "".join(f'<th class="{kind(place)}">{name}</th>' for place, name in enumerate(head))
    body = "".join(
        f'<tr class="{classes[number] if classes else ""}">'
        + "".join(f'<td class="{kind(place)}">{cell}</td>' for place, cell in enumerate(row))
        + "</tr>"
        for number, row in enumerate(rows)
    )
    return f'<div class="scroll"><table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table></div>'


def _verdict(report: Report) -> str:
    verdict = escape(report["verdict"])
    reasons = "".join(f"<li>{_sentence(reason[:1].upper() + reason[1:])}.</li>" for reason in report["reasons"])
    low, high = report["interval"]
    figures = [
        (percent(report["candidate"]), "custom model"),
        (percent(report["baseline"]), ARMS.get(report["baseline_arm"], report["baseline_arm"]).lower()),
        (signed(report["difference"]), f"points; {signed(low)} to {signed(high)}"),
        (f"{report['rows']:,}", f"held-out rows in {report['groups']:,} groups"),
        (f"{100 * report['minimum_detectable_effect']:.1f}", "points: the smallest difference such a test shows"),
    ]
    if report["decisive_rows"]:
        figures.append((f"{report['decisive_rows']:,}", "rows would decide, if it is as seen"))
    boxes = "".join(f"<div><b>{value}</b><span>{escape(name)}</span></div>" for value, name in figures)
    remark = f'<p class="remark" translate="no">{escape(report["remark"])}</p>' if report["remark"] else ""
    return (
        f'{remark}<header class="verdict {verdict}"><span class="badge">{verdict.title()}</span>'
        f'<p class="sentence">{_sentence(report["headline"])}</p><ul class="reasons small">{reasons}</ul>'
        f'<div class="figures">{boxes}</div></header>'
    )


def _sentence(text: str) -> str:
    """Return a sentence with true minus signs."""
    return re.sub(r"(?<![\w-])-(?=\d)", "−", escape(text))


def _differences(report: Report) -> str:
    items = [
        {
            "label": f"against {ARMS.get(item['baseline_arm'], item['baseline_arm']).lower()}",
            "difference": item["difference"],
            "interval": item["interval"],
            "tone": _tone(item["interval"], report["margin"]),
        }
        for item in report["comparisons"]
    ]
    margin = f" The dashed line is the margin of {100 * report['margin']:g} points." if report["margin"] else ""
    intro = (
        f"{escape(report['metric_title'])}, in percentage points. The bars are {100 * report['confidence']:g} % "
        f"intervals from {report['reproduce']['resamples']:,} resamples of whole groups.{margin} To pass, every bar "
        f"has to lie right of {'the margin' if report['margin'] else '0'}. "
        f"p {_p(report['p_value'])} ({escape(report['test'])})."
        f"{_looks(report['looks'])}{_SEALED if report['sealed']['opened_by'] else ''}"
    )
    wide = interval_plot(items, report["margin"], _WIDE, 190)
    narrow = interval_plot(items, report["margin"], _NARROW, 0)
    return section("How much better", intro, f'<div class="wide">{wide}</div><div class="narrow">{narrow}</div>')


_SEALED = " These are the sealed rows, which a promotion opened."


def _looks(looks: int) -> str:
    told = f" It is look {looks:,} of this project at these rows: the confidence is raised, against chance."
    return told if looks > 1 else ""


def _kind_of_better(report: Report) -> str:
    gain = report["gain"]
    lengths = [arm["length_ratio"] for name, arm in report["conduct"].items() if name in _compared(report)]
    figures = [(gain[kind], name) for kind, name in _KINDS.items()]
    boxes = "".join(f"<div><b>{signed(value)}</b><span>{escape(name)}</span></div>" for value, name in figures)
    if len(lengths) == len(_compared(report)):
        said = " and ".join(_number(value, "{:.2f}\u00a0×") for value in lengths)
        boxes += f"<div><b>{said}</b><span>as long as the references: custom model and baseline</span></div>"
    intro = (
        f"The difference to {escape(ARMS.get(report['baseline_arm'], 'the baseline').lower())}, row by row. Content: "
        "who says the right answer, in whatever words. Language: the same, where one of them answers in another one "
        "than the references. Form: what is left."
    )
    return section("What kind of better", intro, f'<div class="figures">{boxes}</div>')


def _compared(report: Report) -> tuple[str, str]:
    return ("candidate", report["baseline_arm"])


def _tone(interval: Sequence[float], margin: float) -> str:
    if interval[0] > margin:
        return "good"
    return "bad" if interval[1] <= margin else "unsure"


def _p(value: float) -> str:
    return f"= {value:.2g}" if value >= 1e-4 else "&lt; 0.0001"


def _metrics(report: Report) -> str:
    arms = list(report["conduct"])
    others = {item["metric"]: item for item in report["others"]}
    rows, classes = [], []
    for name, values in report["metrics"].items():
        primary = name == report["metric"]
        title = report["metric_title"] if primary else others[name]["title"]
        cells = [f"{percent(values[arm])}{_bar(values[arm], arm)}" for arm in arms]
        corrected = "decides" if primary else _p(others[name]["p_value_holm"]).removeprefix("= ")
        rows.append([escape(title), *cells, corrected])
        classes.append("primary" if primary else "")
    head = ["Metric", *(escape(ARMS.get(arm, arm)) for arm in arms), "p, corrected"]
    beside = "".join(
        f'<p class="soft small">{escape(_SPELLED.get(name, name))}: {_by_arm(found["corpus"])} over the whole set; '
        f"{_by_arm(found['mean_of_rows'])} as the mean of rows. <code>{escape(found['signature'])}</code></p>"
        for name, found in report["corpus"].items()
    )
    intro = (
        f"The first decides ({escape(report['metric_reason'])}); the others are for looking at. "
        f"Answers were compared after normalisation: <code>{escape(report['normaliser'])}</code>"
    )
    return section("Scores by arm", intro, table(head, rows, classes, spare=(len(head) - 1,)) + beside)


def _by_arm(scores: Mapping[str, float]) -> str:
    return ", ".join(f"{escape(ARMS.get(arm, arm).lower())} {percent(score)}" for arm, score in scores.items())


def _bar(value: float, arm: str) -> str:
    ours = " ours" if arm == "candidate" else ""
    return f'<span class="bar{ours}"><i style="width:{max(0.0, min(1.0, value)) * 100:.0f}%"></i></span>'


def _guards(report: Report) -> str:
    if not report["guards"]:
        return ""
    rows = []
    for guard in report["guards"]:
        found = guard["comparison"]
        values = ["–"] * 3
        if found:
            values = [percent(found["candidate"]), percent(found["baseline"]), signed(found["difference"])]
        state = escape(guard["state"])
        badge = f'<span class="{_TONES[state]}"><span class="badge">{state}</span></span>'
        if state == "held" and found["baseline"] < guard["margin"]:
            badge = '<span class="soft small">nothing to lose</span>'
        rows.append([escape(guard["title"]), *values, f"{100 * guard['margin']:g}", badge])
    forgotten = (report["regression"] or {}).get("forgotten", [])
    lost = "".join(
        f'<tr translate="no"><td>{escape(item["question"])}</td><td>{escape(item["candidate"][:300]) or "–"}</td>'
        f"<td>{escape(item['base'][:300])}</td></tr>"
        for item in forgotten
    )
    details = (
        f"<details><summary>{len(forgotten)} questions that the base answers and the custom model does not</summary>"
        '<div class="scroll"><table><thead><tr><th>Question</th><th>Custom model</th><th>Base model</th></tr></thead>'
        f"<tbody>{lost}</tbody></table></div></details>"
        if forgotten
        else ""
    )
    intro = "What the custom model must not lose. A guard is broken when the loss exceeds its margin and is not chance."
    head = ["Guard", "Custom", "Baseline", "Points", "Margin", "State"]
    return section("What must not get worse", intro, table(head, rows, spare=(1, 2, 4)) + details)


def _slices(report: Report) -> str:
    if not report["slices"]:
        return ""
    rows = [
        [
            f'{_slice_name(item)} <span class="soft small">{escape(item["dimension"])}</span>',
            f"{item['rows']:,}",
            percent(item["candidate"]) + _bar(item["candidate"], "candidate"),
            percent(item["baseline"]),
            signed(item["difference"]),
            f'<span class="soft">{signed(item["interval"][0], 0)} to {signed(item["interval"][1], 0)}</span>',
        ]
        for item in report["slices"]
    ]
    intro = "Parts of the held-out rows, the worst first. With many parts, some look bad by chance."
    head = ["Slice", "Rows", "Custom", ARMS.get(report["baseline_arm"], "Baseline"), "Points", "Interval"]
    return section("Where it is strong and weak", intro, table(head, rows, spare=(3, 5)))


def _slice_name(item: Mapping[str, Any]) -> str:
    """Return a slice's name; a category is the team's own word."""
    own = ' translate="no"' if item["dimension"] in ("category", "question language") else ""
    return f"<span{own}>{escape(item['name'])}</span>"


def _side_by_side(report: Report, pictures: Mapping[str, Sequence[str]]) -> str:
    parts = []
    for name, title in (("losses", "The custom model did worse"), ("wins", "The custom model did better")):
        cards = "".join(_card(item, pictures.get(item["id"], ()), report["baseline_arm"]) for item in report[name])
        body = f'<div class="cards">{cards}</div>' if cards else '<p class="soft">There are none.</p>'
        parts.append(f"<h3>{title}</h3>{body}")
    return section("Answers side by side", "", "".join(parts))


def _card(item: Mapping[str, Any], pictures: Sequence[str], baseline: str) -> str:
    better = item["gain"] > 0
    images = "".join(f'<img src="{escape(url)}" alt="image of row {escape(item["id"])}">' for url in pictures)
    shown = f'<div class="pictures">{images}</div>' if images else ""
    expected = " · ".join(map(escape, item["references"])) or "–"
    return (
        f'<article class="card">{shown}<div class="text">'
        f'<p class="question" translate="no">{escape(item["question"])}</p><dl>'
        f'<dt>Expected</dt><dd translate="no">{expected}</dd>'
        f'<dt>Custom</dt><dd translate="no" class="{"right" if better else "wrong"}">{_said(item["candidate"])}</dd>'
        f'<dt>{escape(ARMS.get(baseline, baseline))}</dt><dd translate="no" class="{"wrong" if better else "right"}">'
        f"{_said(item['baseline'])}</dd></dl></div></article>"
    )


def _said(answer: str) -> str:
    return escape(answer[:600]) + ("…" if len(answer) > 600 else "") if answer.strip() else "<i>nothing</i>"


def _conduct(report: Report) -> str:
    arms = report["conduct"]
    lines: list[tuple[str, Callable[[Any], str]]] = [
        ("Calls that failed", lambda arm: f"{arm['failed']:,}"),
        ("Right language", lambda arm: percent(arm["answer_language"])),
        ("No refusal", lambda arm: percent(arm["no_refusal"])),
        ("Not empty", lambda arm: percent(arm["not_empty"])),
        ("Not cut off", lambda arm: percent(arm["not_truncated"])),
        ("Length against references", lambda arm: _number(arm["length_ratio"], "{:.2f} ×")),
        ("Time, median", lambda arm: _number((arm["latency_ms"] or {}).get("median"), "{:,.0f} ms")),
        ("Time, slowest twentieth", lambda arm: _number((arm["latency_ms"] or {}).get("p95"), "{:,.0f} ms")),
        ("Tokens read", lambda arm: _number(arm["input_tokens"], "{:,}")),
        ("Tokens written", lambda arm: _number(arm["output_tokens"], "{:,}")),
        ("Cost of these calls", lambda arm: _number(arm["cost_usd"], "${:,.4f}", "unknown")),
    ]
    rows = [[escape(name), *(show(arm) for arm in arms.values())] for name, show in lines]
    failures = "".join(
        f"<tr><td>{escape(ARMS.get(item['arm'], item['arm']))}</td><td><code>{escape(item['id'])}</code></td>"
        f'<td translate="no">{escape(item["error"])}</td></tr>'
        for item in report["failures"]
    )
    listed = (
        f"<details><summary>Calls that failed for good: they count as wrong answers</summary>"
        f'<div class="scroll"><table>{failures}</table></div></details>'
        if failures
        else ""
    )
    head = ["", *(escape(ARMS.get(arm, arm)) for arm in arms)]
    return section("Conduct and cost", "How each arm behaved on the held-out rows.", table(head, rows) + listed)


def _number(value: float | None, form: str, unknown: str = "–") -> str:
    return unknown if value is None else form.format(value)


def _training(report: Report) -> str:
    training = report["training"]
    if training is None:
        return ""
    advice = f" What may help: {escape(training['advice'])}." if training["advice"] else ""
    wide, narrow = (loss_chart(training["curves"], width) for width in (_WIDE, _NARROW))
    kinds = [kind for kind in ("training", "validation") if any(curve["kind"] == kind for curve in training["curves"])]
    colours = {"training": "var(--ours)", "validation": "var(--unsure)"}
    keys = "".join(f'<span><i style="background:{colours[kind]}"></i>{kind} loss by step</span>' for kind in kinds)
    chart = f'<div class="wide">{wide}</div><div class="narrow">{narrow}</div><div class="legend">{keys}</div>'
    return section("Training", "", f"<p>{escape(training['sentence'])}{advice}</p>{chart}")


def _judge(report: Report) -> str:
    judge = report["judge"]
    if judge is None:
        return ""
    agreed = ""
    if judge["agreement_with_metric"] is not None:
        share = percent(judge["agreement_with_metric"])
        agreed = f" Where both tell the arms apart, it agrees with the metric in {share} of the rows."
    failed = f" {judge['failed']:,} more could not be judged: they count nowhere." if judge["failed"] else ""
    text = (
        f"<p>Of {judge['rows']:,} pairs, taken at random, the judge preferred the custom model {judge['wins']:,} times "
        f"and the baseline "
        f"{judge['losses']:,} times; {judge['ties']:,} are ties. In {judge['swayed_by_place']:,} pairs the order of "
        f"the answers swayed it.{agreed}{failed}</p>"
    )
    return section("A model's opinion", "For looking at; it does not decide.", text)


def _people(report: Report) -> str:
    if not report.get("labels"):
        return ""
    baseline = ARMS.get(report["baseline_arm"], report["baseline_arm"]).lower()
    intro, rows, disagreements = people(report, baseline)
    head = ["", "Labels", "Agreement", "Cohen's kappa"]
    return section("Agreement with people", intro, table(head, rows) + disagreements)


def _reproduce(report: Report) -> str:
    facts = report["reproduce"]
    rows = [
        ("Dataset", f"<code>{escape(facts['dataset_fingerprint'])}</code>"),
        *((ARMS.get(arm, arm), f"<code>{escape(model)}</code>") for arm, model in facts["arms"].items()),
        (
            "Decoding",
            f"temperature {facts['decoding']['temperature']}, at most {facts['decoding']['max_tokens']} tokens",
        ),
        ("Prompts, SHA-256", f"<code>{escape(facts['prompts_sha256'])}</code>"),
        ("Answers, SHA-256", f"<code>{escape(facts['answers_sha256'])}</code>"),
        ("Normaliser", f"<code>{escape(facts['normaliser'])}</code>"),
        ("Resampling", f"{facts['resamples']:,} draws of groups, seed {facts['seed']}"),
        ("Answers", f"<code>{escape(report['paths']['answers'])}</code>"),
    ]
    listed = "".join(f"<dt>{escape(name)}</dt><dd>{value}</dd>" for name, value in rows)
    system = "".join(f"<pre>{escape(text)}</pre>" for text in facts["system"])
    notes = "".join(f"<li>{escape(note)}</li>" for note in report["notes"])
    extra = (f"<h3>System text</h3>{system}" if system else "") + (f"<h3>Notes</h3><ul>{notes}</ul>" if notes else "")
    return section("To reproduce it", "", f'<dl class="facts small">{listed}</dl>{extra}')
