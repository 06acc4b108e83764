import { setFlagsFromString } from 'node:v8';

/*
 * How the JavaScript engine is set up; imported first, because some of it holds only for what is loaded after it.
 * Measured in docs/decisions.md.
 */

// A request lives as long as its batch: with the default of 16 MiB, under load much of what is young would be copied
// again and again before it dies.
setFlagsFromString('--max-semi-space-size=64');

// What seems to live long would be made in the old space at once. Under load that takes in the callbacks of finished
// requests, which then keep all of their requests alive until the next full collection.
setFlagsFromString('--no-allocation-site-pretenuring');

// The bytes of bodies and tensors count as old, so that with a small heap every few large requests would start a full
// collection, of tens of milliseconds.
setFlagsFromString('--heap-growing-percent=200');
