import asyncio
async def job(n):
    await asyncio.sleep(0.01 * (3 - n))
    return n * 10
async def main():
    results = await asyncio.gather(*(job(i) for i in range(3)))
    print(results)
    task = asyncio.create_task(job(1))
    print(await task)
asyncio.run(main())
