"""The template's parameters: which ones are asked for, and which values they accept."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tailor.errors import InvalidInputError

ASKED: Final = {
    "NotificationEmail": "E-mail address that gets every notice about runs",
    "AlarmEmail": "E-mail address that gets alarms about Tailor itself",
    "WebhooksSecretArn": "ARN of a secret with a Slack or webhook address (docs/notifications.md)",
    "BudgetLimit": "US dollars that one run may cost without a person's approval",
    "Environment": "Name of this deployment, part of the API's address: prod, dev, …",
}
"""The parameters that matter to nearly everybody, in the order of the questions. docs/deploy.md lists all."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the template. ``rules`` are as CloudFormation knows them: AllowedPattern, MinValue, …"""

    name: str
    default: str
    rules: Mapping[str, Any] = field(default_factory=dict)

    def check(self, value: str) -> str:
        """Return the value. Raises InvalidInputError if CloudFormation would refuse it, before anything is built."""
        if "\\" in value or (value[:1] in ("'", '"') and value[:1] == value[-1:]):
            raise self._refused(
                value, "a value without a backslash and without quotation marks around it"
            )  # SAM's rule
        allowed = [str(each) for each in self.rules.get("AllowedValues", [])]
        if allowed and value not in allowed:
            raise self._refused(value, f"one of {', '.join(allowed)}")
        if not re.fullmatch(self.rules.get("AllowedPattern", ".*"), value, re.DOTALL):
            raise self._refused(value, self.rules.get("ConstraintDescription", ""))
        if len(value) > self.rules.get("MaxLength", len(value)):
            raise self._refused(value, f"at most {self.rules['MaxLength']} characters")
        if self.rules.get("Type") == "Number":
            self._check_number(value)
        return value

    def _check_number(self, value: str) -> None:
        least, most = self.rules.get("MinValue"), self.rules.get("MaxValue")
        wanted = " and ".join(
            [*([f"at least {least}"] if least is not None else []), *([f"at most {most}"] if most is not None else [])]
        )
        try:
            number = float(value)
        except ValueError:
            raise self._refused(value, f"a number {wanted}".rstrip()) from None
        if (least is not None and number < least) or (most is not None and number > most):
            raise self._refused(value, wanted)

    def _refused(self, value: str, wanted: str) -> InvalidInputError:
        return InvalidInputError(f"{self.name} can't be {value!r}", hint=f"give {wanted}" if wanted else "")


def parameters_of(template: Mapping[str, Any]) -> dict[str, Parameter]:
    """Return the template's parameters by name, without the one that decides what is built."""
    return {
        name: Parameter(name, str(rules.get("Default", "")), rules)
        for name, rules in template["Parameters"].items()
        if name != "Architecture"
    }


def read_settings(settings: list[str], known: Mapping[str, Parameter]) -> dict[str, str]:
    """Parse ``--set NAME=VALUE`` options. Raises InvalidInputError for an unknown name or a wrong value."""
    found = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or name not in known:
            problem = "has no =" if not equals else f"names no parameter of template.yaml: {name}"
            raise InvalidInputError(f"--set {setting} {problem}", hint=f"parameters: {', '.join(sorted(known))}")
        found[name] = known[name].check(value)
    return found
