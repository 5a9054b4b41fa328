import { systemClock } from '#base/clock.ts';
import { rotateHostFile } from '#vault/host-file.ts';
import { operatorEntry, withStore } from './operator.ts';
import { read, several, type Task } from './tasks.ts';

const dayMs = 86_400_000;

const rotate: Task = {
  name: 'rotate',
  words: '',
  summary: 'Puts a new random key into the secret file. Nobody is signed out.',
  details: [
    'For when a copy of the file may have come into wrong hands. A running Postern takes the new key within seconds; what',
    'is sealed for a session from then on does not open with a copy of the file from before. Each session is sealed anew at',
    'its next unlock, at the latest after POSTERN_SESSION_IDLE; until then, and for sessions that nobody comes back to,',
    'the copy keeps its third of the three shares. `postern user end-sessions ADDRESS` ends those of one user at once.',
    'Where several machines share the file, copy it to all of them at once.',
    '',
    'The pepper in the file stays: unlockers (mail passwords, site passwords, recovery codes, API tokens) are made with it,',
    'and none can be made anew without its owner. To replace it as well, stop Postern, delete the file and start: every',
    'stored password is then dead, and everybody signs in anew.',
  ],
  run: async (words, setting) => {
    read(words, 0);
    const { secretFile } = setting.config;
    return withStore(setting, async (store) => {
      const { epoch, entries } = rotateHostFile(secretFile, Math.floor(systemClock.now() / dayMs));
      const day = new Date(epoch * dayMs).toISOString().slice(0, 10);
      await store.audit(operatorEntry(null, 'secret-rotated', { epoch }));
      setting.say(`${secretFile} has a new random key, of ${day}; ${entries} keys in its ring. Back it up anew.`);
      return 0;
    });
  },
};

export const secret = several(
  'secret',
  'Rotates the key in the secret file.',
  ['The secret file (POSTERN_SECRET_FILE) holds the share of every secret that stands in no database.'],
  [rotate],
);
