"""Walking a page: its workspace, its shell, its steps, its measurements."""
