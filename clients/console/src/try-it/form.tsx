import { flat, withElements, type Inputs, type Value } from './editors.ts';

interface Props {
  readonly inputs: Inputs;
  readonly onChange: (inputs: Inputs) => void;
}

/** A field for each element of each input. */
export function Form({ inputs, onChange }: Props) {
  return (
    <>
      {Object.entries(inputs).map(([name, value]) => (
        <Fields
          key={name}
          name={name}
          value={value}
          onChange={(changed) => onChange({ ...inputs, [name]: changed })}
        />
      ))}
    </>
  );
}

interface FieldsProps {
  readonly name: string;
  readonly value: Value;
  readonly onChange: (value: Value) => void;
}

function Fields({ name, value, onChange }: FieldsProps) {
  const elements = flat(value);
  const isOne = elements.length === 1;
  const set = (at: number, element: Value) =>
    onChange(withElements(value, (index, before) => (index === at ? element : before)));
  return (
    <fieldset>
      <legend>
        <code>{name}</code>
      </legend>
      <div class={isOne ? 'fields one' : 'fields'}>
        {elements.map((element, index) => (
          <Field
            key={index}
            label={isOne ? name : `${name} ${index + 1}`}
            element={element}
            onChange={(changed) => set(index, changed)}
          />
        ))}
      </div>
    </fieldset>
  );
}

interface FieldProps {
  readonly label: string;
  readonly element: Value;
  readonly onChange: (element: Value) => void;
}

function Field({ label, element, onChange }: FieldProps) {
  if (typeof element === 'boolean')
    return (
      <input
        type="checkbox"
        aria-label={label}
        checked={element}
        onChange={({ currentTarget }) => onChange(currentTarget.checked)}
      />
    );
  if (typeof element === 'string')
    return (
      <input
        type="text"
        aria-label={label}
        value={element}
        onInput={({ currentTarget }) => onChange(currentTarget.value)}
      />
    );
  return (
    <input
      type="number"
      step="any"
      aria-label={label}
      value={typeof element === 'number' ? element : ''}
      onInput={({ currentTarget: { valueAsNumber } }) => {
        if (Number.isFinite(valueAsNumber)) onChange(valueAsNumber);
      }}
    />
  );
}
