"""Pack each order whose number comes out of the queue."""

import signal
import socket
import sys
import time

from settings import database, queue

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
db = database()
db.autocommit = True
print("the worker is ready", flush=True)
while True:
    _, number = queue.brpop("orders")
    time.sleep(0.1)
    db.execute("UPDATE orders SET packed_by = %s WHERE id = %s", [socket.gethostname(), number])
    print(f"order {number} is packed", flush=True)
