"""A shop: POST takes an order, GET tells how many there are."""

import os
import signal
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from settings import database, queue

GREETING = "Welcome"
leaving = threading.Event()


class Handler(BaseHTTPRequestHandler):
    """Answer a request; each comes in a thread of its own."""

    def do_GET(self) -> None:
        if self.path == "/health":
            self.answer(404, "leaving") if leaving.is_set() else self.answer(200, "ok")
            return
        with database() as db:
            row = db.execute("SELECT count(*), count(packed_by) FROM orders").fetchone()
        self.answer(200, f"{GREETING}: {row[0]} orders, {row[1]} packed, told by {socket.gethostname()}")

    def do_POST(self) -> None:
        what = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        with database() as db:
            number = db.execute("INSERT INTO orders (what) VALUES (%s) RETURNING id", [what]).fetchone()[0]
        queue.lpush("orders", number)
        self.answer(201, f"order {number} is taken")

    def answer(self, status: int, words: str) -> None:
        self.send_response(status)
        self.send_header("X-Served-By", socket.gethostname())
        self.end_headers()
        self.wfile.write(f"{words}\n".encode())

    def log_message(self, form: str, *values: object) -> None:
        if self.path != "/health":
            super().log_message(form, *values)


class Server(ThreadingHTTPServer):
    """Finish every request before the end."""

    daemon_threads = False
    request_queue_size = 128


server = Server(("", 8000), Handler)


def leave(*_: object) -> None:
    leaving.set()
    threading.Timer(float(os.environ.get("GRACE", "2")), server.shutdown).start()


signal.signal(signal.SIGTERM, leave)
print("the shop is open", flush=True)
server.serve_forever(poll_interval=0.1)
server.server_close()
print("the shop is closed", flush=True)
