import { getHeapStatistics, setFlagsFromString } from 'node:v8';

/*
 * Settings of the JavaScript engine. Import this first, because some settings apply only to code loaded later.
 * docs/decisions.md has the measurements.
 */

/** Limit of a heap that has room for the bodies and tensors of a loaded gateway, beside its objects. */
const LARGE_HEAP_BYTES = 500 * 2 ** 20;

// A request lives as long as its batch. With the default of 16 MiB, many young objects would be copied repeatedly under
// load before they die.
setFlagsFromString('--max-semi-space-size=64');

// Pretenuring allocates objects that usually live long in the old space. Under load these include the callbacks of
// finished requests, which then keep their requests alive until the next full collection.
setFlagsFromString('--no-allocation-site-pretenuring');

// The bytes of bodies and tensors count as old, so with a small heap every few large requests would start a full
// collection, which takes tens of milliseconds.
setFlagsFromString('--heap-growing-percent=200');

// Without this flag, every 64 MB of bodies and tensors would start a full collection, here and on the codec threads,
// however large the heap may grow. In a small heap they would leave too little room for it.
if (getHeapStatistics().heap_size_limit >= LARGE_HEAP_BYTES)
  setFlagsFromString('--external-memory-accounted-in-global-limit');
