"""The skeleton of pages for people: one file that loads nothing from elsewhere and runs no script."""

from html import escape

from tailor.printable import one_line, printable

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def page(title: str, style: str, body: str) -> str:
    """Return a whole page.

    Args:
        title: text; it is escaped here.
        style: CSS.
        body: HTML, in which what comes from elsewhere is escaped already.
    """
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>{escape(one_line(title))}</title><style>{style}</style></head><body><main>{printable(body)}</main></body></html>\n"
    )
