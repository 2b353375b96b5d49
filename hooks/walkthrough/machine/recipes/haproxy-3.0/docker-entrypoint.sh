#!/bin/sh
# Starts the proxy in the foreground, with a master that passes signals on to those that work.
set -e
[ "${1#-}" = "${1:-}" ] || set -- haproxy "$@"
if [ "$1" = haproxy ]; then
    shift
    set -- haproxy -W -db "$@"
fi
exec "$@"
