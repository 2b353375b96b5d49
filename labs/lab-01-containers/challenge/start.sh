#!/bin/sh
# Starts the store, then the shop that asks it.
set -e
cd "$(dirname "$0")"
docker network inspect counting >/dev/null 2>&1 || docker network create counting

shared="--detach --init --network counting --restart unless-stopped --memory 64m"
# shellcheck disable=SC2086
docker run $shared --name store -v numbers:/data -v "$PWD/store.py:/store.py:ro" \
    python:3.13-slim-trixie python /store.py
# shellcheck disable=SC2086
docker run $shared --name web -e STORE=http://store:9000 -p 127.0.0.1:8080:8000 -v "$PWD/web.py:/web.py:ro" \
    python:3.13-slim-trixie python /web.py
