import { Problem, type Blame } from '#base/problem.ts';

/** `config/invalid`: `complaints` has one sentence for each wrong value, ready to be printed. */
export class ConfigError extends Problem {
  override readonly name = 'ConfigError';
  readonly code: 'config/invalid' | 'config/file';
  readonly blame: Blame = 'operator';
  readonly complaints: readonly string[];

  constructor(code: ConfigError['code'], complaints: readonly string[], options?: ErrorOptions) {
    super(complaints.join(' '), options);
    this.code = code;
    this.complaints = complaints;
  }
}
