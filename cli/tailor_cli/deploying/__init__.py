"""The parts of `tailor deploy`: the template's parameters, remembered answers, the target account, and SAM."""
