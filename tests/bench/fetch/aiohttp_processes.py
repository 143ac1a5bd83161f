"""Fetches a list with aiohttp in several processes, a file for each body.

aiohttp_processes.py LIST DIRECTORY PROCESSES CONNECTIONS [CA_FILE]
"""
import asyncio
import multiprocessing
import os
import ssl
import sys

import aiohttp


async def fetch_all(numbered_urls, directory, connections, ca_file):
    context = ssl.create_default_context(cafile=ca_file) if ca_file else None
    connector = aiohttp.TCPConnector(limit=connections, ssl=context)
    rest = iter(numbered_urls)

    async def fetch_some(session):
        for number, url in rest:
            async with session.get(url) as response:
                body = await response.read()
                response.raise_for_status()
            with open(os.path.join(directory, f"{number:06}.html"), "wb") as file:
                file.write(body)

    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(fetch_some(session) for _ in range(connections)))


def run(numbered_urls, *arguments):
    asyncio.run(fetch_all(numbered_urls, *arguments))


def main():
    path, directory, processes, connections, ca_file = sys.argv[1:6]
    with open(path) as lines:
        urls = list(enumerate(lines.read().split()))
    count = int(processes)
    workers = [
        multiprocessing.Process(
            target=run, args=(urls[first::count], directory, int(connections), ca_file)
        )
        for first in range(count)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    sys.exit(any(worker.exitcode for worker in workers))


main()
