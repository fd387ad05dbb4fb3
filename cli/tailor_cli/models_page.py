"""Write docs/models.md from the catalogue: ``python -m tailor_cli.models_page docs/models.md``."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tailor import catalog
from tailor.catalog import Limits, MethodFacts, Model, Source
from tailor_cli.models import called

INTRODUCTION = """# Base models

This page is generated from the catalogue, [`catalog.toml`](../layers/tailor/tailor/catalog.toml), and a test compares
the two: to change a fact, change it there and run `python -m tailor_cli.models_page docs/models.md`. A fact that is not
listed is unknown. Prices are in US dollars and dated. An unknown price is never counted as 0: a run with one waits for
approval. If AWS's Price List can be read, it takes precedence over these prices; `tailor quote` and each run's quote
name the source of each price. `tailor models` shows the same facts beside what your Region offers today.

Use a model's name in the recipe (`model: nova-lite`).
"""
KIND = {
    "documentation": "AWS documentation",
    "service-model": "service model",
    "sample": "AWS sample",
    "field-report": "field report",
    "operator": "operator",
    "price-list": "AWS Price List",
}


def page() -> str:
    """Return the page as Markdown."""
    parts = [INTRODUCTION, _overview(catalog.models())]
    parts += ["\n".join(_model(model)) for model in catalog.models()]
    parts += [_quotas(), _sources()]
    return "\n".join(parts)


def _overview(models: Iterable[Model]) -> str:
    rows = [
        [
            f"[`{model.name}`](#{model.name})",
            ", ".join(model.methods) or "none",
            ", ".join(model.regions) or "none",
            ", ".join(model.hosting.kinds) or "not",
            _dated(model),
        ]
        for model in models
    ]
    return _table(["name", "methods", "customized in", "served", "lifecycle"], rows)


def _dated(model: Model) -> str:
    end = model.lifecycle.end_of_life
    return f"{model.lifecycle.status} ({end})" if end else model.lifecycle.status


def _model(model: Model) -> Iterator[str]:
    yield f"## {model.name}\n\n{model.title}.\n"
    facts = [
        ["id for training", f"`{model.training_id}`", _link(model.source)],
        [
            "id for calls",
            "; ".join(f"`{name}` {where} {regions}".rstrip() for name, where, regions in called(model)),
            _link(model.invocation.source),
        ],
        ["served", ", ".join(model.hosting.kinds) or "not", _link(model.hosting.source)],
        ["lifecycle", ". ".join(filter(None, [_dated(model), model.lifecycle.note])), _link(model.lifecycle.source)],
    ]
    if model.answers:
        facts.append(["longest answer", f"{model.answers.tokens:,} tokens", _link(model.answers.source)])
    if model.reserved_words and model.methods:
        source = next(iter(model.methods.values())).limits.source
        facts.append(["reserved words", " ".join(f"`{word!r}`" for word in model.reserved_words), _link(source)])
    yield _table(["fact", "value", "source"], facts)
    for method, known in model.methods.items():
        yield f"### {model.name}: {method}\n"
        yield _table(["limit", "value"], list(_limits(known, known.limits)))
        note = f" {known.note}." if known.note else ""
        yield f"Sources: {_link(known.source)}, {_link(known.limits.source)}.{note}\n"
        if known.hyperparameters and known.hyperparameters_source:
            rows = [
                [
                    f"`{name}`",
                    f"`{item.bedrock}`",
                    ", ".join(item.choices) or f"{_end(item.minimum)} to {_end(item.maximum)}",
                    f"{item.default:g}" if isinstance(item.default, float) else str(item.default),
                ]
                for name, item in known.hyperparameters.items()
            ]
            yield _table(["hyperparameter", "in the API", "range", "default"], rows)
            yield f"Source: {_link(known.hyperparameters_source)}.\n"
    if model.prices:
        rows = [
            [
                price.item,
                f"${price.amount:f} per {price.unit}" if price.amount is not None else "unknown",
                price.region,
                f"{price.as_of}",
                KIND[price.source.kind],
            ]
            for price in model.prices
        ]
        yield _table(["price", "amount", "Region", "as of", "source"], rows)
    if model.observed:
        rows = [
            [bill.item, f"about ${bill.amount:f}", f"{bill.rows:,}", f"{bill.epochs}", f"{bill.as_of}", bill.region]
            for bill in model.observed
        ]
        yield "What others paid, with an image in each row: a bound for similar datasets, not a price.\n"
        yield _table(["for", "bill", "rows", "epochs", "of", "Region"], rows)


def _limits(facts: MethodFacts, limits: Limits) -> Iterator[list[str]]:
    yield ["record", f"`{facts.record}`" + ("" if facts.multi_turn else ", one question and one answer")]
    yield ["rows", f"{limits.min_rows:,} to {limits.max_rows:,}; {limits.recommended_rows:,} or more are recommended"]
    yield ["validation set", "yes" if facts.takes_validation_set else "no"]
    yield ["tokens per row", f"{limits.context_tokens:,}"]
    if limits.images_per_example:
        yield ["images per row", f"{limits.images_per_example}: {', '.join(limits.image_formats)}"]
    if limits.image_bytes:
        yield ["an image", f"at most {limits.image_bytes / 2**20:g} MiB, {_end(limits.image_max_side)} pixels a side"]
    if limits.videos_per_example:
        yield ["videos per row", f"{limits.videos_per_example}: {', '.join(limits.video_formats)}"]
    if limits.video_bytes:
        yield ["a video", f"at most {limits.video_bytes / 2**20:g} MiB, {_end(limits.video_seconds)} seconds"]
    if limits.line_bytes:
        yield ["a line", f"at most {limits.line_bytes:,} bytes"]
    if limits.file_bytes:
        yield ["the file", f"at most {limits.file_bytes / 2**30:g} GiB"]
    if facts.teachers:
        yield ["teachers", ", ".join(f"`{teacher}`" for teacher in facts.teachers)]


def _quotas() -> str:
    quotas = catalog.quotas()
    values = quotas.model_dump(exclude={"source"})
    rows = [[name.replace("_", " "), f"{value:,}"] for name, value in values.items()]
    return f"## Quotas of an account\n\n{_table(['quota', 'default'], rows)}\nSource: {_link(quotas.source)}.\n"


def _sources() -> str:
    found: dict[str, Source] = {}
    for model in catalog.models():
        sources = [
            model.source,
            model.invocation.source,
            model.tokens.source,
            *([model.answers.source] if model.answers else []),
        ]
        sources += [*(price.source for price in model.prices), *(bill.source for bill in model.observed)]
        sources += [facts.source for facts in model.methods.values()]
        found |= {source.url: source for source in sources}
    rows = [[f"<{url}>", KIND[source.kind], f"{source.checked}"] for url, source in sorted(found.items())]
    return f"## Sources\n\n{_table(['page', 'kind', 'read on'], rows)}"


def _link(source: Source) -> str:
    name = source.url.rstrip("/").rpartition("/")[2].removesuffix(".html") or source.url
    return f"[{name}]({source.url})"


def _end(value: float | None) -> str:
    return "any" if value is None else f"{value:g}"


def _table(titles: list[str], rows: Iterable[list[str]]) -> str:
    lines = [f"| {' | '.join(titles)} |", f"|{'---|' * len(titles)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), "utf-8")
