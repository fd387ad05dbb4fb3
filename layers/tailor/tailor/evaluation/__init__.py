"""Is the custom model really better? Metrics, statistics, the gate and the report.

Nothing here talks to AWS: models are asked through :class:`tailor.evaluation.ask.Asker`.
"""
