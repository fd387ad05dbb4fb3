"""Numbers: metrics over answers, comparisons with intervals, slices, behaviour of the arms, training curves."""
