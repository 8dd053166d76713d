import * as tf from "@tensorflow/tfjs";

/** Tensors, in arrays and objects as deep as one likes. */
export type Tensors = tf.TensorContainer;

/** The same arrays and objects with other tensors in them. Throws a TypeError at what is neither. */
export function mapTensors(container: Tensors, change: (tensor: tf.Tensor) => tf.Tensor): Tensors {
  if (container instanceof tf.Tensor) return change(container);
  if (Array.isArray(container)) return container.map((part) => mapTensors(part, change));
  if (container !== null && typeof container === "object" && Object.getPrototypeOf(container) === Object.prototype) {
    const parts = Object.entries(container as tf.TensorContainerObject);
    return Object.fromEntries(parts.map(([key, part]) => [key, mapTensors(part, change)]));
  }
  throw new TypeError(`found ${describe(container)} where tensors, or arrays and objects of tensors, were expected`);
}

/** All tensors, in order. */
export function flattenTensors(container: Tensors): tf.Tensor[] {
  const tensors: tf.Tensor[] = [];
  mapTensors(container, (tensor) => {
    tensors.push(tensor);
    return tensor;
  });
  return tensors;
}

/** What {@linkcode flattenTensors} left out: the arrays and the keys. */
export function structureOf(container: Tensors): string {
  if (container instanceof tf.Tensor) return "*";
  if (Array.isArray(container)) return `[${container.map(structureOf)}]`;
  return `{${
    Object.entries(container as tf.TensorContainerObject).map(([key, part]) => `${key}:${structureOf(part)}`)
  }}`;
}

function describe(value: unknown): string {
  if (value === null || typeof value === "undefined") return String(value);
  return typeof value === "object" ? `an object of ${value.constructor?.name ?? "no class"}` : `a ${typeof value}`;
}
