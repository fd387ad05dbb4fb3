"""Check whether an AWS account behaves as Tailor assumes: small checks, each with its assumption, and a file of
results.

- :mod:`~tailor.verify.check`: what a check is, and how what it observed is compared with what is assumed.
- :mod:`~tailor.verify.world`: what a check is given: AWS, the checkout, the stack, names for what it makes.
- :mod:`~tailor.verify.before`: free, before anything is deployed. :mod:`~tailor.verify.after`: on a deployed stack.
  :mod:`~tailor.verify.asked`: with a real training, only when asked.
- :mod:`~tailor.verify.running`: runs checks one after another. :mod:`~tailor.verify.cleaning` removes what they made.
- :mod:`~tailor.verify.record`: the file, and :mod:`~tailor.verify.redact`, which keeps out of it whose account it was.
- :mod:`~tailor.verify.replay`: where another cloud, such as the local one, differs from such a file.

To add a check, write a module with its function and its :class:`~tailor.verify.check.Check`, and list it below.
"""

from tailor.verify import after, asked, before, cleaning
from tailor.verify.after import leftovers
from tailor.verify.check import Check
from tailor.verify.cleaning import Cleaner

CHECKS: tuple[Check, ...] = (*before.CHECKS, *after.CHECKS, *asked.CHECKS)
"""All checks, in the order in which they run. Their ids are stable: files are compared by them."""

CLEANERS: tuple[Cleaner, ...] = (cleaning.RULES, *leftovers.CLEANERS)
"""Functions that remove the resources that checks create."""
