"""Check that Lambda has capacity for the template's functions, also in accounts with a small limit."""

from typing import Any

from tailor.verify.check import Check
from tailor.verify.world import World

LEAST_UNRESERVED = 10
"""Concurrent executions that Lambda keeps for functions without a reservation."""


def _room(world: World) -> dict[str, Any]:
    limits = world.call("lambda", "get_account_settings").needed()["AccountLimit"]
    reserved = world.checkout.reserved_concurrency if world.checkout else 0
    return {
        "limit": limits["ConcurrentExecutions"],
        "unreserved": limits["UnreservedConcurrentExecutions"],
        "reserved by the template": reserved,
        "left for others": limits["UnreservedConcurrentExecutions"] - reserved,
        "MB of code and layers, unpacked": limits["CodeSizeUnzipped"] // 2**20,
    }


CHECKS = (
    Check(
        id="function-concurrency",
        assumption="The account allows concurrent functions: at least 10 executions are left for those that "
        "reserve none, as Lambda demands, and a function with its layers may have 250 MB.",
        source="https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html; field reports of new "
        "accounts with a limit of 10",
        when="before deploying",
        expected={"left for others": {"at least": LEAST_UNRESERVED}, "MB of code and layers, unpacked": 250},
        look=_room,
        permissions=("lambda:GetAccountSettings",),
        varies=frozenset({"limit", "unreserved", "reserved by the template", "left for others"}),
    ),
)
