#!/bin/sh
# Replaces the containers of a service without a moment in which none is there: sh replace.sh web
set -e
service=$1
docker compose build -q "$service"
old=$(docker compose ps -q "$service")
count=$(echo "$old" | wc -l)
undo() {
    echo "$1 The new ones go, and the old ones stay." >&2
    docker compose ps --all --quiet "$service" | grep -vxF "$old" | xargs -r docker rm -f >/dev/null
    exit 1
}
docker compose up -d --no-deps --no-recreate --wait --wait-timeout 60 --scale "$service=$((2 * count))" "$service" || undo "They do not get healthy."
names() { for _ in $(seq $((4 * count))); do curl -s -o /dev/null -D - localhost:8080 | grep -i '^x-served-by'; done | sort -u; }
tries=30
until [ "$(names | wc -l)" -ge $((2 * count)) ]; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || undo "The proxy does not find them."
    sleep 1
done
# shellcheck disable=SC2086
docker stop $old
# shellcheck disable=SC2086
docker rm $old
