"""Metrics of CloudWatch, written to the log (EMF): a metric bills only for the hours in which it has values."""

from aws_lambda_powertools.metrics import MetricUnit, single_metric


def measure(name: str, unit: MetricUnit, value: float, **dimensions: str) -> None:
    """Write one value, with the stack (``service``) and ``dimensions`` as its dimensions."""
    with single_metric(name=name, unit=unit, value=value) as metric:
        for dimension, text in dimensions.items():
            metric.add_dimension(dimension, text)
