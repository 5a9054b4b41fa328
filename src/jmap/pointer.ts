/** JSON Pointer = *( "/" reference-token ); `~1` is "/", `~0` is "~" – RFC 6901 §3 */

const badEscape = /~(?![01])/u;

const unescaped = (token: string): string =>
  token.includes('~') ? token.replaceAll('~1', '/').replaceAll('~0', '~') : token;

/** A name as a token of a pointer: keywords and ids of a PatchObject key. */
export const pointerToken = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

/** The tokens of a pointer; undefined when it is none. The empty pointer has no tokens. */
export const parsePointer = (pointer: string): string[] | undefined => {
  if (pointer === '') return [];
  if (!pointer.startsWith('/') || badEscape.test(pointer)) return undefined;
  return pointer.slice(1).split('/').map(unescaped);
};
