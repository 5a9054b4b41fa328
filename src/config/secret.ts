import { inspect } from 'node:util';

/** A value that prints as `[secret]` wherever it is logged, inspected, interpolated or put into JSON. */
export class Secret<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /** The value itself; call it where it is used, and keep the answer nowhere. */
  reveal(): T {
    return this.#value;
  }

  toJSON(): string {
    return '[secret]';
  }

  toString(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}
