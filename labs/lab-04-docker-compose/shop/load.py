"""Send orders for some seconds, four at a time, and count the answers: load.py URL SECONDS."""

import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.request import urlopen

url, end = sys.argv[1], time.monotonic() + float(sys.argv[2])


def send(_: int) -> Counter[str]:
    seen: Counter[str] = Counter()
    while time.monotonic() < end:
        try:
            with urlopen(url, data=b"a parcel", timeout=10) as answer:
                seen[answer.headers["X-Served-By"]] += 1
        except OSError:
            seen["lost"] += 1
        time.sleep(0.02)
    return seen


with ThreadPoolExecutor(4) as pool:
    total = sum(pool.map(send, range(4)), Counter())
lost = total.pop("lost", 0)
print(f"servers: {len(total)}")
print(f"taken: {total.total()}")
print(f"lost: {lost}")
