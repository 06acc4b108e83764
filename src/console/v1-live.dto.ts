/** The process responds. */
export class V1Live {
  status: 'alive';
}
