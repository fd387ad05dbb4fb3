"""What each customization method measures besides the gate's comparison: one module each."""
