"""Send orders, four at a time, for some seconds or until stopped, and count the answers: load.py URL SECONDS."""

import signal
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from urllib.request import urlopen

url, end = sys.argv[1], time.monotonic() + float(sys.argv[2])
stopped = Event()
signal.signal(signal.SIGTERM, lambda *_: stopped.set())


def send(_: int) -> Counter[str]:
    seen: Counter[str] = Counter()
    while not stopped.is_set() and time.monotonic() < end:
        try:
            with urlopen(url, data=b"a parcel", timeout=10) as answer:
                seen[answer.headers["X-Served-By"]] += 1
        except OSError:
            seen["lost"] += 1
        stopped.wait(0.02)
    return seen


with ThreadPoolExecutor(4) as pool:
    total = sum(pool.map(send, range(4)), Counter())
lost = total.pop("lost", 0)
print(f"servers: {len(total)}")
print(f"taken: {total.total()}")
print(f"lost: {lost}")
