"""Train a custom model from a prepared dataset: advice, quote, approval, preflight, the job's request, its progress."""
