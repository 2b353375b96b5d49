"""Say how many quarters of a processor this process gets."""

import time

began = time.perf_counter()
used = time.process_time()
while time.process_time() - used < 0.5:
    pass
share = 0.5 / (time.perf_counter() - began)
print(f"{round(share * 4)} of 4 quarters of a processor")
