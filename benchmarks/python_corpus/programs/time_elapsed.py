import time
start = time.time()
time.sleep(0.01)
print(time.time() - start >= 0.01, time.strftime("%Y", time.gmtime(0)), time.perf_counter() > 0)
