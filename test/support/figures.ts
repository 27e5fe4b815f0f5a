/** Figures as Prometheus would read them. */
export interface Figures {
  /** Of all series that have these labels; 0 where there is none. */
  readonly sum: (name: string, labels: Readonly<Record<string, string>>) => number;
  /** Undefined where there is none. */
  readonly max: (name: string, labels: Readonly<Record<string, string>>) => number | undefined;
}

const LINE = /^(\w+)(?:\{(.*)\})? (\S+)$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** @param text what a worker shows under /metrics */
export function figuresIn(text: string): Figures {
  const all = text.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = LINE.exec(line) ?? [];
    if (name === undefined) return [];
    const pairs = Array.from(labels.matchAll(LABEL), ([, key = '', of = '']): [string, string] => [key, of]);
    return [{ name, labels: new Map(pairs), value: Number(value) }];
  });
  const values = (name: string, labels: Readonly<Record<string, string>>): readonly number[] =>
    all
      .filter((figure) => figure.name === name)
      .filter((figure) => Object.entries(labels).every(([key, of]) => figure.labels.get(key) === of))
      .map(({ value }) => value);
  return {
    sum: (name, labels) => values(name, labels).reduce((total, value) => total + value, 0),
    max: (name, labels) => {
      const found = values(name, labels);
      return found.length === 0 ? undefined : Math.max(...found);
    },
  };
}
