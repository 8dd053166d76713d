"""Makes the same maps with face3d, by its renderer in C++ or in Python, or by NumPy from triangles that are found once."""

import importlib.util
import time

import serve

given = serve.options()

import numpy  # noqa: E402


def module(name, path):
    """Without face3d's other modules, which need more packages."""
    spec = importlib.util.spec_from_file_location(name, path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


columns, rows, size, times = given["columns"], given["rows"], given["size"], given["times"]
count = columns * rows
u, v = (part.ravel() for part in numpy.meshgrid(numpy.linspace(0, 1, columns), numpy.linspace(0, 1, rows)))
mean = size * numpy.stack([0.15 + 0.7 * u, 0.1 + 0.8 * v, 2 * u * (1 - u)], 1).astype(numpy.float32)
uv = numpy.stack([u * (size - 1), v * (size - 1), 0 * u], 1).astype(numpy.float32)
corner = (numpy.arange(rows - 1)[:, None] * columns + numpy.arange(columns - 1)).ravel()
offsets = [0, 1, columns, 1, columns + 1, columns]
triangles = (corner[:, None] + offsets).reshape(-1, 3).astype(numpy.int32)
modes = numpy.empty((3 * count, given["modes"]), numpy.float32)  # as BFM.mat has them
for k in range(given["modes"]):
    modes[:, k] = numpy.sin(0.001 * (k + 1) * numpy.arange(3 * count)) / (k + 1)

core = module("mesh_core_cython", given["core"])
python = module("render", given["render"])
far = -999999.0  # what face3d has


def rasterized():
    depth = numpy.full((size, size), far, numpy.float32)
    found, weights = numpy.full((size, size), -1, numpy.int32), numpy.zeros((size * size, 3), numpy.float32)
    core.rasterize_triangles_core(uv, triangles, depth, found, weights, count, len(triangles), size, size)
    return triangles[found], weights.reshape(size, size, 3, 1)


kept, weights = rasterized()


def render(vertices):
    if given["by"] == "Python":
        return python.render_colors(uv, triangles, vertices, size, size)
    if given["by"] == "kept triangles":
        return (vertices[kept] * weights).sum(2)
    image = numpy.zeros((size, size, 3), numpy.float32)
    depth = numpy.full((size, size), far, numpy.float32)
    core.render_colors_core(image, uv, triangles, vertices, depth, count, len(triangles), size, size, 3)
    return image


def repeat():
    shaping = mapping = 0
    for number in range(times):
        start = time.perf_counter()
        amounts = numpy.cos(numpy.arange(given["modes"], dtype=numpy.float32) + number)
        vertices = mean + (modes @ amounts).reshape(-1, 3)
        middle = time.perf_counter()
        render(vertices)
        shaping += 1000 * (middle - start) / times
        mapping += 1000 * (time.perf_counter() - middle) / times
    return [
        {"unit": "ms", "value": shaping + mapping},
        {"label": "vertices", "unit": "ms", "value": shaping},
        {"label": "map", "unit": "ms", "value": mapping},
    ]


repeat()
serve.serve(repeat)
