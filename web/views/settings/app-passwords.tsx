import { useEffect, useRef, useState } from 'preact/hooks';
import type { AppPasswordCapability } from '#jmap/app-password.ts';
import type { AccountId } from '#jmap/ids.ts';
import { type AppPasswords, openAppPasswords } from '#model/app-passwords.ts';
import { modeWords } from '#model/app-passwords-words.ts';
import type { Mail } from '#model/mail.ts';
import type { Model } from '#model/model.ts';
import { Icon } from '#parts/icon.tsx';
import { Arch } from '#parts/people.tsx';
import { Tabs } from '#parts/tabs.tsx';
import { useModel } from '../model.ts';
import { colourOfAccount, initialOf, nameOfAccount } from '../gate.tsx';
import { capabilityOf } from './app-passwords-capability.ts';
import { AtProvider, OnePassword } from './app-passwords-elsewhere.tsx';
import { ManagedHere } from './app-passwords-here.tsx';
import { OwnPasswords } from './app-passwords-own.tsx';
import { PageHead } from './page-head.tsx';
import './app-passwords.css';

interface Gate {
  mail: Mail;
  index: number;
  name: string;
  capability: AppPasswordCapability;
}

const gatesOf = (model: Model): Gate[] =>
  model.mails.value.flatMap((mail, index) => {
    const capability = capabilityOf(model, mail.id);
    return capability ? [{ mail, index, name: nameOfAccount(mail), capability }] : [];
  });

/** One model for each account, while the page is open; with it goes what was shown once. */
const usePasswords = (model: Model): ((id: AccountId) => AppPasswords) => {
  const [known] = useState(() => new Map<AccountId, AppPasswords>());
  useEffect(
    () => () => {
      for (const each of known.values()) each.putAway();
      known.clear();
    },
    [],
  );
  return (id) => {
    const found = known.get(id) ?? openAppPasswords(model.connection, id);
    known.set(id, found);
    return found;
  };
};

const leaving = {
  title: 'Leave without the password?',
  text: 'It was not copied, and Postern cannot show it again. If you leave, revoke it and make another one.',
  yes: 'Leave',
  no: 'Stay',
};

/** A password that is shown and was not taken holds the page: closing and leaving ask first. */
const useHold = (model: Model, untaken: boolean): void =>
  useEffect(() => {
    if (!untaken) return undefined;
    const letGo = model.router.hold(() => model.ask(leaving));
    const closing = (event: BeforeUnloadEvent): void => event.preventDefault();
    addEventListener('beforeunload', closing);
    return () => {
      letGo();
      removeEventListener('beforeunload', closing);
    };
  }, [untaken]);

const Panel = (props: { gate: Gate; passwords: AppPasswords; making: boolean; onMade(): void }) => {
  const { gate, passwords } = props;
  const { mode, provider, policy } = gate.capability;
  if (mode === 'provider' && provider) return <AtProvider provider={provider} account={gate.name} />;
  if (mode !== 'here' || !policy) return <OnePassword account={gate.name} />;
  return (
    <ManagedHere
      key={gate.mail.id}
      passwords={passwords}
      told={gate.mail.appPasswords.value}
      policy={policy}
      account={gate.name}
      person={gate.mail.identities.value[0]?.name ?? ''}
      making={props.making}
      onMade={props.onMade}
    />
  );
};

export const AppPasswordsPage = () => {
  const model = useModel();
  const passwordsOf = usePasswords(model);
  const [chosen, setChosen] = useState<AccountId | null>(null);
  const [making, setMaking] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const gates = gatesOf(model);
  const gate = gates.find(({ mail }) => mail.id === chosen) ?? gates[0];
  const passwords = gate ? passwordsOf(gate.mail.id) : null;
  const here = gate?.capability.mode === 'here';
  useHold(
    model,
    gates.some(({ mail }) => passwordsOf(mail.id).fresh.value?.taken === false),
  );
  const closeForm = (): void => {
    setMaking(false);
    requestAnimationFrame(() => {
      if (!passwords?.fresh.peek()) opener.current?.focus();
    });
  };
  return (
    <>
      <PageHead
        title="App passwords"
        action={
          here && !making && passwords?.state.value.at === 'ready' ? (
            <button ref={opener} type="button" class="btn primary" onClick={() => setMaking(true)}>
              <Icon name="plus" size="s" />
              New app password
            </button>
          ) : null
        }
      >
        Give every phone and mail program its own password. When one is lost, you close that door and the others stay
        open.
      </PageHead>
      <Tabs
        label="Accounts"
        class="ap-tabs"
        id="ap-tab"
        controls="ap-panel"
        tabs={gates.map(({ mail, index, name, capability }) => ({
          key: mail.id,
          label: name,
          mark: <Arch initial={initialOf(name)} colour={colourOfAccount(mail, index)} />,
          note: modeWords(capability),
        }))}
        chosen={gate?.mail.id ?? ('' as AccountId)}
        onChoose={(id) => {
          setChosen(id);
          setMaking(false);
        }}
      />
      {gate && passwords ? (
        <div id="ap-panel" role="tabpanel" aria-labelledby={`ap-tab-${gate.mail.id}`} class="ap-panel">
          <Panel gate={gate} passwords={passwords} making={making} onMade={closeForm} />
        </div>
      ) : null}
      <OwnPasswords />
    </>
  );
};
