import asyncio
async def worker(name, sem, out):
    async with sem:
        await asyncio.sleep(0)
        out.append(name)
async def main():
    sem = asyncio.Semaphore(2)
    out = []
    await asyncio.gather(*[worker(i, sem, out) for i in range(3)])
    print(sorted(out))
    try:
        await asyncio.wait_for(asyncio.sleep(0.01), timeout=1)
        print("in time")
    except asyncio.TimeoutError:
        print("late")
asyncio.run(main())
