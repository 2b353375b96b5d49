"""Pack each order whose number comes out of the queue, and those that nobody told of."""

import signal
import socket
import sys
import time

from settings import database, queue

FORGOTTEN = """SELECT id FROM orders WHERE packed_by IS NULL AND taken_at < now() - interval '5 seconds' ORDER BY id"""
PACKED = "UPDATE orders SET packed_by = %s WHERE id = %s AND packed_by IS NULL"

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
db = database()
db.autocommit = True
print("the worker is ready", flush=True)


def pack(number: int) -> None:
    time.sleep(0.1)
    db.execute(PACKED, [socket.gethostname(), number])
    print(f"order {number} is packed", flush=True)


look = time.monotonic()
while True:
    if found := queue.brpop("orders", timeout=1):
        pack(int(found[1]))
    if time.monotonic() >= look:
        for (number,) in db.execute(FORGOTTEN).fetchall():
            pack(number)
        look = time.monotonic() + 5
