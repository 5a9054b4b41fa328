declare const brand: unique symbol;

/** A type that must not be mixed with others of the same shape: `type Uid = Brand<number, 'Uid'>`. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
