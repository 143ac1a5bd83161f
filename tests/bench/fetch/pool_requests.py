"""Fetches a list with multiprocessing.Pool and requests, a file for each body.

pool_requests.py LIST DIRECTORY PROCESSES [CA_FILE]
"""
import multiprocessing
import os
import sys

import requests

session = None
directory = None


def begin(target, ca_file):
    global session, directory
    directory = target
    session = requests.Session()
    session.trust_env = False
    session.verify = ca_file or True


def fetch(numbered_url):
    number, url = numbered_url
    response = session.get(url, timeout=(10, 60))
    with open(os.path.join(directory, f"{number:06}.html"), "wb") as file:
        file.write(response.content)
    return response.status_code


def main():
    path, target, processes, ca_file = sys.argv[1:5]
    with open(path) as lines:
        urls = lines.read().split()
    with multiprocessing.Pool(int(processes), begin, (target, ca_file)) as pool:
        codes = list(pool.imap(fetch, enumerate(urls), chunksize=16))
    sys.exit(any(code != 200 for code in codes))


main()
