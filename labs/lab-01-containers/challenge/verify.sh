#!/bin/sh
# Checks the two containers of the challenge: sh verify.sh
cd "$(dirname "$0")" || exit 2
[ -f start.sh ] || { echo "There is no start.sh here yet. Write it first."; exit 2; }
failed=0
works=0

holds() { # holds WHAT HINT COMMAND...: say whether the command succeeds
    what=$1 hint=$2
    shift 2
    if "$@" >/dev/null 2>&1; then
        echo "holds: $what"
        return 0
    fi
    echo "FAILS: $what"
    echo "       $hint"
    failed=1
    return 1
}

begin() { docker rm --force web store >/dev/null 2>&1; bash ./start.sh >/dev/null; }
look() { docker inspect --format "$2" "$1"; }
visit() { curl -s --retry 8 --retry-delay 1 --retry-all-errors --max-time 10 localhost:8080 | grep -o '[0-9]*'; }
both() { # both COMMAND: whether it succeeds for each; it is run for both in any case
    all=0
    for name in web store; do "$1" "$name" || all=1; done
    return "$all"
}

networks() { look "$1" '{{range $name, $_ := .NetworkSettings.Networks}}{{println $name}}{{end}}' | grep .; }
on_network() { networks "$1" | grep -qx counting; }
mine_only() { docker port web | grep . && ! docker port web | grep -v -e ' 127\.0\.0\.1:8080$' -e ' \[::1\]:8080$'; }
hidden() { ports=$(docker port store) && [ -z "$ports" ] && [ "$(networks store)" = counting ]; }
counts() { first=$(visit) && second=$(visit) && [ "$second" -eq $((first + 1)) ]; }
survives() { before=$(visit) && begin && after=$(visit) && [ "$after" -eq $((before + 1)) ]; }
policy() { look "$1" '{{with .HostConfig.RestartPolicy}}{{.Name}} {{.MaximumRetryCount}}{{end}}' | grep -Eqx '(unless-stopped|always|on-failure) 0'; }
returns() { curl -s localhost:8080/crash; visit && [ "$(look web '{{.RestartCount}}')" -ge 1 ]; }
limited() { bytes=$(look "$1" '{{.HostConfig.Memory}}') && [ "$bytes" -gt 0 ] && [ "$bytes" -le 67108864 ]; }
programs() { # programs NAME WRITABLE: those in a folder or file that the container was given with RW=WRITABLE
    for place in $(look "$1" "{{range .Mounts}}{{if eq .RW $2}}{{println .Destination}}{{end}}{{end}}"); do
        docker run --rm --volumes-from "$1:ro" python:3.13-slim-trixie find "$place" -name '*.py'
    done | grep .
}
read_only() { programs "$1" false && ! programs "$1" true; }
quick() { docker stop -t 5 "$1" && [ "$(look "$1" '{{.State.ExitCode}}')" -ne 137 ]; }
stays_down() { sleep 2; [ "$(look "$1" '{{.State.Status}}')" = exited ]; }

begin
holds "both are on the network counting" "docker network create counting; --network counting" both on_network
holds "only this machine reaches web, on port 8080" "-p 127.0.0.1:8080:8000" mine_only
holds "only web reaches store" "store needs no -p, and no network but counting" hidden
holds "it counts" "docker logs web: does STORE name the store, with its port?" counts && works=1
[ "$works" = 0 ] || holds "the number survives both containers" "mount a volume where store.py writes: /data" survives
holds "both are restarted" "--restart unless-stopped" both policy && [ "$works" = 1 ] &&
    holds "web comes back after a crash" "docker logs web; docker inspect web" returns
holds "both have a limit of memory" "--memory 64m" both limited
holds "both see their program read only" "-v \"\$PWD/web.py:/web.py:ro\"" both read_only
holds "both stop in time" "process 1 ignores SIGTERM: --init" both quick
holds "both stay down then" "a policy of Docker, not a loop of your own" both stays_down
[ "$failed" = 0 ] && echo "All holds."
exit "$failed"
