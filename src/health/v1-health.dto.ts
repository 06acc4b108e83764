/** The process answers. */
export class V1Live {
  status: 'alive';
}
