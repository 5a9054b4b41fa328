/**
 * What the app and the editor say to each other. The editor is a document of its own in a frame with scripts but without
 * the app's origin (`sandbox="allow-scripts"`): HTML of a mail is never parsed in the app's document.
 * The app hands over one end of a MessageChannel when the frame has loaded; everything after that goes through it.
 */
export type Command =
  | 'bold'
  | 'italic'
  | 'underline'
  | 'strikethrough'
  | 'bullets'
  | 'numbers'
  | 'quote'
  | 'undo'
  | 'redo'
  | 'clear'
  | 'left'
  | 'center'
  | 'right';

/** A caret or a selection: the way to each end from the root, by index of the child nodes, and the offset there. */
export interface Place {
  anchor: readonly number[];
  focus: readonly number[];
}

export type ToEditor =
  | { do: 'set'; html: string; label: string }
  /** The caret to the end of the text. `ahead`: typed on the way to it, before what is there by now. */
  | { do: 'focus'; ahead?: string }
  /** Where the caret stood; as near as the text allows. */
  | { do: 'place'; place: Place; focus: boolean }
  | { do: 'command'; name: Command }
  /** Null: take the link away. */
  | { do: 'link'; href: string | null }
  /** CSS custom properties of the theme. */
  | {
      do: 'theme';
      scheme: 'light' | 'dark';
      variables: Readonly<Record<string, string>>;
      font: { family: string; url: string };
    }
  | { do: 'append'; html: string }
  /** The bytes of an image that stands in the text, as `wants` asked for. */
  | { do: 'image'; cid: string; type: string; bytes: ArrayBuffer }
  /** Answered by `clean` with the same id. */
  | { do: 'clean'; id: number; html: string };

export type Active = 'bold' | 'italic' | 'underline' | 'strikethrough' | 'link' | 'bullets' | 'numbers' | 'quote';

export type FromEditor =
  | { on: 'ready' }
  | { on: 'change'; html: string }
  /** Of the content, in CSS pixels. */
  | { on: 'height'; pixels: number }
  | { on: 'place'; place: Place }
  | { on: 'active'; styles: readonly Active[] }
  /** Keys that are the app's: Ctrl+Enter, Escape, Tab and the like, as the app's key map writes them. */
  | { on: 'key'; key: string; ctrlKey: boolean; metaKey: boolean; shiftKey: boolean }
  /** An image was put into the text. */
  | { on: 'image'; cid: string; name: string; type: string; bytes: ArrayBuffer }
  /** HTML that was set names an image by its Content-ID. */
  | { on: 'wants'; cid: string }
  | { on: 'files'; files: File[] }
  /** `text`: the same in plain text. */
  | { on: 'clean'; id: number; html: string; text: string };
