"""report.html: the report for people, one page without anything from elsewhere."""

from html import escape

from tailor.datasets.report import Report


def render(report: Report) -> str:
    rows = "".join(
        f"<tr><td>{escape(row['severity'])}</td><td><code>{escape(row['code'])}</code></td><td>{row['count']}</td></tr>"
        for row in report.by_code
    )
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Dataset report</title>"
        f"<h1>{escape(report.headline)}</h1><table>{rows}</table></html>"
    )
