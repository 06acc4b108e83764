/** The response to the example that requests only the label. */
export const SEVEN = {
  id: 'first',
  model_name: 'digits',
  model_version: '1',
  outputs: [{ name: 'label', datatype: 'INT64', shape: [1], data: [7] }],
};
