#!/bin/sh
# Crashes services of the shop under load, and looks whether every order that was taken is packed: sh verify.sh [SERVICE...]
cd "$(dirname "$0")" || exit 2
export COMPOSE_FILE=compose.yaml:compose.production.yaml
failed=0

send() { # send N: as many orders, one after the other; prints the numbers of those that were taken
    for order in $(seq "$1"); do
        curl -s --max-time 5 -d "order $order" localhost:8080 | sed -n 's/^order \([0-9]*\) is taken$/\1/p'
    done
}

crash() { sudo kill -9 "$(docker inspect --format '{{.State.Pid}}' "$(docker compose ps -q "$1" | head -n 1)")"; }

within() { # within SECONDS COMMAND...: whether the command succeeds in that time
    end=$(($(date +%s) + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$(date +%s)" -lt "$end" ] || return 1
        sleep 1
    done
}

running() { docker compose ps -q --status running | grep -c .; }
back() { [ "$(running)" -ge "$all" ] && curl -s --fail --max-time 5 localhost:8080; }

packed() {
    list=$(tr '\n' ',' <taken.txt)0
    left=$(docker compose exec -T db psql -U shop -At \
        -c "SELECT count(*) FROM orders WHERE id IN ($list) AND packed_by IS NOT NULL")
    [ "$left" = "$(wc -l <taken.txt)" ]
}

of() { # of SERVICE TERM: the term for each network of the service, which is $name and $network in it
    format="{{range \$name, \$network := .NetworkSettings.Networks}}{{println $2}}{{end}}"
    docker inspect --format "$format" "$(docker compose ps -q "$1" | head -n 1)" | grep .
}

apart() { [ -z "$(docker port "$(docker compose ps -q db)")" ] && ! of db '$name' | grep -qxF "$(of proxy '$name')"; }

listens() { docker compose exec -T queue valkey-cli client list | grep -F "$(of worker '(printf " addr=%s:" $network.IPAddress)')"; }

docker compose down -v >/dev/null 2>&1
docker compose up -d --build --wait >/dev/null 2>&1 || { echo "It does not start. This says why: COMPOSE_FILE=$COMPOSE_FILE docker compose up -d --build --wait"; exit 2; }
all=$(running)
if ! apart; then
    echo "FAILS: the database is out of reach"
    echo "       no ports, and no network that the proxy is on"
    failed=1
fi
if ! within 10 listens; then
    echo "FAILS: the worker listens to the queue"
    echo "       it has no connection to the queue: brpop waits there for an order"
    failed=1
fi
for service in ${*:-worker queue web db proxy}; do
    within 20 back
    send 60 >taken.txt &
    sleep 0.5
    crash "$service" || { echo "There is no $service to crash: keep the names of the five."; exit 2; }
    wait
    if ! within 30 back; then
        echo "FAILS: $service comes back"
        echo "       a restart policy: restart: unless-stopped"
        failed=1
        docker compose up -d --wait >/dev/null 2>&1
    elif [ "$(wc -l <taken.txt)" = 0 ] || ! within 30 packed; then
        echo "FAILS: all that was taken is packed, although $service crashed"
        echo "       who knows of an order whose number is in no queue?"
        failed=1
    else
        echo "holds: $service crashed, and nothing was lost"
    fi
done
rm -f taken.txt
[ "$failed" = 0 ] && echo "All holds."
exit "$failed"
