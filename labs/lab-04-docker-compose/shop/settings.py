"""Where the database and the queue of the shop are, and the password."""

import os
from pathlib import Path

import psycopg
import valkey


def secret(name: str) -> str:
    """Return a secret from the file that NAME_FILE names, or from the variable NAME."""
    file = os.environ.get(f"{name}_FILE")
    return Path(file).read_text().strip() if file else os.environ[name]


def database() -> psycopg.Connection:
    return psycopg.connect(host="db", user="shop", dbname="shop", password=secret("DB_PASSWORD"), connect_timeout=3)


queue = valkey.Valkey(host="queue", socket_connect_timeout=3, decode_responses=True)
