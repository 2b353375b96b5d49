#!/bin/sh
# Starts the command. The official entrypoint copies reference files to the settings folder first, where there are any.
exec "$@"
