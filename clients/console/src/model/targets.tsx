import type { ConsoleModel } from '../data/schemas.ts';
import { Section, State, Table } from '../ui/parts.tsx';

/** The servers that run a model, and their health. Nothing for models that run here. */
export function Targets({ versions }: { versions: readonly ConsoleModel[] }) {
  const rows = versions.flatMap(({ version, targets }) => targets.map((target) => ({ version, ...target })));
  if (rows.length === 0) return null;
  return (
    <Section
      title="Targets"
      note={`${rows.filter(({ state }) => state === 'healthy').length} of ${rows.length} healthy`}
    >
      <Table label="Targets" head={['Target', 'Version', 'State', ['In flight', 'number'], 'Reason']}>
        {rows.map(({ version, target, state, in_flight, reason }) => (
          <tr key={`${version} ${target}`}>
            <th scope="row">{target}</th>
            <td>{version}</td>
            <td>
              <State state={state} />
            </td>
            <td class="number">{in_flight}</td>
            <td class="wrap">{reason}</td>
          </tr>
        ))}
      </Table>
    </Section>
  );
}
