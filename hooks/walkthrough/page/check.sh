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
export LC_ALL=C

held=0
failed=0
image=''
flags=''
deaf=''
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

# Lists an archive: of each path its mode, its name, of a link its target, and its size in bytes. What tar prints before a
# name ends with a time or a year, and the size stands before the date.
listed() {
    { TAR_OPTIONS=--quoting-style=literal tar -tvf - || : >"$work/failed"; } | awk '
        match($0, / ([0-9][0-9]:[0-9][0-9](:[0-9][0-9])?|[A-Z][a-z][a-z] +[0-9]+ +[0-9][0-9][0-9][0-9]) /) {
            name = substr($0, RSTART + RLENGTH)
            target = ""
            if (/^l/ && (at = index(name, " -> "))) {
                target = substr(name, at + 4)
                name = substr(name, 1, at - 1)
            }
            size = / link to / ? 0 : $3
            sub(/ link to .*/, "", name)
            sub(/^\.?\//, "", name)
            sub(/\/$/, "", name)
            print $1 "\t/" name "\t" target "\t" size
        }'
}

# The layers of the saved image, as names in its archive.
layers() {
    tar -xOf "$work/image" manifest.json | sed -n 's/.*"Layers": *\[\([^]]*\)\].*/\1/p' | tr -d '" ' | tr ',' '\n'
}

# Unpacks a layer of the saved image: engines keep layers as they are, or packed.
unpacked() {
    tar -xOf "$work/image" "$1" >"$work/layer" || return
    case $(od -A n -t x1 -N 4 "$work/layer" | tr -d ' \n') in
        1f8b*) gzip -dc "$work/layer" ;;
        28b52ffd) zstd -dc "$work/layer" ;;
        *) cat "$work/layer" ;;
    esac
}

# Looks at an image: its layers and the paths in it.
begin() {
    image=$1
    case ${image##*/} in
        *:* | *@*) ;;
        *) image=$image:latest ;; # without a tag, "docker save" means all of them
    esac
    flags=''
    deaf=''
    patience=30
    printf '%s\n' "$1"
    if ! docker image inspect "$image" >/dev/null 2>&1; then
        bad "there is an image $1" "build it as its page says: $2"
        return 1
    fi
    rm -f "$work/failed"
    docker save "$image" >"$work/image" || : >"$work/failed"
    # Of each layer the size and the name of each file in it. Engines disagree on what a layer takes, not on what is in it.
    for layer in $(layers); do
        { unpacked "$layer" || : >"$work/failed"; } | listed | awk -F '\t' '$1 ~ /^-/ { print $4 " " $2 }'
    done | sort -rn >"$work/sizes"
    [ -n "$(layers)" ] || : >"$work/failed"
    container=$(docker create "$image" x) || : >"$work/failed"
    docker cp "$container":/etc/passwd - 2>/dev/null | tar -xOf - >"$work/passwd" 2>/dev/null
    { docker export "$container" || : >"$work/failed"; } | listed | grep -Ev "$dockers" >"$work/files"
    remove
    if [ -e "$work/failed" ]; then
        bad "$1 can be read" "see above what Docker, or tar, says"
        return 1
    fi
}

# Follows the links among a path's folders, as the kernel does: where /bin leads to /usr/bin, /bin/sh is /usr/bin/sh.
real() {
    awk -F '\t' -v path="$1" '
        $3 != "" { leads[$2] = $3 }
        END {
            sub(/\/+$/, "", path)
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
                while (sub(/\/(\.?\/)+/, "/", path)) continue
                while (sub(/\/[^\/]+\/\.\.\//, "/", path)) continue
            }
            print path
        }' "$work/files"
}

has() {
    awk -F '\t' -v path="$(real "$1")" '$2 == path || index($2, path "/") == 1 { found = 1 } END { exit !found }' "$work/files"
}

# Starts a container; remembers the port at which the host reaches it.
start() {
    remove
    if ! container=$(docker run --detach --publish-all $flags "$image" 2>"$work/error"); then
        bad "it starts" "$(tail -n 1 "$work/error")"
        container=''
        deaf=yes
        return 1
    fi
    deaf=''
    port=$(docker port "$container" | sed -n '/\/tcp/{s/.*://p;q;}')
}

fetch() {
    curl --noproxy '*' --silent --max-time 5 --output "$work/body" --write-out '%{http_code}' "http://127.0.0.1:$port$1" 2>/dev/null
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
    deaf=yes
    return 1
}

# Has one container for all questions; says once why there is none, or why it is silent.
serving() {
    [ -z "$deaf" ] || return 1
    [ -n "$container" ] && return
    start && ready "$1"
}

# Whether the last answer has a text in it, which may be of several lines.
says() {
    [ -z "$1" ] || text=$1 awk '{ body = body $0 "\n" } END { exit !index(body, ENVIRON["text"]) }' "$work/body"
}

# Asks until the answer is as it should be, for a few seconds, or for as many as its claim gives it: a server may warm up.
until_so() {
    began=$(date +%s)
    while :; do
        status=$(fetch "$1")
        [ "$status" = "$2" ] && says "$3" && return
        [ $(($(date +%s) - began)) -lt "${4:-5}" ] || return 0
        pause
    done
}
{% for claim in claims %}
{{ claim.shell -}}
{% endfor %}
{% for target in targets %}

check_{{ target.function }}() {
    begin "${1:-{{ target.image }}}" {{ target.page }} || return
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
[ "$failed" = 0 ] && [ "$held" -gt 0 ]
