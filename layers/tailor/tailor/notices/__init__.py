"""Notices about runs: their texts, and the channels that send them."""
