"""What a page says: its fences, its steps, what is wrong with it. Needs no engine and no site generator."""
