"""What people hear about a run, and by which channels."""
