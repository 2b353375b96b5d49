#!/bin/sh
# As the official image's, without its TLS and its older iptables: options, or nothing at all, are for the engine.
set -eu
if [ "$#" -eq 0 ] || [ "${1#-}" != "$1" ]; then
    set -- dockerd --host=unix:///var/run/docker.sock "$@"
fi
if [ "$1" = dockerd ]; then
    # An engine that was killed leaves these behind, and the next one would not start.
    find /run -iname 'docker*.pid' -delete
    # dind opens control groups of version 2 for containers in this one; init takes over the processes they leave.
    set -- dind docker-init -- "$@"
fi
exec "$@"
