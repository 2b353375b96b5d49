# Does again what the page PAGE has done before a step, in the shell that reads it (bash). './catch-up PAGE STEP' comes
# first, and says how this is read. Each file is written where the page shows it, each command run where the page runs
# it, but those that only look. It is written from the page.
_labs_step=${1-} _labs_lab=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)

_labs_reads() {
    IFS= read -r -d '' _labs_text
    _labs_text=${_labs_text%$'\n'}
    printf '\n$ %s\n' "$_labs_text"
}

_labs_write() {
    mkdir -p "$(dirname -- "$_labs_lab/$2")" && cp "$_labs_lab/.catch-up/$1" "$_labs_lab/$2" ||
        _labs_stop "the file $2 cannot be written"
}

_labs_stop() {
    printf '\nagain: %s\n' "$1" >&2
    printf '%s\n' "If something of an earlier try is in the way, such as a container of that name: the end of the page says" \
        "how it is removed. Then run './catch-up PAGE $_labs_step' in $_labs_lab and this once more." >&2
    _labs_forget
    return 1
}

_labs_ended() { [ "$1" = "$2" ] || _labs_stop "this command ends with $1, not with $2, so nothing after it was run"; }

_labs_goes_on() { [ "$_labs_step" -gt "$1" ] || ! _labs_end; }

_labs_end() {
    printf '\n%s\n' "Your shell and Docker have what the page has there."
    _labs_forget
}

_labs_forget() {
    unset -v _labs_step _labs_lab _labs_text
    unset -f _labs_reads _labs_write _labs_stop _labs_ended _labs_goes_on _labs_end _labs_forget _labs_clear
}

# Removes the files that catch-up has brought: each is written again in its time. What is not one of them stays.
_labs_clear() {
    local kind from until text path brought=()
    while read -r kind from until text path; do
        [ "$kind" = file ] && [ "$from" -le "$_labs_step" ] && [ "$_labs_step" -le "$until" ] || continue
        cmp -s "$_labs_lab/.catch-up/$text" "$_labs_lab/$path" || return 1
        brought+=("$_labs_lab/$path")
    done <"$_labs_lab/.catch-up/PAGE/states"
    [ "${#brought[@]}" = 0 ] || rm -f -- "${brought[@]}"
}

case $_labs_step in
'' | *[!0-9]*)
    _labs_stop 'the number of a step is missing'
    return 1
    ;;
esac
_labs_clear || {
    _labs_stop 'the files are not those that catch-up brings'
    return 1
}
