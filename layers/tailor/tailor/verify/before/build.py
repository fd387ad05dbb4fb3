"""Check that the build is for one processor and small enough for Lambda."""

from typing import Any

from tailor.verify.answer import CannotCheckError
from tailor.verify.check import Check
from tailor.verify.world import World


def _built(world: World) -> dict[str, Any]:
    if world.build is None:
        raise CannotCheckError("nothing is built: sam build, in a checkout of Tailor")
    most = world.call("lambda", "get_account_settings").needed()["AccountLimit"]["CodeSizeUnzipped"]
    sizes = world.build.sizes()
    largest = max(sizes, key=lambda name: sizes[name])
    return {
        "processors": world.build.processors(),
        "largest": largest,
        "MB of the largest": round(sizes[largest] / 2**20),
        "too large": sorted(name for name, size in sizes.items() if size > most),
    }


CHECKS = (
    Check(
        id="build-fits",
        assumption="The build contains machine code for one processor only, and no function with its layers is "
        "larger than this account's Lambda accepts.",
        source="https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html",
        when="before deploying",
        expected={"processors": {"one of": [["arm64"], ["x86_64"]]}, "too large": []},
        look=_built,
        permissions=("lambda:GetAccountSettings",),
        varies=frozenset({"processors", "largest", "MB of the largest"}),
    ),
)
