#!/bin/sh
# Starts the server as the user valkey, with protected mode off: in a container, whoever asks comes from outside.
set -e
case ${1:-} in
    -* | *.conf) set -- valkey-server "$@" ;;
esac
if [ "$1" = valkey-server ] && [ "$(id -u)" = 0 ]; then
    find . \! -user valkey -exec chown valkey '{}' +
    exec setpriv --reuid=valkey --regid=valkey --clear-groups -- "$0" "$@"
fi
if [ "$1" = valkey-server ]; then
    shift
    set -- valkey-server "$@" --protected-mode no
fi
exec "$@"
