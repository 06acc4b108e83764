// Written by `yarn sdk`.

export interface Models {
  'bitmap-blocks': {
    inputs: Schemas['BitmapBlocksInputs'];
    outputs: Schemas['BitmapBlocksOutputs'];
    classes: undefined;
    inputRows: Schemas['BitmapBlocksInputRows'];
    outputRows: Schemas['BitmapBlocksOutputRows'];
    classRows: undefined;
    tensors: { inputs: { bitmap: 'UINT8' }; outputs: { image: 'FP32' } };
  };
  'breast-tumor': {
    inputs: Schemas['BreastTumorInputs'];
    outputs: Schemas['BreastTumorOutputs'];
    classes: Schemas['BreastTumorItemResponse']['classes'];
    inputRows: Schemas['BreastTumorInputRows'];
    outputRows: Schemas['BreastTumorOutputRows'];
    classRows: Schemas['BreastTumorRowsResponse']['classes'];
    tensors: {
      inputs: { mean: 'FP32'; error: 'FP32'; worst: 'FP32' };
      outputs: { label: 'BYTES'; probabilities: 'FP32' };
    };
  };
  digits: {
    inputs: Schemas['DigitsInputs'];
    outputs: Schemas['DigitsOutputs'];
    classes: Schemas['DigitsItemResponse']['classes'];
    inputRows: Schemas['DigitsInputRows'];
    outputRows: Schemas['DigitsOutputRows'];
    classRows: Schemas['DigitsRowsResponse']['classes'];
    tensors: { inputs: { image: 'FP32' }; outputs: { label: 'INT64'; probabilities: 'FP32' } };
  };
  'digits-from-bitmap': {
    inputs: Schemas['DigitsFromBitmapInputs'];
    outputs: Schemas['DigitsFromBitmapOutputs'];
    classes: Schemas['DigitsFromBitmapItemResponse']['classes'];
    inputRows: Schemas['DigitsFromBitmapInputRows'];
    outputRows: Schemas['DigitsFromBitmapOutputRows'];
    classRows: Schemas['DigitsFromBitmapRowsResponse']['classes'];
    tensors: { inputs: { bitmap: 'UINT8' }; outputs: { label: 'INT64'; probabilities: 'FP32' } };
  };
  language: {
    inputs: Schemas['LanguageInputs'];
    outputs: Schemas['LanguageOutputs'];
    classes: Schemas['LanguageItemResponse']['classes'];
    inputRows: Schemas['LanguageInputRows'];
    outputRows: Schemas['LanguageOutputRows'];
    classRows: Schemas['LanguageRowsResponse']['classes'];
    tensors: { inputs: { text: 'BYTES' }; outputs: { label: 'BYTES'; probabilities: 'FP32' } };
  };
  sentences: {
    inputs: Schemas['SentencesInputs'];
    outputs: Schemas['SentencesOutputs'];
    classes: Schemas['SentencesItemResponse']['classes'];
    inputRows: Schemas['SentencesInputRows'];
    outputRows: Schemas['SentencesOutputRows'];
    classRows: Schemas['SentencesRowsResponse']['classes'];
    tensors: {
      inputs: { text: 'BYTES' };
      outputs: { embedding: 'FP32'; token_embeddings: 'FP32'; tokens: 'INT64' };
    };
  };
  'text-direction': {
    inputs: Schemas['TextDirectionInputs'];
    outputs: Schemas['TextDirectionOutputs'];
    classes: Schemas['TextDirectionItemResponse']['classes'];
    inputRows: Schemas['TextDirectionInputRows'];
    outputRows: Schemas['TextDirectionOutputRows'];
    classRows: Schemas['TextDirectionRowsResponse']['classes'];
    tensors: { inputs: { image: 'BYTES' }; outputs: { scores: 'FP32'; logits: 'FP32' } };
  };
}
type Schemas = components['schemas'];

export interface components {
  schemas: {
    /**
     * @description An element of datatype UINT8.
     * @example 1
     */
    ElementUINT8: number;
    /**
     * @description An element of datatype FP32.
     * @example 0.5
     */
    ElementFP32: number | ('NaN' | 'Infinity' | '-Infinity');
    /**
     * @description An element of datatype FP32, or null for a missing value, which is read as NaN.
     * @example 0.5
     */
    ElementFP32OrNull: components['schemas']['ElementFP32'] | null;
    /**
     * @description An element of datatype BYTES.
     * @example text
     */
    ElementBYTES: string;
    /**
     * Format: int64
     * @description An element of datatype INT64.
     * @example 1
     */
    ElementINT64: number;
    BitmapBlocksInputs: {
      /** @description UINT8 [-1,32,32], one row */
      bitmap: components['schemas']['ElementUINT8'][][];
    };
    BitmapBlocksOutputs: {
      /** @description FP32 [-1,8,8], one row */
      image?: components['schemas']['ElementFP32'][][];
    };
    BitmapBlocksInputRows: {
      /** @description UINT8 [-1,32,32] */
      bitmap: components['schemas']['ElementUINT8'][][][];
    };
    BitmapBlocksOutputRows: {
      /** @description FP32 [-1,8,8] */
      image?: components['schemas']['ElementFP32'][][][];
    };
    BitmapBlocksItemResponse: {
      outputs: components['schemas']['BitmapBlocksOutputs'];
      /** @description Returned in the response. */
      id?: string;
      model: string;
      version: string;
    };
    BitmapBlocksRowsResponse: {
      outputs: components['schemas']['BitmapBlocksOutputRows'];
      /** @description Returned in the response. */
      id?: string;
      model: string;
      version: string;
    };
    BreastTumorInputs: {
      /** @description FP32 [-1,10], one row */
      mean: components['schemas']['ElementFP32OrNull'][];
      /** @description FP32 [-1,10], one row */
      error: components['schemas']['ElementFP32OrNull'][];
      /** @description FP32 [-1,10], one row */
      worst: components['schemas']['ElementFP32OrNull'][];
    };
    BreastTumorOutputs: {
      /** @description BYTES [-1], one row */
      label?: components['schemas']['ElementBYTES'];
      /** @description FP32 [-1,2], one row */
      probabilities?: components['schemas']['ElementFP32'][];
    };
    BreastTumorInputRows: {
      /** @description FP32 [-1,10] */
      mean: components['schemas']['ElementFP32OrNull'][][];
      /** @description FP32 [-1,10] */
      error: components['schemas']['ElementFP32OrNull'][][];
      /** @description FP32 [-1,10] */
      worst: components['schemas']['ElementFP32OrNull'][][];
    };
    BreastTumorOutputRows: {
      /** @description BYTES [-1] */
      label?: components['schemas']['ElementBYTES'][];
      /** @description FP32 [-1,2] */
      probabilities?: components['schemas']['ElementFP32'][][];
    };
    BreastTumorItemResponse: {
      outputs: components['schemas']['BreastTumorOutputs'];
      /** @description Returned in the response. */
      id?: string;
      model: string;
      version: string;
      /** @description The classes of each row with the highest scores, highest first. */
      classes?: {
        probabilities?: {
          /** @enum {string} */
          label: 'malignant' | 'benign';
          score: components['schemas']['ElementFP32'];
        }[];
      };
    };
    BreastTumorRowsResponse: {
      outputs: components['schemas']['BreastTumorOutputRows'];
      /** @description Returned in the response. */
      id?: string;
      model: string;
      version: string;
      /** @description The classes of each row with the highest scores, highest first. */
      classes?: {
        probabilities?: {
          /** @enum {string} */
          label: 'malignant' | 'benign';
          score: components['schemas']['ElementFP32'];
        }[][];
      };
    };
    DigitsInputs: {
      /** @description FP32 [-1,8,8], one row */
      image: components['schemas']['ElementFP32OrNull'][][];
    };
    DigitsOutputs: {
      /** @description INT64 [-1], one row */
      label?: components['schemas']['ElementINT64'];
      /** @description FP32 [-1,10], one row */
      probabilities?: components['schemas']['ElementFP32'][];
    };
    DigitsInputRows: {
      /** @description FP32 [-1,8,8] */
      image: components['schemas']['ElementFP32OrNull'][][][];
    };
    DigitsOutputRows: {
      /** @description INT64 [-1] */
      label?: components['schemas']['ElementINT64'][];
      /** @description FP32 [-1,10] */
      probabilities?: components['schemas']['ElementFP32'][][];
    };
    DigitsItemResponse: {
      outputs: components['schemas']['DigitsOutputs'];
      /** @description Returned in the response. */
      id?: string;
      model: string;
      version: string;
      /** @description The classes of each row with the highest scores, highest first. */
      classes?: {
        probabilities?: {
          /** @enum {string} */
          label: '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9';
          score: components['schemas']['ElementFP32'];
        }[];
      };
    };
    DigitsRowsResponse: {
      outputs: components['schemas']['DigitsOutputRows'];
      /** @description Returned in the response. */
      id?: string;
      model: string;
      version: string;
      /** @description The classes of each row with the highest scores, highest first. */
      classes?: {
        probabilities?: {
          /** @enum {string} */
          label: '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9';
          score: components['schemas']['ElementFP32'];
        }[][];
      };
    };
    DigitsFromBitmapInputs: {
      /** @description UINT8 [-1,32,32], one row */
      bitmap: components['schemas']['ElementUINT8'][][];
    };
    DigitsFromBitmapOutputs: {
      /** @description INT64 [-1], one row */
      label?: components['schemas']['ElementINT64'];
      /** @description FP32 [-1,10], one row */
      probabilities?: components['schemas']['ElementFP32'][];
    };
    DigitsFromBitmapInputRows: {
      /** @description UINT8 [-1,32,32] */
      bitmap: components['schemas']['ElementUINT8'][][][];
    };
    DigitsFromBitmapOutputRows: {
      /** @description INT64 [-1] */
      label?: components['schemas']['ElementINT64'][];
      /** @description FP32 [-1,10] */
      probabilities?: components['schemas']['ElementFP32'][][];
    };
    DigitsFromBitmapItemResponse: {
      outputs: components['schemas']['DigitsFromBitmapOutputs'];
      /** @description Returned in the response. */
      id?: string;
      model: string;
      version: string;
      /** @description The classes of each row with the highest scores, highest first. */
      classes?: {
        probabilities?: {
          /** @enum {string} */
          label: '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9';
          score: components['schemas']['ElementFP32'];
        }[];
      };
    };
    DigitsFromBitmapRowsResponse: {
      outputs: components['schemas']['DigitsFromBitmapOutputRows'];
      /** @description Returned in the response. */
      id?: string;
      model: string;
      version: string;
      /** @description The classes of each row with the highest scores, highest first. */
      classes?: {
        probabilities?: {
          /** @enum {string} */
          label: '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9';
          score: components['schemas']['ElementFP32'];
        }[][];
      };
    };
    LanguageInputs: {
      /** @description BYTES [-1], one row */
      text: components['schemas']['ElementBYTES'];
    };
    LanguageOutputs: {
      /** @description BYTES [-1], one row */
      label?: components['schemas']['ElementBYTES'];
      /** @description FP32 [-1,16], one row */
      probabilities?: components['schemas']['ElementFP32'][];
    };
    LanguageInputRows: {
      /** @description BYTES [-1] */
      text: components['schemas']['ElementBYTES'][];
    };
    LanguageOutputRows: {
      /** @description BYTES [-1] */
      label?: components['schemas']['ElementBYTES'][];
      /** @description FP32 [-1,16] */
      probabilities?: components['schemas']['ElementFP32'][][];
    };
    LanguageItemResponse: {
      outputs: components['schemas']['LanguageOutputs'];
      /** @description Returned in the response. */
      id?: string;
      model: string;
      version: string;
      /** @description The classes of each row with the highest scores, highest first. */
      classes?: {
        probabilities?: {
          /** @enum {string} */
          label:
            | 'cs'
            | 'da'
            | 'de'
            | 'el'
            | 'en'
            | 'es'
            | 'fi'
            | 'fr'
            | 'it'
            | 'nl'
            | 'pl'
            | 'pt'
            | 'ru'
            | 'sv'
            | 'tr'
            | 'uk';
          score: components['schemas']['ElementFP32'];
        }[];
      };
    };
    LanguageRowsResponse: {
      outputs: components['schemas']['LanguageOutputRows'];
      /** @description Returned in the response. */
      id?: string;
      model: string;
      version: string;
      /** @description The classes of each row with the highest scores, highest first. */
      classes?: {
        probabilities?: {
          /** @enum {string} */
          label:
            | 'cs'
            | 'da'
            | 'de'
            | 'el'
            | 'en'
            | 'es'
            | 'fi'
            | 'fr'
            | 'it'
            | 'nl'
            | 'pl'
            | 'pt'
            | 'ru'
            | 'sv'
            | 'tr'
            | 'uk';
          score: components['schemas']['ElementFP32'];
        }[][];
      };
    };
    SentencesInputs:
      components['schemas']['SentencesTextInputs'] | components['schemas']['SentencesTensorInputs'];
    SentencesTextInputs: {
      /** @description BYTES [-1], one row */
      text: components['schemas']['ElementBYTES'];
    };
    SentencesTensorInputs: {
      /** @description INT64 [-1,-1], one row */
      input_ids: components['schemas']['ElementINT64'][];
      /** @description INT64 [-1,-1], one row */
      attention_mask: components['schemas']['ElementINT64'][];
    };
    SentencesOutputs: {
      /** @description FP32 [-1,64], one row */
      embedding?: components['schemas']['ElementFP32'][];
      /** @description FP32 [-1,-1,64], one row */
      token_embeddings?: components['schemas']['ElementFP32'][][];
      /** @description INT64 [-1], one row */
      tokens?: components['schemas']['ElementINT64'];
    };
    SentencesInputRows: {
      /** @description BYTES [-1] */
      text: components['schemas']['ElementBYTES'][];
    };
    SentencesOutputRows: {
      /** @description FP32 [-1,64] */
      embedding?: components['schemas']['ElementFP32'][][];
      /** @description FP32 [-1,-1,64] */
      token_embeddings?: components['schemas']['ElementFP32'][][][];
      /** @description INT64 [-1] */
      tokens?: components['schemas']['ElementINT64'][];
    };
    SentencesItemResponse: {
      outputs: components['schemas']['SentencesOutputs'];
      /** @description Returned in the response. */
      id?: string;
      model: string;
      version: string;
      /** @description The classes of each row with the highest scores, highest first. */
      classes?: {
        embedding?: {
          index: number;
          score: components['schemas']['ElementFP32'];
        }[];
      };
    };
    SentencesRowsResponse: {
      outputs: components['schemas']['SentencesOutputRows'];
      /** @description Returned in the response. */
      id?: string;
      model: string;
      version: string;
      /** @description The classes of each row with the highest scores, highest first. */
      classes?: {
        embedding?: {
          index: number;
          score: components['schemas']['ElementFP32'];
        }[][];
      };
    };
    TextDirectionInputs:
      | components['schemas']['TextDirectionPictureInputs']
      | components['schemas']['TextDirectionTensorInputs'];
    TextDirectionPictureInputs: {
      /** @description BYTES [-1], one row */
      image: string;
    };
    TextDirectionTensorInputs: {
      /** @description FP32 [-1,3,48,192], one row */
      pixel_values: components['schemas']['ElementFP32OrNull'][][][];
    };
    TextDirectionOutputs: {
      /** @description FP32 [-1,2], one row */
      scores?: components['schemas']['ElementFP32'][];
      /** @description FP32 [-1,2], one row */
      logits?: components['schemas']['ElementFP32'][];
    };
    TextDirectionInputRows: {
      /** @description BYTES [-1] */
      image: string[];
    };
    TextDirectionOutputRows: {
      /** @description FP32 [-1,2] */
      scores?: components['schemas']['ElementFP32'][][];
      /** @description FP32 [-1,2] */
      logits?: components['schemas']['ElementFP32'][][];
    };
    TextDirectionItemResponse: {
      outputs: components['schemas']['TextDirectionOutputs'];
      /** @description Returned in the response. */
      id?: string;
      model: string;
      version: string;
      /** @description The classes of each row with the highest scores, highest first. */
      classes?: {
        scores?: {
          /** @enum {string} */
          label: 'upright' | 'upside-down';
          score: components['schemas']['ElementFP32'];
        }[];
      };
    };
    TextDirectionRowsResponse: {
      outputs: components['schemas']['TextDirectionOutputRows'];
      /** @description Returned in the response. */
      id?: string;
      model: string;
      version: string;
      /** @description The classes of each row with the highest scores, highest first. */
      classes?: {
        scores?: {
          /** @enum {string} */
          label: 'upright' | 'upside-down';
          score: components['schemas']['ElementFP32'];
        }[][];
      };
    };
  };
  responses: never;
  parameters: never;
  requestBodies: never;
  headers: never;
  pathItems: never;
}
