#!/bin/sh
# Checks images against what the pages of this lab claim of them.
#
#   ./check                   every image of the lab
#   ./check NAME              one of them: {{ names }}
#   ./check NAME IMAGE        one of them, where yours is called IMAGE
#
# It needs Docker, and curl for what is asked over HTTP. It looks at the image and at what a container of it does, not at
# how you made it. It is written from the pages' own checks, less those on your sources, memory, and parts of a second.
set -u

held=0
failed=0
image=''
flags=''
container=''
port=''
tab=$(printf '\t')
# What Docker itself puts into every container.
dockers="$tab/((\.dockerenv|dev|proc|sys|etc|etc/(hostname|hosts|mtab|resolv\.conf))$tab|dev/)"
work=$(mktemp -d) || exit 2

remove() {
    [ -z "$container" ] || docker rm --force --volumes "$container" >/dev/null 2>&1
    container=''
}
trap 'remove; rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

good() {
    held=$((held + 1))
    printf '  ok    %s\n' "$1"
}

bad() {
    failed=$((failed + 1))
    printf '  FAIL  %s\n        %s\n' "$1" "$2"
}

setting() { docker image inspect --format "$1" "$image"; }

state() { docker container inspect --format "$1" "$container" 2>/dev/null; }

pause() { sleep 0.2 2>/dev/null || sleep 1; }

bytes() { awk -v n="$1" 'BEGIN { split("B kB MB GB", unit); i = 1; while (n >= 1000 && i < 4) { n /= 1000; i++ }
    printf i == 1 ? "%d %s" : "%.2f %s", n, unit[i] }'; }

# Looks at an image: its layers and the paths in it.
begin() {
    image=$1
    case ${image##*/} in
        *:* | *@*) ;;
        *) image=$image:latest ;; # without a tag, "docker save" means all of them
    esac
    flags=''
    patience=30
    printf '%s\n' "$1"
    if ! docker image inspect "$image" >/dev/null 2>&1; then
        bad "there is an image $1" "build it as its page says: $2"
        return 1
    fi
    docker history --human=false --no-trunc --format {% raw %}'{{.Size}} {{.CreatedBy}}'{% endraw %} "$image" | sort -rn >"$work/layers"
    container=$(docker create "$image" x)
    # Of each path its mode, its name and, of a link, its target. What tar prints before a name ends with a time or a year.
    docker export "$container" | tar -tvf - | awk '
        match($0, / ([0-9][0-9]:[0-9][0-9](:[0-9][0-9])?|[A-Z][a-z][a-z] +[0-9]+ +[0-9][0-9][0-9][0-9]) /) {
            name = substr($0, RSTART + RLENGTH)
            target = ""
            if (/^l/ && (at = index(name, " -> "))) {
                target = substr(name, at + 4)
                name = substr(name, 1, at - 1)
            }
            sub(/ link to .*/, "", name)
            sub(/^\.?\//, "", name)
            sub(/\/$/, "", name)
            print $1 "\t/" name "\t" target
        }' | grep -Ev "$dockers" >"$work/files"
    remove
}

# Follows the links among a path's folders, as the kernel does: where /bin leads to /usr/bin, /bin/sh is /usr/bin/sh.
real() {
    awk -F '\t' -v path="$1" '
        $3 != "" { leads[$2] = $3 }
        END {
            for (hops = 0; hops < 40; hops++) {
                count = split(path, part, "/")
                folder = ""
                for (i = 2; i < count; i++) {
                    above = folder
                    folder = folder "/" part[i]
                    if (folder in leads) break
                }
                if (i >= count) break
                to = leads[folder]
                path = (to ~ /^\// ? to : above "/" to) substr(path, length(folder) + 1)
                while (sub(/\/[^\/]+\/\.\.\//, "/", path)) continue
            }
            print path
        }' "$work/files"
}

size() {
    measured=$(awk '{ sum += $1 } END { printf "%d", sum }' "$work/layers")
    if [ "$measured" "-$1" "$2" ]; then
        good "size: $(bytes "$measured") (limit $(bytes "$2"))"
    else
        bad "size: $(bytes "$measured"), the limit is $(bytes "$2")" \
            "the largest layer is $(sed -n '1s/^\([0-9]*\) .*/\1/p' "$work/layers") bytes: $(sed -n '1s/^[0-9]* //p' "$work/layers" | cut -c 1-90)"
    fi
}

compressed() {
    measured=$(docker save "$image" | gzip -6 | wc -c)
    if [ "$measured" "-$1" "$2" ]; then
        good "download: about $(bytes "$measured") (limit $(bytes "$2"))"
    else
        bad "download: about $(bytes "$measured"), the limit is $(bytes "$2")" "see what the largest files are: docker export"
    fi
}

user() {
    measured=$(setting {% raw %}'{{.Config.User}}'{% endraw %})
    case $measured in
        '' | 0 | root | 0:0 | root:root) root=yes ;;
        *) root=no ;;
    esac
    if [ "$1" = "$measured" ] || { [ "$1" = 'not root' ] && [ $root = no ]; } || { [ "$1" = root ] && [ $root = yes ]; }; then
        good "user: ${measured:-root}"
    elif [ $root = yes ]; then
        bad "user: root" "write a USER line with a number in the last stage, such as USER 65532:65532"
    else
        bad "user: $measured, not $1" "correct the USER line of the last stage"
    fi
}

exec_form() {
    command=$(setting {% raw %}'{{json .Config.Entrypoint}} {{json .Config.Cmd}}'{% endraw %})
    case $command in
        *'sh","-c"'*) bad "it starts in exec form" "a shell is started first ($command): write CMD as a JSON list" ;;
        'null null') bad "it starts in exec form" "the image has no command: write CMD or ENTRYPOINT" ;;
        *) good "it starts in exec form" ;;
    esac
}

ports() {
    measured=$(setting {% raw %}'{{range $port, $_ := .Config.ExposedPorts}}{{$port}} {{end}}'{% endraw %})
    measured=${measured% }
    if [ "$measured" = "$1" ]; then
        good "exposes $1"
    else
        bad "exposes ${measured:-no port}, not $1" "write EXPOSE ${1%%/*} in the last stage"
    fi
}

has() {
    awk -F '\t' -v path="$(real "$1")" '$2 == path || index($2, path "/") == 1 { found = 1 } END { exit !found }' "$work/files"
}

present() {
    if has "$1"; then
        good "has $1"
    else
        bad "has no $1" "copy it in the last stage"
    fi
}

absent() {
    if has "$1"; then
        bad "has $1" "it came with the base image or with a COPY of a whole folder: copy only what the program needs"
    else
        good "has no $1"
    fi
}

no_packages() {
    found=$(cut -f 2 "$work/files" | grep -E '{{ traces }}' | head -n 1)
    if [ -z "$found" ]; then
        good "has no package that a scanner could find"
    else
        bad "has packages: $found" "each can have known vulnerabilities: begin the last stage with FROM scratch"
    fi
}

# Counts the files that may be executed, libraries aside.
programs() {
    awk -F '\t' '$1 ~ /^-.*x/ && $2 !~ /\.so(\.[0-9.]+)?$/ { print $2 }' "$work/files" >"$work/programs"
    measured=$(($(wc -l <"$work/programs")))
    if [ "$measured" "-$1" "$2" ]; then
        good "programs: $measured (limit $2)"
    else
        bad "programs: $measured, the limit is $2" \
            "whoever breaks in can run them, such as $(head -n 3 "$work/programs" | paste -s -d ' ' -): copy only what runs"
    fi
}

# Starts a container; remembers the port at which the host reaches it.
start() {
    remove
    if ! container=$(docker run --detach --publish-all $flags "$image" 2>"$work/error"); then
        bad "it starts" "$(tail -n 1 "$work/error")"
        return 1
    fi
    port=$(docker port "$container" | sed -n '1s/.*://p')
}

fetch() {
    curl --silent --max-time 5 --output "$work/body" --write-out '%{http_code}' "http://127.0.0.1:$port$1" 2>/dev/null
}

# Waits until the server answers anything at all; says why it does not.
ready() {
    began=$(date +%s)
    while [ $(($(date +%s) - began)) -lt "$patience" ]; do
        [ -n "$port" ] && [ "$(fetch "${1:-/}")" != 000 ] && return 0
        if [ "$(state {% raw %}'{{.State.Running}}'{% endraw %})" != true ]; then
            bad "it goes on running" "it ended with exit code $(state {% raw %}'{{.State.ExitCode}}'{% endraw %}): $(docker logs "$container" 2>&1 | tail -n 1)"
            return 1
        fi
        [ -n "$port" ] || return 0
        pause
    done
    bad "it answers on port $port within $patience s" "does it listen on 0.0.0.0, and on the port that EXPOSE names?"
    patience=2 # The next one will hardly differ.
    return 1
}

answers() {
    if ! command -v curl >/dev/null; then
        printf '  -     GET %s: not asked, as there is no curl\n' "$1"
        return
    fi
    status=$(fetch "$1")
    if [ "$status" != "$2" ]; then
        bad "GET $1 answers $status, not $2" "look at its output: docker logs"
    elif [ -n "$3" ] && ! grep -Fq "$3" "$work/body"; then
        bad "GET $1 answers without \"$3\"" "it says: $(head -c 80 "$work/body")"
    else
        good "GET $1 answers $2"
    fi
}

healthy() {
    start || return
    began=$(date +%s)
    while :; do
        health=$(state {% raw %}'{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}'{% endraw %})
        took=$(($(date +%s) - began))
        case $health in
            healthy)
                good "becomes healthy ($took s)"
                return
                ;;
            none)
                bad "it has a health check" "write a HEALTHCHECK line; in an image without a shell, let the program check itself"
                return
                ;;
        esac
        if [ "$health" = unhealthy ] || [ "$took" -gt "$1" ]; then
            bad "becomes healthy within $1 s" \
                "the last probe said: $(state {% raw %}'{{range .State.Health.Log}}{{.ExitCode}} {{.Output}}{{println}}{{end}}'{% endraw %} | sed '/^$/d' | tail -n 1)"
            return
        fi
        pause
    done
}

# stops SIGNAL "EXIT CODES" SECONDS [PATH finished|lost]
stops() {
    start && ready || return
    first=$(docker top "$container" -o pid,args 2>/dev/null | sed -n '2s/^ *[0-9]* *//p')
    if [ -n "${4:-}" ]; then
        curl --silent --max-time 30 --output /dev/null --write-out '%{http_code}' "http://127.0.0.1:$port$4" >"$work/during" 2>/dev/null &
        asking=$!
        sleep 1
    fi
    began=$(date +%s)
    docker kill --signal "$1" "$container" >/dev/null
    while [ "$(state {% raw %}'{{.State.Running}}'{% endraw %})" = true ] && [ $(($(date +%s) - began)) -lt 10 ]; do pause; done
    took=$(($(date +%s) - began))
    [ "$took" -lt 10 ] || docker kill "$container" >/dev/null 2>&1
    docker wait "$container" >/dev/null
    code=$(state {% raw %}'{{.State.ExitCode}}'{% endraw %})
    claim="$1: exit code $code after $took s"
    if [ -n "${4:-}" ]; then
        wait "$asking"
        fate=lost
        [ "$(cat "$work/during")" = 200 ] && fate=finished
        claim="$claim, the request for $4 under way was $fate"
    fi
    case " $2 " in
        *" $code "*) right=yes ;;
        *) right=no ;;
    esac
    if [ "$took" -ge 10 ]; then
        case $first in
            sh\ * | */sh\ * | bash\ * | */bash\ *)
                bad "$claim" "exit $code after 10 s: PID 1 is a shell ($first); use the exec form" ;;
            *) bad "$claim" "exit $code after 10 s: PID 1 ($first) does not handle $1; install a handler that ends the program" ;;
        esac
    elif [ $right = no ] && [ "$code" -gt 128 ]; then
        bad "$claim, not $2" "the signal killed the program; handle $1, finish what is under way, then end"
    elif [ $right = no ]; then
        bad "$claim, not $2" "PID 1 is $first: is that your server, or something that starts it?"
    elif [ "$took" -gt $(($3 + 1)) ]; then
        bad "$claim, the limit is $3 s" "what does it wait for? Close idle connections"
    elif [ -n "${5:-}" ] && [ "$fate" != "$5" ]; then
        bad "$claim" "on $1, take no new requests, answer the old ones, then end"
    else
        good "$claim"
    fi
}
{% for target in targets %}

check_{{ target.function }}() {
    begin "${1:-{{ target.image }}}" '{{ target.page }}' || return
{% for line in target.lines %}
    {{ line }}
{% endfor %}
    remove
}
{% endfor %}

case ${1:-all} in
    all)
{% for target in targets %}
        check_{{ target.function }}
{% endfor %}
        ;;
{% for target in targets %}
    {{ target.name }}) check_{{ target.function }} "${2:-}" ;;
{% endfor %}
    *)
        sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
        exit 2
        ;;
esac
printf '%s of %s claims hold\n' "$held" "$((held + failed))"
[ "$failed" = 0 ]
