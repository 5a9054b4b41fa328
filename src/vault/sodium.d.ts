/** The part of sodium-native that the vault uses. */
declare module 'sodium-native' {
  interface Sodium {
    sodium_malloc(size: number): Buffer;
    sodium_memzero(bytes: Uint8Array): void;
    sodium_memcmp(a: Uint8Array, b: Uint8Array): boolean;
    sodium_mprotect_noaccess(bytes: Uint8Array): void;
    sodium_mprotect_readwrite(bytes: Uint8Array): void;
    randombytes_buf(bytes: Uint8Array): void;
    /** Throws when the tag does not fit; returns the length of the plain text. */
    crypto_aead_xchacha20poly1305_ietf_decrypt(
      plain: Uint8Array,
      nsec: null,
      sealed: Uint8Array,
      associated: Uint8Array,
      nonce: Uint8Array,
      key: Uint8Array,
    ): number;
    crypto_aead_xchacha20poly1305_ietf_encrypt(
      sealed: Uint8Array,
      plain: Uint8Array,
      associated: Uint8Array,
      nsec: null,
      nonce: Uint8Array,
      key: Uint8Array,
    ): number;
    crypto_box_keypair(publicKey: Uint8Array, secretKey: Uint8Array): void;
    crypto_box_seal(sealed: Uint8Array, plain: Uint8Array, publicKey: Uint8Array): void;
    crypto_box_seal_open(plain: Uint8Array, sealed: Uint8Array, publicKey: Uint8Array, secretKey: Uint8Array): boolean;
    readonly crypto_box_SEALBYTES: number;
    crypto_scalarmult_base(publicKey: Uint8Array, secretKey: Uint8Array): void;
    crypto_generichash(out: Uint8Array, input: Uint8Array, key?: Uint8Array): void;
    crypto_pwhash_async(
      out: Uint8Array,
      password: Uint8Array,
      salt: Uint8Array,
      opslimit: number,
      memlimit: number,
      algorithm: number,
    ): Promise<void>;
    readonly crypto_pwhash_ALG_ARGON2ID13: number;
  }
  const sodium: Sodium;
  export default sodium;
}
