"""Read AWS's Price List, a service in a few Regions with the prices of all."""

from typing import Any

from tailor.aws.clients import client
from tailor.aws.failures import translated
from tailor.training.price_list import request

REGION = "us-east-1"
"""One of the service's three Regions (besides eu-central-1 and ap-south-1)."""
# A quote must not wait for a service that can't be reached: the catalogue has prices too.
CONNECT, READ, ATTEMPTS = 2.0, 4.0, 2


class PriceList:
    """Implements :class:`tailor.training.price_list.Listing`."""

    def products(self, usage_type: str) -> list[str]:
        """Return Amazon Bedrock's entries of one usage type. Raises tailor.errors."""
        with translated("asking for prices"):
            pricing: Any = client("pricing", READ, ATTEMPTS, region=REGION, connect_timeout=CONNECT)
            return list(pricing.get_products(**request(usage_type))["PriceList"])
