"""Keep a number in /data/number; each POST adds one and answers with it."""

from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

NUMBER = Path("/data/number")


class Handler(BaseHTTPRequestHandler):
    """Answer with the number."""

    def do_POST(self) -> None:
        number = int(NUMBER.read_text()) + 1 if NUMBER.exists() else 1
        draft = NUMBER.with_suffix(".new")
        draft.write_text(str(number))
        draft.replace(NUMBER)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(number).encode())


NUMBER.parent.mkdir(exist_ok=True)
print("the store is open", flush=True)
HTTPServer(("", 9000), Handler).serve_forever()
