/** What a form hears: it is sent without the page going away, and Escape leaves it where it can be left. */
export const formEvents = (send: () => void, leave?: () => void) => ({
  onSubmit: (event: SubmitEvent): void => {
    event.preventDefault();
    send();
  },
  onKeyDown: (event: KeyboardEvent): void => {
    if (event.key !== 'Escape' || !leave) return;
    event.preventDefault();
    leave();
  },
});
