"""Pages of a list by the id of the last entry before: ``after``."""

from collections.abc import Callable, Sequence

from tailor.serving.errors import ApiError


def page_of[T](
    found: Sequence[T], after: str | None, limit: int, id_of: Callable[[T], str]
) -> tuple[Sequence[T], bool]:
    """Return the entries behind the one named ``after``, and whether more follow. Raises ApiError 400 without it."""
    begin = 0
    if after is not None:
        begin = next((place for place, each in enumerate(found, start=1) if id_of(each) == after), -1)
        if begin < 0:
            message = "after: this list has no such entry; give the last_id of the page before, with the same filters"
            raise ApiError(400, message, code="invalid_value", param="after")
    return found[begin : begin + limit], begin + limit < len(found)
