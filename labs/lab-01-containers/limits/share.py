"""Say which share of one processor this process gets."""

import time

began = time.perf_counter()
used = time.process_time()
while time.process_time() - used < 0.5:
    pass
share = 0.5 / (time.perf_counter() - began)
print(f"{share:.2f} of a processor")
