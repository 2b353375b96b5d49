"""What a page can claim of an image: one file a claim."""
