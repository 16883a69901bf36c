import asyncio
import sys

import aiohttp
import question


async def ask(streaming):
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=40)) as session:
        async with session.post(question.URL, json=question.body(streaming), headers=question.HEADERS) as response:
            response.raise_for_status()
            if streaming:
                return question.text_of_lines([line.decode().rstrip("\n") async for line in response.content])
            return question.text(await response.read())


print(asyncio.run(ask(sys.argv[1] == "streaming")))
