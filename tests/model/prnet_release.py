"""PRNet's graph as its paper and release describe it, in TensorFlow's own ops: an independent reading of a checkpoint.

prnet_release.py CHECKPOINT INPUT OUTPUT: writes random variables under the release's names to CHECKPOINT, as TensorFlow
saves them, and what the network makes of INPUT's bytes, [n, 256, 256, 3], as float32 positions in pixels from 0.
"""

import sys

import numpy as np
import tensorflow as tf

tf1 = tf.compat.v1
tf1.disable_eager_execution()
EPSILON = 0.001
random = np.random.default_rng(3)


def variable(name, shape, low, high):
    return tf1.get_variable(name, initializer=random.uniform(low, high, shape).astype(np.float32))


def weights(shape):
    limit = np.sqrt(6 / (shape[0] * shape[1] * (shape[2] + shape[3])))
    return variable("weights", shape, -limit, limit)


def normalized(x, activation=tf.nn.relu):
    with tf1.variable_scope("BatchNorm"):
        channels = [x.shape[-1]]
        gamma, beta = variable("gamma", channels, 0.8, 1.2), variable("beta", channels, -0.1, 0.1)
        mean, variance = variable("moving_mean", channels, -0.1, 0.1), variable("moving_variance", channels, 0.5, 1.5)
        return activation(tf.nn.batch_normalization(x, mean, variance, beta, gamma, EPSILON))


def convolved(x, channels, side, stride=1):
    return tf.nn.conv2d(x, weights([side, side, x.shape[-1], channels]), strides=stride, padding="SAME")


def convolution(x, name, channels, side, stride=1):
    with tf1.variable_scope(name):
        return normalized(convolved(x, channels, side, stride))


def block(x, name, channels, stride):
    with tf1.variable_scope(name):
        shortcut = x
        if stride != 1 or x.shape[-1] != channels:
            with tf1.variable_scope("shortcut"):
                shortcut = convolved(x, channels, 1, stride)
        y = convolution(x, "Conv", channels // 2, 1)
        y = convolution(y, "Conv_1", channels // 2, 4, stride)
        with tf1.variable_scope("Conv_2"):
            y = convolved(y, channels, 1)
        return normalized(y + shortcut)


def enlarged(x, name, channels, stride, activation=tf.nn.relu):
    with tf1.variable_scope(name):
        kernel = weights([4, 4, channels, x.shape[-1]])
        size = x.shape[1] * stride
        shape = tf.stack([tf.shape(x)[0], size, size, channels])
        y = tf.nn.conv2d_transpose(x, kernel, shape, strides=stride, padding="SAME")
        y.set_shape([None, size, size, channels])
        return normalized(y, activation)


def numbered(name, i):
    return name if i == 0 else f"{name}_{i}"


checkpoint, source, target = sys.argv[1:]
images = np.fromfile(source, np.uint8).reshape(-1, 256, 256, 3)
pixels = tf1.placeholder(tf.float32, [None, 256, 256, 3])
with tf1.variable_scope("resfcn256"):
    x = convolution(pixels, "Conv", 16, 4)
    for i, channels in enumerate([32, 32, 64, 64, 128, 128, 256, 256, 512, 512]):
        x = block(x, numbered("resBlock", i), channels, 2 - i % 2)
    stages = [(512, 1), (256, 2), (256, 1), (256, 1), (128, 2), (128, 1), (128, 1), (64, 2), (64, 1), (64, 1)]
    stages += [(32, 2), (32, 1), (16, 2), (16, 1), (3, 1), (3, 1), (3, 1)]
    for i, (channels, stride) in enumerate(stages):
        last = i == len(stages) - 1
        x = enlarged(x, numbered("Conv2d_transpose", i), channels, stride, tf.nn.sigmoid if last else tf.nn.relu)
tf1.get_variable("beta1_power", initializer=np.float32(0.9))
with tf1.Session() as session:
    session.run(tf1.global_variables_initializer())
    tf1.train.Saver().save(session, checkpoint, write_meta_graph=False, write_state=False)
    maps = session.run(x, {pixels: images / 255.0}) * (256 * 1.1)
    maps.astype(np.float32).tofile(target)
