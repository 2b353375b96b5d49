"""Serve the app with waitress until a signal comes; finish the requests that are under way."""

import signal
import sys

from waitress import create_server

from app import app

if __name__ == "__main__":
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit())
    create_server(app, host="0.0.0.0", port=8080, threads=4).run()
