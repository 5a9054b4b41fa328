import { useEffect, useRef, useState } from 'preact/hooks';
import type { NewToken, TokenFacts } from '#jmap/auth/tokens.ts';
import { foldTime } from '#model/format.ts';
import { type Life, lives, openTokens, type TokenWish } from '#model/settings/tokens.ts';
import { ago } from '#model/settings/words.ts';
import { formEvents } from '#parts/form-events.ts';
import { Icon } from '#parts/icon.tsx';
import { isFocusFree } from '#parts/regions.ts';
import { IconButton } from '#parts/tooltip.tsx';
import { useModel } from '../model.ts';
import { LoadedRows, SetRow } from './row.tsx';

const lifeNames = new Map<Life, string>([
  [30, 'In 30 days'],
  [90, 'In 90 days'],
  [365, 'In a year'],
  [null, 'Never'],
]);

const MakeToken = ({ onMake, onClose }: { onMake(wish: TokenWish): Promise<boolean>; onClose(): void }) => {
  const [name, setName] = useState('');
  const [readOnly, setReadOnly] = useState(false);
  const [life, setLife] = useState<Life>(90);
  const [missing, setMissing] = useState(false);
  const [busy, setBusy] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  const submit = async (): Promise<void> => {
    if (busy) return;
    if (name.trim() === '') {
      setMissing(true);
      input.current?.focus();
      return;
    }
    setBusy(true);
    if (await onMake({ name, readOnly, life })) onClose();
    else setBusy(false);
  };
  return (
    <form class="set-card" aria-label="New API token" {...formEvents(() => void submit(), onClose)}>
      <div class="set-fields">
        <label class="set-field">
          <span>Name</span>
          <input
            ref={input}
            class="field"
            type="text"
            maxLength={200}
            autocomplete="off"
            placeholder="The program it is for"
            aria-invalid={missing}
            aria-describedby={missing ? 'set-token-missing' : undefined}
            value={name}
            onInput={(event) => {
              setName(event.currentTarget.value);
              setMissing(false);
            }}
          />
          {missing ? (
            <small id="set-token-missing" class="set-wrong">
              Give it a name, so that you know it again.
            </small>
          ) : null}
        </label>
        <label class="set-field">
          <span>Ends</span>
          <select
            class="field"
            value={String(life)}
            onChange={(event) => setLife(lives.find((each) => String(each) === event.currentTarget.value) ?? null)}
          >
            {lives.map((each) => (
              <option key={each} value={String(each)}>
                {lifeNames.get(each)}
              </option>
            ))}
          </select>
        </label>
      </div>
      <label class="set-check">
        <input type="checkbox" checked={readOnly} onChange={(event) => setReadOnly(event.currentTarget.checked)} />
        <span>
          It may only read
          <small>It changes, moves, deletes and sends nothing.</small>
        </span>
      </label>
      <div class="set-acts">
        <button type="submit" class="btn primary" aria-disabled={busy}>
          Make token
        </button>
        <button type="button" class="btn quiet" onClick={onClose}>
          Cancel
        </button>
      </div>
    </form>
  );
};

const FreshToken = ({ token, onClose }: { token: NewToken; onClose(): void }) => {
  const { toasts } = useModel();
  const [copied, setCopied] = useState(false);
  const own = useRef<HTMLButtonElement>(null);
  const code = useRef<HTMLElement>(null);
  useEffect(() => own.current?.focus(), [token.id]);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(token.token);
      setCopied(true);
      toasts.say('Copied');
    } catch {
      // The browser keeps the clipboard to itself: the text is selected, Ctrl+C takes it.
      if (code.current) getSelection()?.selectAllChildren(code.current);
      toasts.say('Selected. Copy it with Ctrl+C.');
    }
  };
  return (
    <section class="set-card ready" aria-labelledby="set-fresh">
      <header>
        <h3 id="set-fresh">Token “{token.name}” is ready</h3>
        <IconButton icon="x" label="Put away" size="sm" onClick={onClose} />
      </header>
      <p>Give it to the program now. Postern does not keep it and cannot show it again.</p>
      <div class="set-secret">
        <code ref={code}>{token.token}</code>
        <button ref={own} type="button" class="btn" onClick={() => void copy()}>
          <Icon name={copied ? 'check' : 'copy'} size="s" />
          {copied ? 'Copied' : 'Copy'}
        </button>
      </div>
      <p class="muted">
        Address for JMAP: <b>{`${location.origin}/.well-known/jmap`}</b>
      </p>
    </section>
  );
};

const TokenRow = ({ token, now, onDelete }: { token: TokenFacts; now: Date; onDelete(): void }) => {
  const over = token.expiresAt !== null && Date.parse(token.expiresAt) <= now.getTime();
  const end = token.expiresAt === null ? 'never ends' : `${over ? 'ended' : 'ends'} ${foldTime(token.expiresAt, now)}`;
  return (
    <SetRow
      icon="key-round"
      title={token.name}
      detail={`Made ${foldTime(token.createdAt, now)}, ${end}`}
      aside={token.readOnly ? 'May only read' : 'May read, change and send'}
      asideDetail={token.lastUsedAt === null ? 'Not used yet' : `Last used ${ago(token.lastUsedAt, now)}`}
    >
      <button type="button" class="btn quiet danger" aria-label={`Delete the token ${token.name}`} onClick={onDelete}>
        Delete
      </button>
    </SetRow>
  );
};

export const ApiTokens = () => {
  const model = useModel();
  const [tokens] = useState(() => openTokens(model));
  const [making, setMaking] = useState(false);
  const heading = useRef<HTMLHeadingElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  useEffect(() => void tokens.load(), []);
  const fresh = tokens.fresh.value;
  const now = new Date(model.clock.now());
  const close = (): void => {
    setMaking(false);
    requestAnimationFrame(() => tokens.fresh.peek() ?? opener.current?.focus());
  };
  return (
    <section aria-labelledby="set-tokens">
      <header class="set-h">
        <div>
          <h2 id="set-tokens" ref={heading} tabIndex={-1}>
            API tokens
          </h2>
          <p>
            A token lets a program of yours use your mail through JMAP, without your password and without a browser: it
            reads all your mail, and unless it may only read, it changes, deletes and sends in your name. It works until
            it ends or you delete it. Keep it as you keep a password.
          </p>
        </div>
        {making ? null : (
          <button ref={opener} type="button" class="btn primary" onClick={() => setMaking(true)}>
            <Icon name="plus" size="s" />
            New token
          </button>
        )}
      </header>
      {making ? <MakeToken onMake={(wish) => tokens.make(wish)} onClose={close} /> : null}
      {fresh ? (
        <FreshToken
          token={fresh}
          onClose={() => {
            tokens.fresh.value = null;
            heading.current?.focus();
          }}
        />
      ) : null}
      <LoadedRows
        state={tokens.state.value}
        label="API tokens"
        none="There is no token: no program reaches your mail this way."
        onRetry={() => void tokens.load()}
        row={(token) => (
          <TokenRow
            key={token.id}
            token={token}
            now={now}
            onDelete={() =>
              void tokens.remove(token).then(() => {
                if (isFocusFree()) heading.current?.focus();
              })
            }
          />
        )}
      />
    </section>
  );
};
