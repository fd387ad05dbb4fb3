"""Provide services about the account rather than models: AWS's Price List and Service Quotas, which the emulator
lacks."""

from tailor_local.account.front import SERVICES, Account

__all__ = ["SERVICES", "Account"]
