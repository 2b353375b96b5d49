"""Who asks: the command line, pytest, the preview, and what they print."""
