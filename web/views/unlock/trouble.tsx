import type { ProblemDocument } from '#jmap/auth/problems.ts';
import { Icon } from '#parts/icon.tsx';

/** What did not work, in words. */
export const Trouble = ({ problem }: { problem: ProblemDocument | null }) =>
  problem ? (
    <div class="trouble" role="alert">
      <Icon name="circle-alert" />
      <div>
        <b>{problem.title}</b>
        <p>{problem.detail}</p>
        {problem.words ? <p class="muted">The server said: {problem.words}</p> : null}
      </div>
    </div>
  ) : null;
