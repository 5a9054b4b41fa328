import { effect } from '@preact/signals-core';
import type { Connection } from '../connection.ts';
import { ModelError } from '../errors.ts';

/** The answer; rejects with `net/offline` as soon as Postern turns out not to answer, and does not wait until it does. */
export const unlessSilent = async <T>({ line }: Connection, answer: Promise<T>): Promise<T> => {
  const silent = Promise.withResolvers<never>();
  // How it was before is no news: whoever asks finds out.
  const before = line.peek();
  const stop = effect(() => {
    if (line.value !== before && line.value.at === 'offline')
      silent.reject(new ModelError('net/offline', 'Postern does not answer, so the letter could not be opened.'));
  });
  return Promise.race([answer, silent.promise]).finally(stop);
};
