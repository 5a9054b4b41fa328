import { useState } from 'preact/hooks';
import type { AppPasswordProgram } from '#jmap/app-password.ts';
import {
  appleProfile,
  domainOf,
  fileName,
  mobileCode,
  type SetupParts,
  thunderbirdConfig,
} from '#model/app-passwords-setup.ts';
import { randomUuid } from '#model/random.ts';
import { Icon } from '#parts/icon.tsx';
import { later } from '../later.tsx';

const code = later(async () => (await import('./app-passwords-code.tsx')).Code);

/** Hands a file to the browser to be saved; its bytes are let go at once after. */
const save = (name: string, type: string, text: string): void => {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
};

type Codes = 'mobile' | 'plain';

const codeWords: Readonly<Record<Codes, { title: string; text: string; label: string }>> = {
  mobile: {
    title: 'Thunderbird and K-9 on Android',
    text: 'In the app choose “Import settings”, then “Scan QR code”: servers, user and password are filled in.',
    label: 'Setup code for Thunderbird and K-9 on Android',
  },
  plain: {
    title: 'The password alone',
    text: 'The camera of the phone shows the password as text, to be copied into any mail program.',
    label: 'The password as a code',
  },
};

const Codes = ({ parts, program }: { parts: SetupParts; program: AppPasswordProgram }) => {
  const mobile = mobileCode(parts);
  const [wanted, setWanted] = useState<Codes>(program === 'android' ? 'mobile' : 'plain');
  const shown = mobile === null ? 'plain' : wanted;
  const words = codeWords[shown];
  return (
    <div class="ap-codes">
      <code.View text={shown === 'mobile' && mobile !== null ? mobile : parts.password} label={words.label} />
      <div>
        {mobile === null ? null : (
          <fieldset class="set-choice">
            <legend>A code to be scanned, for</legend>
            <div class="set-options">
              {(['plain', 'mobile'] as const).map((each) => (
                <label key={each}>
                  <input type="radio" name="ap-code" checked={each === shown} onChange={() => setWanted(each)} />
                  <span>{codeWords[each].title}</span>
                </label>
              ))}
            </div>
          </fieldset>
        )}
        <p>{words.text}</p>
        <p class="muted">
          It is drawn in this page and sent nowhere. Whoever photographs it has the password: show it to your own phone
          only.
        </p>
      </div>
    </div>
  );
};

/** Codes and files by which a program sets itself up. Nothing of it leaves the browser. */
export const SetupHelp = (props: { parts: SetupParts; program: AppPasswordProgram; onTook(): void }) => {
  const { parts, program } = props;
  const { address } = parts.setup;
  const profile = appleProfile(parts, randomUuid);
  const config = thunderbirdConfig(parts);
  const configName = fileName(domainOf(address), 'xml');
  return (
    <div class="ap-help">
      <Codes parts={parts} program={program} />
      {profile === null && config === null ? null : (
        <ul class="ap-files">
          {profile === null ? null : (
            <li>
              <button
                type="button"
                class="btn"
                onClick={() => {
                  save(fileName(address, 'mobileconfig'), 'application/x-apple-aspen-config', profile);
                  props.onTook();
                }}
              >
                <Icon name="download" size="s" />
                Profile for iPhone, iPad and Mac
              </button>
              <p class="muted">
                Open it on the device, then choose Settings, “Profile Downloaded”, Install. It is not signed, so the
                device says “Not Signed”. The password is in the file: delete it when the account is set up.
              </p>
            </li>
          )}
          {config === null ? null : (
            <li>
              <button type="button" class="btn" onClick={() => save(configName, 'text/xml', config)}>
                <Icon name="download" size="s" />
                Settings for Thunderbird
              </button>
              <p class="muted">
                For the case that Thunderbird does not find the servers by itself: put {configName} into the folder
                “isp” of its program folder, then add the account. There is no password in the file.
              </p>
            </li>
          )}
        </ul>
      )}
    </div>
  );
};
