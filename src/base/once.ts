/**
 * Equal wishes are one fetch: while the promise for a key is pending, every further caller gets the same promise.
 * Nothing is remembered after it settles.
 */
export const oncePerKey = <K, V>(get: (key: K) => Promise<V>): ((key: K) => Promise<V>) => {
  const pending = new Map<K, Promise<V>>();
  return (key) => {
    const known = pending.get(key);
    if (known) return known;
    const started = get(key).finally(() => pending.delete(key));
    pending.set(key, started);
    return started;
  };
};
