"""Errors of the local cloud, each with the command line's exit code."""


class LocalCloudError(Exception):
    """The local cloud can't do what was asked; the message says why and what to do."""

    exit_code = 1


class PortBusyError(LocalCloudError):
    """Raised if another process listens on the port."""

    exit_code = 3


class AlreadyRunningError(LocalCloudError):
    """Raised if a local cloud of this repository is already running."""

    exit_code = 4


class DeployError(LocalCloudError):
    """Raised if `sam build` or `sam deploy` failed."""

    exit_code = 5
