import {
  Channel,
  ChannelCredentials,
  connectivityState,
  credentials,
  type ChannelOptions,
} from '@grpc/grpc-js';
import type { Socket } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { Target, TargetTls } from '../target';

/** Bytes that a target may send before the gateway has read them. The 64 KiB of HTTP/2 slow down large tensors. */
const WINDOW_BYTES = 1024 * 1024;

/** Called by grpc-js for each connection. */
const CREATE_CONNECTOR = '_createSecureConnector';
type CreateConnector = ChannelCredentials[typeof CREATE_CONNECTOR];

const OPTIONS: ChannelOptions = {
  // The body limit of the gateway has already bounded the request.
  'grpc.max_send_message_length': -1,
  // Finds a target that disappeared without closing its connections.
  'grpc.keepalive_time_ms': 20_000,
  'grpc.keepalive_timeout_ms': 5000,
  // A target that restarts is soon used again, also with another address.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1000,
  'grpc.dns_min_time_between_resolutions_ms': 1000,
  // Each target has connections of its own, which end with it.
  'grpc.use_local_subchannel_pool': 1,
  // Only the settings of the gateway decide where requests go.
  'grpc.service_config_disable_resolution': 1,
  'grpc.enable_http_proxy': 0,
  'grpc.enable_channelz': 0,
  'grpc-node.flow_control_window': WINDOW_BYTES,
};

/** A call of a channel. */
export type ChannelCall = ReturnType<Channel['createCall']>;

/** The connection to `target`, which is opened when the first call needs it. While it cannot be, calls fail at once. */
export class TargetChannel {
  private readonly address: string;
  private readonly credentials: TrackedCredentials;
  private readonly options: ChannelOptions;
  private channel: Channel;

  /** @param responseLimit maximum size of a response in bytes, also after decompression. */
  constructor({ url, tls }: Target, responseLimit: number) {
    const { protocol, hostname, port } = new URL(url);
    const isSecure = protocol === 'https:' || protocol === 'grpcs:';
    this.address = `dns:${hostname}:${port === '' ? defaultPort(isSecure) : port}`;
    this.credentials = new TrackedCredentials(
      isSecure,
      isSecure ? secureCredentials(tls) : credentials.createInsecure(),
    );
    const name = tls?.serverName;
    this.options = {
      ...OPTIONS,
      'grpc.max_receive_message_length': responseLimit,
      ...(name !== undefined && { 'grpc.ssl_target_name_override': name }),
    };
    this.channel = this.open();
  }

  /** Whether a connection is open. */
  get isReady(): boolean {
    return this.channel.getConnectivityState(false) === connectivityState.READY;
  }

  /** @param deadline in milliseconds since 1970. */
  createCall(path: string, deadline: number): ChannelCall {
    return this.channel.createCall(path, deadline, null, null, null);
  }

  /**
   * Ends the attempts to connect, so that the next calls try again. grpc-js has no limit for them, and would wait for a
   * target that accepts connections without responding.
   */
  abandonAttempts(): void {
    if (this.credentials.destroySockets()) return;
    // No host has accepted a connection.
    this.channel.close();
    this.channel = this.open();
  }

  close(): void {
    this.channel.close();
    this.credentials.destroySockets();
  }

  private open(): Channel {
    return new Channel(this.address, this.credentials, this.options);
  }
}

/** Credentials that know the sockets of a channel, because it does not close those that are still connecting. */
class TrackedCredentials extends ChannelCredentials {
  private readonly sockets = new Set<Socket>();

  constructor(
    private readonly isSecure: boolean,
    private readonly inner: ChannelCredentials,
  ) {
    super();
  }

  override _isSecure(): boolean {
    return this.isSecure;
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override [CREATE_CONNECTOR](...options: Parameters<CreateConnector>): ReturnType<CreateConnector> {
    const connector = this.inner[CREATE_CONNECTOR](...options);
    const connect = connector.connect.bind(connector);
    connector.connect = (socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
      return connect(socket);
    };
    return connector;
  }

  /** Closes all sockets. Returns false if there is none. */
  destroySockets(): boolean {
    const hasSockets = this.sockets.size > 0;
    for (const socket of this.sockets) socket.destroy();
    return hasSockets;
  }
}

function defaultPort(isSecure: boolean): number {
  return isSecure ? 443 : 80;
}

/** createSsl of grpc-js reads variables of the environment that the other connections of the gateway do not. */
function secureCredentials({ ca, key, certificate: cert }: TargetTls = {}): ChannelCredentials {
  return credentials.createFromSecureContext(createSecureContext({ ca, key, cert }));
}
