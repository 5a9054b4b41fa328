import { Dialog } from '#parts/dialog.tsx';
import { useModel } from './model.ts';

/** The question before what cannot be undone; it names the thing. */
export const Confirm = () => {
  const asked = useModel().question.value;
  if (!asked) return null;
  return (
    <Dialog
      title={asked.title}
      alert
      focus=".keep"
      onClose={() => asked.answer(false)}
      footer={
        <>
          <button type="button" class="btn keep" onClick={() => asked.answer(false)}>
            {asked.no}
          </button>
          <button type="button" class="btn primary danger" onClick={() => asked.answer(true)}>
            {asked.yes}
          </button>
        </>
      }
    >
      <p>{asked.text}</p>
    </Dialog>
  );
};
