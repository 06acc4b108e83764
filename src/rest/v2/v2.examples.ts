/** The answer to the example that asks for the label only. */
export const SEVEN = {
  id: 'first',
  model_name: 'digits',
  model_version: '1',
  outputs: [{ name: 'label', datatype: 'INT64', shape: [1], data: [7] }],
};
