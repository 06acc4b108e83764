/** Series that a Prometheus exposition contains more than once, for which Prometheus rejects all of it. */
export function duplicateSeries(exposition: string): string[] {
  const seen = new Set<string>();
  return samplesOf(exposition)
    .map(({ name, labels }) => `${name}{${labels.toSorted().join(',')}}`)
    .filter((series) => seen.has(series) || !seen.add(series));
}

/** The samples of a Prometheus exposition: their names, and their labels as `name="value"`. */
export function samplesOf(exposition: string): { name: string; labels: string[] }[] {
  return exposition
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', labels = ''] = /^([^\s{]+)(?:\{(.*)\})? \S+$/.exec(line) ?? [];
      return { name, labels: labels.match(/\w+="(?:[^"\\]|\\.)*"/g) ?? [] };
    });
}
