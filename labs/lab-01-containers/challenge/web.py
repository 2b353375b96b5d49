"""Greet each visitor with a number from the store."""

import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.request import urlopen

STORE = os.environ["STORE"]


class Handler(BaseHTTPRequestHandler):
    """Count the visitor, or crash when asked to."""

    def do_GET(self) -> None:
        if self.path == "/crash":
            os._exit(1)
        with urlopen(STORE, data=b"", timeout=5) as answer:
            number = answer.read().decode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"You are visitor {number}.\n".encode())


print("the shop is open", flush=True)
HTTPServer(("", 8000), Handler).serve_forever()
