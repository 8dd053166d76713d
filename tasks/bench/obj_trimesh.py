"""Reads the same OBJ file with trimesh."""

import time

import serve

given = serve.options()

import trimesh  # noqa: E402

TIMES = 3


def repeat():
    start = time.perf_counter()
    for _ in range(TIMES):
        trimesh.load(given["file"], process=False, skip_materials=True)
    return [{"unit": "ms", "value": 1000 * (time.perf_counter() - start) / TIMES}]


repeat()
serve.serve(repeat)
