/** A worker of the tests that ends before it is asked for anything. */
export {};

throw new Error("broken worker");
