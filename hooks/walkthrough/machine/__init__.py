"""Where pages are walked: the Docker engine, its base images, and leaving it as it was."""
