"""The normaliser of languages that have none of their own."""

from tailor.normalisers.base import COMMON, build

PLAIN = build("plain-norm:v2", COMMON)
