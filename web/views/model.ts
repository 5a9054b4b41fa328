import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { must } from '#base/must.ts';
import type { Commands } from '#model/commands.ts';
import type { Model } from '#model/model.ts';

/** The one model of the page, and its commands. */
export interface App {
  model: Model;
  commands: Commands;
}

export const AppContext = createContext<App | null>(null);

export const useApp = (): App => must(useContext(AppContext), 'views are drawn within the app');
export const useModel = (): Model => useApp().model;
