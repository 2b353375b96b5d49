"""What an image is, read from its own archive: sizes, configuration, files, packages."""
