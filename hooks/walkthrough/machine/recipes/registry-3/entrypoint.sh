#!/bin/sh
# As the official image's: a file is a configuration to serve, "sh" a shell, and all else is for the registry.
set -eu
if [ -f "${1:-}" ]; then
    set -- serve "$@"
elif [ "${1:-}" = sh ]; then
    exec /bin/"$@"
fi
exec /bin/registry "$@"
