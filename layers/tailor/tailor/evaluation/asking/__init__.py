"""Ask the arms at the pace that models allow, keep each answer, and go on where an earlier call stopped."""
