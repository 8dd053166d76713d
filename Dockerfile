# All tasks in a container; the README's "GPU machines" says how to build and run it. --build-arg SETUP=--gpu fetches
# TensorFlow's build for CUDA in place of the one for processors.
FROM debian:bookworm-slim
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates ffmpeg python3 python3-pip \
  && rm -rf /var/lib/apt/lists/*
COPY data/deno.txt /tmp/
RUN python3 -m pip install --no-cache-dir --break-system-packages --require-hashes --requirement /tmp/deno.txt
ENV DENO_DIR=/var/cache/deno POSMAP_CACHE=/var/cache/posmap
WORKDIR /posmap

# What set-up needs and no more, so that it is done anew only where that has changed. The pages, which are members of the
# workspace, come later.
COPY deno.json deno.lock ./
RUN sed -i '/"workspace":/d' deno.json && deno ci --quiet
COPY data/tensorflow-*.txt data/
COPY lib/*.ts lib/
COPY lib/tensorflow/library lib/tensorflow/library
COPY tasks/console tasks/console
COPY tasks/run_task.ts tasks/sandbox.sh tasks/setup.ts tasks/standing.ts tasks/
ARG SETUP
RUN deno task setup $SETUP

COPY . .
# What NVIDIA's container toolkit is to bring along from the machine; without a GPU nobody reads it.
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
ENTRYPOINT ["deno", "task", "--config", "/posmap/deno.json"]
