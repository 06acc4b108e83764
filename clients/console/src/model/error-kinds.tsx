import type { ConsoleModel } from '../data/schemas.ts';
import { percent } from '../ui/format.ts';
import { Section, Table } from '../ui/parts.tsx';

/** How many requests have failed, by kind of error. Nothing if none has. */
export function ErrorKinds({ versions }: { versions: readonly ConsoleModel[] }) {
  const counts = new Map<string, number>();
  for (const { errors } of versions)
    for (const [kind, count] of Object.entries(errors))
      if (count > 0) counts.set(kind, (counts.get(kind) ?? 0) + count);
  if (counts.size === 0) return null;
  const requests = versions.reduce((sum, each) => sum + each.requests, 0);
  const rows = [...counts].toSorted(([, one], [, other]) => other - one);
  return (
    <Section title="Errors by kind" note="since the start">
      <Table
        label="Errors by kind"
        head={['Kind', ['Requests', 'number'], ['Share of all requests', 'number']]}
      >
        {rows.map(([kind, count]) => (
          <tr key={kind}>
            <th scope="row">{kind.replaceAll('_', ' ')}</th>
            <td class="number">{count.toLocaleString()}</td>
            <td class="number">{percent(requests === 0 ? null : count / requests)}</td>
          </tr>
        ))}
      </Table>
    </Section>
  );
}
