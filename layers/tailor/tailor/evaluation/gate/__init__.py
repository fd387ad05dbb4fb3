"""The decision: passed, failed or inconclusive, with what guards it and what a judge thinks of it."""
