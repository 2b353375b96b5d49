"""A web server that writes numbers the Roman way: GET /2026 answers MMXXVI."""

import os
import signal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from roman import roman

PORT = int(os.environ.get("PORT", "8000"))


class Handler(BaseHTTPRequestHandler):
    timeout = 5  # Nobody keeps a connection open without a request.

    def do_GET(self):
        path = self.path.strip("/")
        if path == "health":
            self.reply(200, "ok")
        elif path.isdecimal() and len(path) < 5 and 0 < int(path) < 4000:
            self.reply(200, roman(int(path)))
        else:
            self.reply(404, "Ask for a number from 1 to 3999, such as /2026.")

    def reply(self, status, text):
        body = f"{text}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main():
    server = ThreadingHTTPServer(("", PORT), Handler)
    server.daemon_threads = False  # Requests that are under way are answered before the end.

    def stop(number, frame):
        print(f"stopping: {signal.Signals(number).name}", flush=True)
        Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"listening on port {PORT}", flush=True)
    server.serve_forever(poll_interval=0.1)


main()
