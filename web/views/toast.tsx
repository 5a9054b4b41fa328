import { Icon, isIcon } from '#parts/icon.tsx';
import { IconButton } from '#parts/tooltip.tsx';
import { useModel } from './model.ts';

export const ToastView = () => {
  const { toasts } = useModel();
  const toast = toasts.current.value;
  if (!toast) return null;
  return (
    <aside class={`toast ${toast.tone}`} aria-label="What happened">
      {toast.tone === 'failed' ? (
        <Icon name="triangle-alert" size="s" />
      ) : isIcon(toast.icon) ? (
        <Icon name={toast.icon} size="s" />
      ) : null}
      <span class="words cut">{toast.text}</span>
      {toast.actions.map((action) => (
        <button key={action.label} type="button" class="btn" onClick={() => (action.run(), toasts.dismiss(toast.id))}>
          {action.label}
          {action.cap ? <kbd>{action.cap}</kbd> : null}
        </button>
      ))}
      {toast.tone === 'failed' ? (
        <IconButton icon="x" label="Dismiss" size="sm" onClick={() => toasts.dismiss(toast.id)} />
      ) : null}
    </aside>
  );
};
