"""From a prepared dataset to a custom model: advice, quote, approval, preflight, the job's request, following it."""
