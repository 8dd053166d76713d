import * as tf from "@tensorflow/tfjs";

// tfjs exports a function that makes its layer, but not the class
const StockActivation = tf.layers.activation({ name: "stock_activation", activation: "linear" })
  .constructor as unknown as new (args: Parameters<typeof tf.layers.activation>[0]) => tf.layers.Layer;

/** Passes a tensor on as it is, and no gradient back; saved as tfjs's linear activation, which does so outside of training. */
export function detach(x: tf.SymbolicTensor, name: string): tf.SymbolicTensor {
  return new DetachingActivation({ name, activation: "linear" }).apply(x) as tf.SymbolicTensor;
}

class DetachingActivation extends StockActivation {
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const x = Array.isArray(inputs) ? inputs[0]! : inputs;
    return tf.customGrad(() => ({ value: x.clone(), gradFunc: () => [] }))(); // of no inputs that gradients ask for
  }
}
