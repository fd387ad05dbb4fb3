"""Errors of the local cloud, each with the command line's exit code."""


class LocalCloudError(Exception):
    """The local cloud can't do what was asked; the message says why and what to do."""

    exit_code = 1


class PortBusyError(LocalCloudError):
    """Another process listens on the port."""

    exit_code = 3


class AlreadyRunningError(LocalCloudError):
    """A local cloud of this repository runs already."""

    exit_code = 4


class DeployError(LocalCloudError):
    """`sam build` or `sam deploy` failed."""

    exit_code = 5
