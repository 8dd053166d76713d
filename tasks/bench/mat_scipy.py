"""Reads the same .mat files with SciPy."""

import time

import serve

given = serve.options()

import scipy.io  # noqa: E402


def repeat():
    start = time.perf_counter()
    for _ in range(given["times"]):
        for path in given["files"]:
            scipy.io.loadmat(path)
    return [{"unit": "ms", "value": 1000 * (time.perf_counter() - start) / (given["times"] * len(given["files"]))}]


repeat()
serve.serve(repeat)
