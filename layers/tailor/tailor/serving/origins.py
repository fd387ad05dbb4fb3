"""Cross-origin requests: which web pages may call the API from a browser, and what they may read of its answers.

A browser asks first, by OPTIONS and without a key, and hides an answer that does not name the page's origin. API
Gateway's own errors are in the template: they name no page, but hold nothing that a page must not read.
"""

import re

METHODS = "GET, HEAD, POST, DELETE"
EXPOSED = (
    "retry-after",
    "x-ratelimit-limit-requests",
    "x-ratelimit-limit-tokens",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-requests",
    "x-ratelimit-reset-tokens",
    "x-request-id",
    "x-should-retry",
    "x-tailor-fallback",
    "x-tailor-ignored",
    "x-tailor-version",
)
ANY = "*"
# Browsers ask again after this time; two hours is the most that Chromium keeps an answer.
_MAX_AGE = 7200
_HEADER_NAMES = re.compile(r"[\w-]+(?: *, *[\w-]+)*", re.ASCII)
_LONGEST = 2000


class AllowedOrigins:
    """Origins that may call the API: ``https://app.example,https://other.example``, ``*`` for all, empty for none."""

    def __init__(self, text: str = "") -> None:
        self._origins = frozenset(origin.strip().rstrip("/").lower() for origin in text.split(",") if origin.strip())

    def headers(self, origin: str | None) -> dict[str, str]:
        """Return what an answer to a page of ``origin`` needs, so that the page may read it."""
        if not self._origins:
            return {}
        # An answer differs by origin even where it allows none, which caches must know.
        if not self._allows(origin):
            return {"vary": "Origin"}
        exposed = {"access-control-expose-headers": ", ".join(EXPOSED)}
        return {"access-control-allow-origin": str(origin), "vary": "Origin"} | exposed

    def preflight(self, origin: str | None, wanted: str | None) -> dict[str, str]:
        """Return the headers of an answer to a browser's question; ``wanted`` are the headers that it will send."""
        headers = self.headers(origin)
        if "access-control-allow-origin" not in headers:
            return headers
        headers |= {"access-control-allow-methods": METHODS, "access-control-max-age": str(_MAX_AGE)}
        # Client libraries send headers of their own, and no header is trusted here: each that is asked for may come.
        if wanted and len(wanted) <= _LONGEST and _HEADER_NAMES.fullmatch(wanted.strip()):
            headers["access-control-allow-headers"] = wanted.strip()
        return headers

    def _allows(self, origin: str | None) -> bool:
        return bool(origin) and (ANY in self._origins or str(origin).lower() in self._origins)
