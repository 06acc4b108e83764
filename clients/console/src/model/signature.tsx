import type { ComponentChildren } from 'preact';
import type { SignatureTensor, VersionDetails } from '../data/schemas.ts';
import { bytes } from '../ui/format.ts';
import { Section } from '../ui/parts.tsx';

/** What a version takes and returns. */
export function Signature({ version }: { version: VersionDetails }) {
  const { signature, batching, task, file_bytes, onnx } = version;
  const extra = signature!.extra_outputs ?? [];
  return (
    <Section title="Signature" note={`version ${version.version}`}>
      <div class="panel padded">
        <Tensors title="Inputs" tensors={signature!.inputs} />
        <Tensors title="Outputs" tensors={signature!.outputs} />
        {extra.length > 0 && <Tensors title="Outputs on request" tensors={extra} />}
        <dl class="pairs">
          {task && <Pair name="Task">{task.name.replaceAll('_', ' ')}</Pair>}
          {task?.max_tokens && <Pair name="Longest text">{task.max_tokens} tokens</Pair>}
          {batching && (
            <Pair name="Batching">
              {batching.enabled ? `up to ${batching.max_batch_rows} rows` : `off: ${batching.why_not}`}
            </Pair>
          )}
          {file_bytes !== undefined && <Pair name="Model file">{bytes(file_bytes)}</Pair>}
          {onnx && onnx.producer_name !== '' && (
            <Pair name="Made by">
              {onnx.producer_name} {onnx.producer_version}
            </Pair>
          )}
        </dl>
      </div>
    </Section>
  );
}

function Tensors({ title, tensors }: { title: string; tensors: readonly SignatureTensor[] }) {
  return (
    <>
      <h3>{title}</h3>
      <ul class="tensors">
        {tensors.map(({ name, datatype, shape }) => (
          <li key={name}>
            <code>{name}</code>
            <span class="muted">
              {datatype} [{shape.map((size) => (size === -1 ? 'n' : size)).join(', ')}]
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

function Pair({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
