"""The kinds of pins, one file each."""
