"""Walk a page as its reader would: read it, run it, check it, keep what was seen, publish it."""
