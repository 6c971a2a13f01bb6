import asyncio
class Ticker:
    def __init__(self, n):
        self.n = n
    def __aiter__(self):
        return self
    async def __anext__(self):
        if self.n == 0:
            raise StopAsyncIteration
        self.n -= 1
        return self.n
async def numbers():
    for i in range(3):
        yield i
async def main():
    async for x in Ticker(2):
        print(x)
    print([i async for i in numbers()])
asyncio.run(main())
