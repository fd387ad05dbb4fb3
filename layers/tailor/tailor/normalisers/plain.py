"""Normalise languages without a normaliser of their own."""

from tailor.normalisers.base import COMMON, build

PLAIN = build("plain-norm:v2", COMMON)
