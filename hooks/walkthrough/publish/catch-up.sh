#!/bin/sh
# Brings this folder to the files that a page of the lab has before one of its steps.
#
#   ./catch-up               every page and its steps
#   ./catch-up PAGE          the steps of a page
#   ./catch-up PAGE STEP     the files before that step; what you have is set aside first
#   ./catch-up --back        puts back what was set aside last
#
# Nothing is deleted: what must make room is moved below own-work/. Only files are brought; it says how the rest is made.
# It needs nothing but a shell, cp, mkdir, mv and rmdir. What it brings lies in .catch-up/, which is written from the pages.
set -u

usage() {
    cat <<'END'
./catch-up               every page and its steps
./catch-up PAGE          the steps of a page
./catch-up PAGE STEP     the files before that step; what you have is set aside first
./catch-up --back        puts back what was set aside last
END
}

fail() {
    printf 'catch-up: %s\n' "$1" >&2
    exit "${2:-1}"
}

# Reads a line as a kind and the rest, with every blank of that.
split() {
    kind=${line%% *}
    rest=${line#* }
}

describe() {
    while IFS= read -r line; do
        split
        case $kind in
        page) printf '\n%s' "$rest" ;;
        title) printf ': %s\n' "$rest" ;;
        step) printf '  %3s  %s\n' "${rest%% *}" "${rest#* }" ;;
        esac
    done <"$1"
}

# Moves what is at the place $4 below $2 to the same place below $3. Of a folder it moves what is in it: a shell that
# stands there goes on to stand in the folder of that name.
move() {
    if [ "$1" = folder ] && [ -d "$2/$4" ] && [ ! -L "$2/$4" ]; then
        mkdir -p "$3/$4" || return 1
        for entry in "$2/$4"/* "$2/$4"/.[!.]* "$2/$4"/..?*; do
            if [ -e "$entry" ] || [ -L "$entry" ]; then
                mv "$entry" "$3/$4/" || return 1
            fi
        done
    elif [ -e "$2/$4" ] || [ -L "$2/$4" ]; then
        case $4 in
        */*) mkdir -p "$3/${4%/*}" || return 1 ;;
        *) mkdir -p "$3" || return 1 ;;
        esac
        mv "$2/$4" "$3/$4" || return 1
    fi
}

# Moves all places of the page whose states are $1 from below $2 to below $3.
move_all() {
    while IFS= read -r line; do
        split
        case $kind in
        folder | single) move "$kind" "$2" "$3" "$rest" || return 1 ;;
        esac
    done <"$1"
}

# Sets $last to the number that was given out last, and $latest to the folder that was set aside last and is not undone.
look_at_own_work() {
    last=0
    latest=''
    highest=0
    for entry in own-work/*; do
        name=${entry##*/}
        number=${name#undone-}
        number=${number%%-*}
        case $number in
        '' | *[!0-9]*) continue ;;
        esac
        [ "$number" -le "$last" ] || last=$number
        if [ "$name" = "${name#undone-}" ] && [ "$number" -gt "$highest" ]; then
            highest=$number
            latest=$name
        fi
    done
}

back() {
    look_at_own_work
    [ -n "$latest" ] || fail 'nothing is set aside in own-work/, so there is nothing to put back'
    states=.catch-up/${latest#*-}/states
    [ -f "$states" ] || fail "own-work/$latest is of no page of this lab; move the files back by hand"
    undone=own-work/undone-$latest
    [ ! -e "$undone" ] || fail "$undone is in the way; rename it"
    mkdir -p "$undone" || fail "$undone cannot be made"
    move_all "$states" . "$undone" || fail "not all could be moved; the files are here, in $undone and in own-work/$latest"
    move_all "$states" "own-work/$latest" . || fail "not all could be moved; the rest is in own-work/$latest"
    while IFS= read -r line; do
        split
        case $kind/$rest in
        folder/*) rmdir -p "own-work/$latest/$rest" 2>/dev/null ;;
        single/*/*) rmdir -p "own-work/$latest/${rest%/*}" 2>/dev/null ;;
        esac
    done <"$states"
    rmdir "own-work/$latest" 2>/dev/null
    printf '%s\n' "What was in own-work/$latest is back." "What was here instead is in $undone."
}

catch_up() {
    title=''
    while IFS= read -r line; do
        split
        case $kind in
        page) page=$rest ;;
        step) [ "${rest%% *}" != "$2" ] || title=${rest#* } ;;
        esac
    done <"$1"
    if [ -z "$title" ]; then
        printf 'catch-up: %s has no step %s; it has these:\n' "$page" "$2" >&2
        describe "$1" >&2
        exit 2
    fi
    look_at_own_work
    store=${1%/states}
    aside=own-work/$((last + 1))-${store##*/}
    mkdir -p "$aside" || fail "the folder $aside cannot be made; nothing was changed"
    move_all "$1" . "$aside" || fail "not all could be set aside in $aside; './catch-up --back' puts it back"
    while IFS= read -r line; do
        split
        case $kind in
        folder) mkdir -p "$rest" || fail "the folder $rest cannot be made; './catch-up --back' puts yours back" ;;
        file)
            from=${rest%% *}
            rest=${rest#* }
            until=${rest%% *}
            rest=${rest#* }
            text=${rest%% *}
            path=${rest#* }
            if [ "$from" -le "$2" ] && [ "$2" -le "$until" ]; then
                case $path in
                */*) mkdir -p "${path%/*}" ;;
                esac && cp ".catch-up/$text" "./$path" ||
                    fail "the file $path cannot be written; './catch-up --back' puts yours back"
            fi
            ;;
        esac
    done <"$1"
    printf '%s\n' "The files are those that $page has before: $title" \
        "What was here is in $aside; './catch-up --back' puts it back."
    tell_rest "$1" "$2"
}

# Says how a shell and Docker get to where the page has them: no file holds what a command has made.
tell_rest() {
    commands=0
    builds=0
    while IFS= read -r line; do
        split
        case $kind in
        runs)
            if [ "${rest%% *}" -lt "$2" ]; then
                rest=${rest#* }
                commands=$((commands + ${rest%% *}))
                builds=$((builds + ${rest#* }))
            fi
            ;;
        esac
    done <"$1"
    [ "$commands" -gt 0 ] || return 0
    script=$PWD/${1%/*}/again
    case $script in
    *[!A-Za-z0-9_./-]*) script="'$script'" ;;
    esac
    what="$commands commands that leave something"
    [ "$commands" -gt 1 ] || what='a command that leaves something'
    case $builds in
    0) ;;
    1) what="$what, 1 of them a build" ;;
    *) what="$what, $builds of them builds" ;;
    esac
    printf '%s\n' '' "By then the page has run $what." \
        'Your shell and Docker have that too when you paste this line. It runs them again, with the files of their time:' \
        '' "  . $script $2"
}

# Describes every page.
describe_all() {
    for states in .catch-up/*/states; do
        [ -f "$states" ] || fail 'no page of this lab has files'
        describe "$states"
    done
}

# Whoever presses Ctrl-C while files are moved would have half of each.
hold() {
    trap '' HUP INT TERM
}

case $0 in
*/*) CDPATH='' cd -- "${0%/*}" || exit 1 ;;
esac
[ -d .catch-up ] || fail 'the folder .catch-up is not beside this script; take the whole folder of the lab'
case $#-${1-} in
0-)
    describe_all
    exit
    ;;
1--h | 1---help)
    usage
    exit
    ;;
1---back)
    hold
    back
    exit
    ;;
[12]-[!-]*) ;;
*)
    usage >&2
    exit 2
    ;;
esac

# A page in a folder of the lab, such as setup/verify, is called setup-verify in there.
name=${1%.md}
while [ "$name" != "${name%%/*}" ]; do
    name=${name%%/*}-${name#*/}
done
states=.catch-up/$name/states
if [ ! -f "$states" ]; then
    printf 'catch-up: no page of this lab is called %s; these are:\n' "$1" >&2
    describe_all >&2
    exit 2
fi
if [ $# = 1 ]; then
    describe "$states"
else
    hold
    catch_up "$states" "$2"
fi
