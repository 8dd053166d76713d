/** The function, whose result for each object is made once, and kept as long as that object is. Results are not to be changed. */
export function onceEach<Key extends WeakKey, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const made = new WeakMap<Key, Value>();
  return (key) => made.getOrInsertComputed(key, make);
}
