#!/bin/sh
# As the official image's, without its TLS and its older iptables: options, or nothing at all, are for the engine.
set -eu
if [ "$#" -eq 0 ] || [ "${1#-}" != "$1" ]; then
    set -- dockerd --host=unix:///var/run/docker.sock "$@"
fi
if [ "$1" = dockerd ]; then
    # An engine that was killed leaves these behind, and the next one would not start.
    find /run -iname 'docker*.pid' -delete
    # init takes over the processes that containers leave.
    set -- docker-init -- "$@"
fi
exec "$@"
