"""Measures that a customization method adds to the gate's comparison, a module for each method."""
