from concurrent.futures import ThreadPoolExecutor, as_completed
import threading
lock = threading.Lock()
results = []
def work(n):
    with lock:
        results.append(n)
    return n * n
with ThreadPoolExecutor(max_workers=4) as pool:
    print(list(pool.map(work, range(4))))
    futures = {pool.submit(work, n): n for n in (5, 6)}
    print(sorted(f.result() for f in as_completed(futures)))
t = threading.Thread(target=work, args=(9,))
t.start()
t.join()
print(sorted(results))
