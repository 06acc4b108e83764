/** Series of a Prometheus exposition that stand in it more than once, for which Prometheus refuses all of it. */
export function duplicateSeries(exposition: string): string[] {
  const seen = new Set<string>();
  return exposition
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map(seriesOf)
    .filter((series) => seen.has(series) || !seen.add(series));
}

/** The name and the labels of a sample, these in one order. */
function seriesOf(sample: string): string {
  const [, name = '', labels = ''] = /^([^\s{]+)(?:\{(.*)\})? \S+$/.exec(sample) ?? [];
  const pairs = labels.match(/\w+="(?:[^"\\]|\\.)*"/g) ?? [];
  return `${name}{${pairs.toSorted().join(',')}}`;
}
