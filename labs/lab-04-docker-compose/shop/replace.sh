#!/bin/sh
# Replaces the containers of a service without a moment in which none is there: sh replace.sh web
set -e
service=$1
docker compose build -q "$service"
old=$(docker compose ps -q "$service")
count=$(echo "$old" | wc -l)
docker compose up -d --no-deps --no-recreate --wait --scale "$service=$((2 * count))" "$service"
names() { for _ in $(seq $((4 * count))); do curl -s -o /dev/null -D - localhost:8080 | grep -i '^x-served-by'; done | sort -u; }
tries=30
until [ "$(names | wc -l)" -ge $((2 * count)) ]; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || { echo "The proxy does not find the new ones. The old ones stay." >&2; exit 1; }
    sleep 1
done
# shellcheck disable=SC2086
docker stop $old
# shellcheck disable=SC2086
docker rm $old
