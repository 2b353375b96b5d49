#!/bin/bash
# Makes the first database where there is none, then starts the server as the user postgres. It reads POSTGRES_USER,
# POSTGRES_PASSWORD, POSTGRES_DB and POSTGRES_INITDB_ARGS, each also from a file named by …_FILE, and
# POSTGRES_HOST_AUTH_METHOD; it takes *.sql, *.sql.gz and *.sh from /docker-entrypoint-initdb.d.
set -euo pipefail

setting() { # setting NAME DEFAULT: from the variable, or from the file that NAME_FILE names
    local name=$1 file="${1}_FILE"
    if [ -n "${!name:-}" ] && [ -n "${!file:-}" ]; then
        echo "error: both $name and $file are set (but are exclusive)" >&2
        exit 1
    fi
    if [ -n "${!file:-}" ]; then
        printf -v "$name" '%s' "$(<"${!file}")"
    else
        printf -v "$name" '%s' "${!name:-$2}"
    fi
    unset "$file"
}

first_database() {
    setting POSTGRES_PASSWORD ''
    setting POSTGRES_USER postgres
    setting POSTGRES_DB "$POSTGRES_USER"
    setting POSTGRES_INITDB_ARGS ''
    local method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
    if [ -z "$POSTGRES_PASSWORD" ] && [ "$method" != trust ]; then
        echo "Error: Database is uninitialized and superuser password is not specified." >&2
        echo "       You must specify POSTGRES_PASSWORD to a non-empty value for the superuser." >&2
        exit 1
    fi
    # shellcheck disable=SC2086
    initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "${POSTGRES_PASSWORD:-unused}") $POSTGRES_INITDB_ARGS
    printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"
    # While it is set up, the server can be asked by its socket alone.
    pg_ctl -D "$PGDATA" -o "-c listen_addresses=''" -w start
    local ask=(psql -v ON_ERROR_STOP=1 --no-psqlrc --username "$POSTGRES_USER" --no-password)
    if [ "$POSTGRES_DB" != postgres ]; then
        "${ask[@]}" --dbname postgres --set db="$POSTGRES_DB" <<<'CREATE DATABASE :"db";'
    fi
    export POSTGRES_USER POSTGRES_PASSWORD POSTGRES_DB PGPASSWORD="$POSTGRES_PASSWORD"
    local file
    for file in /docker-entrypoint-initdb.d/*; do
        case $file in
            *.sh) echo "$0: running $file" && if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
            *.sql) echo "$0: running $file" && "${ask[@]}" --dbname "$POSTGRES_DB" -f "$file" ;;
            *.sql.gz) echo "$0: running $file" && gunzip -c "$file" | "${ask[@]}" --dbname "$POSTGRES_DB" ;;
            */\*) ;;
            *) echo "$0: ignoring $file" ;;
        esac
    done
    pg_ctl -D "$PGDATA" -m fast -w stop
    unset PGPASSWORD
    printf '\nPostgreSQL init process complete; ready for start up.\n\n'
}

[ "${1:0:1}" != - ] || set -- postgres "$@"
if [ "$1" = postgres ]; then
    if [ "$(id -u)" = 0 ]; then
        mkdir -p "$PGDATA"
        find "$PGDATA" \! -user postgres -exec chown postgres '{}' +
        chmod 700 "$PGDATA"
        exec gosu postgres "${BASH_SOURCE[0]}" "$@"
    fi
    if [ -s "$PGDATA/PG_VERSION" ]; then
        printf '\nPostgreSQL Database directory appears to contain a database; Skipping initialization\n\n'
    else
        first_database
    fi
fi
exec "$@"
