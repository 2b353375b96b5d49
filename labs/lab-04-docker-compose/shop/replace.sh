#!/bin/sh
# Replaces the containers of a service without a moment in which none is there: sh replace.sh web
set -e
service=$1
docker compose build -q "$service"
old=$(docker compose ps -q "$service")
count=$(echo "$old" | wc -l)
docker compose up -d --no-deps --no-recreate --wait --scale "$service=$((2 * count))" "$service"
sleep 2 # The proxy finds the new ones.
# shellcheck disable=SC2086
docker stop $old
# shellcheck disable=SC2086
docker rm $old
