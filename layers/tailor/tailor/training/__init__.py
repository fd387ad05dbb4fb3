"""From a prepared dataset to a custom model: advice, quote, approval, preflight, the job's request, its progress."""
