import { useEffect, useState } from 'preact/hooks';

interface Words {
  id: number;
  text: string;
}

const rest = 500;

/** Says each text once; what comes within half a second is said together. */
const useSaid = (words: Words): string => {
  const [said, setSaid] = useState('');
  const [queue] = useState<{ texts: string[]; timer: number; last: number }>({ texts: [], timer: 0, last: 0 });
  useEffect(() => {
    if (words.id === queue.last || words.text === '') return;
    queue.last = words.id;
    queue.texts.push(words.text);
    window.clearTimeout(queue.timer);
    setSaid('');
    queue.timer = window.setTimeout(() => {
      setSaid(queue.texts.join(' '));
      queue.texts = [];
    }, rest);
  }, [words]);
  return said;
};

/** The two live regions of the page. */
export const LiveRegions = ({ polite, assertive }: { polite: Words; assertive: Words }) => {
  const calm = useSaid(polite);
  const urgent = useSaid(assertive);
  return (
    <>
      <div class="vh" role="status" aria-live="polite">
        {calm}
      </div>
      <div class="vh" role="alert" aria-live="assertive">
        {urgent}
      </div>
    </>
  );
};
