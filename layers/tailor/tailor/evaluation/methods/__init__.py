"""Measure what a customization method adds to the gate's comparison, in a module for each method."""
