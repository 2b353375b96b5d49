#!/bin/sh
# Starts node with what is not a command: an option, an unknown word, a file that cannot be executed.
set -e
case "$1" in
    -*) exec node "$@" ;;
esac
if ! command -v "$1" >/dev/null; then
    exec node "$@"
fi
if [ -f "$1" ] && [ ! -x "$1" ]; then
    exec node "$@"
fi
exec "$@"
