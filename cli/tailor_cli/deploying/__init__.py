"""What `tailor deploy` is made of: parameters of the template, remembered answers, the target account, and SAM."""
