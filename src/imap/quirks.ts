export interface Quirks {
  names: readonly string[];
}
