import { useEffect, useState } from 'preact/hooks';

interface Props {
  readonly start: unknown;
  /** Undefined while the text is not JSON. */
  readonly onChange: (body: unknown) => void;
}

/** The body of a request as text. */
export function JsonEditor({ start, onChange }: Props) {
  const [text, setText] = useState(() =>
    JSON.stringify(start, null, 1).replaceAll(/\n\s*(-?[\d.e+]+,?)(?=\n)/g, ' $1'),
  );
  const [problem, setProblem] = useState('');
  useEffect(() => {
    try {
      onChange(JSON.parse(text));
      setProblem('');
    } catch (error) {
      onChange(undefined);
      setProblem((error as Error).message);
    }
  }, [text]);
  return (
    <>
      <label class="block">
        Request
        <textarea
          class="code"
          rows={12}
          spellcheck={false}
          value={text}
          aria-invalid={problem !== ''}
          aria-describedby="json-problem"
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
      </label>
      <p id="json-problem" class="bad small">
        {problem}
      </p>
    </>
  );
}
