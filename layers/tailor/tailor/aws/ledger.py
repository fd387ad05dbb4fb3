"""Store what runs may cost in a month, in the table that :mod:`tailor.aws.serving` describes."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from tailor.aws.items import storable
from tailor.aws.keys import KeyTable
from tailor.aws.serving import KEEP_USAGE
from tailor.training.spending import Booking


class LedgerTable(KeyTable):
    """Implements Ledger. Raises tailor.errors."""

    def bookings(self, month: str) -> list[Booking]:
        items = self._table.query("pk = :month", {":month": f"SPEND#{month}"}, f"reading what is booked for {month}")
        return [
            Booking(item["sk"], item["project"], Decimal(item["amount"]), bool(item.get("settled"))) for item in items
        ]

    def book(self, month: str, booking: Booking) -> None:
        first = date.fromisoformat(f"{month}-01")
        ends = datetime(first.year, first.month, first.day, tzinfo=UTC) + KEEP_USAGE
        item: dict[str, Any] = {
            "pk": f"SPEND#{month}",
            "sk": booking.run,
            "project": booking.project,
            "amount": storable(str(booking.amount)),
            "settled": booking.settled,
            "expiration": int(ends.timestamp()),
        }
        self._table.put(item, f"booking what run {booking.run} may cost")

    def take_back(self, month: str, run: str) -> None:
        self._table.delete([{"pk": f"SPEND#{month}", "sk": run}], f"taking back what was booked for run {run}")
