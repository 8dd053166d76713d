"""Writes .mat files with variables as AFLW2000-3D's have them."""

import serve

given = serve.options()

import numpy  # noqa: E402
import scipy.io  # noqa: E402

SHAPES = {
    "Color_Para": (1, 7), "Exp_Para": (29, 1), "Illum_Para": (1, 10), "Pose_Para": (1, 7), "Shape_Para": (199, 1),
    "Tex_Para": (199, 1), "pt2d": (2, 21), "pt3d_68": (3, 68), "roi": (1, 4),
}
random = numpy.random.default_rng(7)
for index in range(4):
    arrays = {name: random.normal(size=shape) for name, shape in SHAPES.items()}
    scipy.io.savemat(f"{given['folder']}/{index}.mat", arrays, do_compression=True)
