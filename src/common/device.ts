/** A device, as named in settings. `auto` tries CUDA and falls back to the CPU; `cuda` never falls back. */
export type Device = 'auto' | 'cpu' | 'cuda' | `cuda:${number}`;
