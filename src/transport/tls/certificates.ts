import type { SecureContextOptions } from 'node:tls';
import { Logger } from '@nestjs/common';
import type { Config } from '../../config/config';
import {
  checkCertificate,
  readCertificateFiles,
  type CertificateFiles,
  type CheckedCertificate,
} from './certificate-files';

/** How often the files are read. A change applies once two reads have found the same, so within twice this time. */
const POLL_MS = 1000;

/** A client must complete the handshake within this time. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** How the servers of both protocols treat handshakes. */
export interface HandshakeOptions {
  readonly handshakeTimeout: number;
  /** Whether to ask clients for a certificate. */
  readonly requestCert: boolean;
}

/**
 * The certificate of the server and the authorities of its clients. Reads their files again when they change, by their
 * content: Kubernetes replaces a link to their folder, which watches of single files miss.
 */
export class Certificates {
  private readonly logger = new Logger('TLS');
  private readonly listeners: ((context: SecureContextOptions) => void)[] = [];
  private seen: string;
  private isApplied = true;
  private timer: NodeJS.Timeout | undefined;

  private constructor(
    private readonly config: Config,
    files: CertificateFiles,
    private current: CheckedCertificate,
  ) {
    this.seen = textOf(files);
  }

  /**
   * The certificates that `config` names; undefined if TLS is off.
   * @throws {ConfigError} if a file is not usable.
   */
  static async of(config: Config): Promise<Certificates | undefined> {
    if (config.tlsCert === '') return undefined;
    const files = await readCertificateFiles(config);
    return new Certificates(config, files, checkCertificate(files));
  }

  /** Key, certificate, authorities and TLS versions. */
  get context(): SecureContextOptions {
    return this.current.context;
  }

  get handshake(): HandshakeOptions {
    return { handshakeTimeout: HANDSHAKE_TIMEOUT_MS, requestCert: this.requiresClients };
  }

  /** Whether clients must have a certificate. */
  get requiresClients(): boolean {
    return this.config.tlsClientCa !== '';
  }

  /** When the certificate expires, in milliseconds since 1970. */
  get expiresAt(): number {
    return Date.parse(this.current.certificate.validTo);
  }

  /** Calls `listener` with each new {@link context}. Connections that are open keep the old one. */
  onChange(listener: (context: SecureContextOptions) => void): void {
    this.listeners.push(listener);
  }

  /** Starts to follow the files. If a change is not usable, the last usable files stay in use, and a warning says why. */
  follow(): void {
    this.warnIfInvalid();
    this.schedule();
  }

  /** Stops to follow the files. */
  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private schedule(): void {
    this.timer = setTimeout(() => {
      void this.poll().then(() => {
        if (this.timer !== undefined) this.schedule();
      });
    }, POLL_MS).unref();
  }

  private async poll(): Promise<void> {
    const files = await readCertificateFiles(this.config);
    const text = textOf(files);
    // Certificate and key may be written one after the other.
    if (text !== this.seen) this.isApplied = false;
    else if (!this.isApplied) this.apply(files);
    this.seen = text;
  }

  private apply(files: CertificateFiles): void {
    this.isApplied = true;
    try {
      this.current = checkCertificate(files);
      for (const listener of this.listeners) listener(this.context);
    } catch (error) {
      this.logger.warn(`${(error as Error).message}; the previous certificate stays in use`);
      return;
    }
    const { subject, validTo } = this.current.certificate;
    this.logger.log(`loaded the certificate of ${subject.replaceAll('\n', ', ')}, valid until ${validTo}`);
    this.warnIfInvalid();
  }

  private warnIfInvalid(): void {
    const { validFrom, validTo } = this.current.certificate;
    const now = Date.now();
    const fault =
      this.expiresAt < now
        ? `expired on ${validTo}`
        : Date.parse(validFrom) > now
          ? `is not valid before ${validFrom}`
          : undefined;
    if (fault !== undefined)
      this.logger.warn(
        `NEXUS_TLS_CERT=${this.config.tlsCert}: the certificate ${fault}, so clients reject it; replace the file, which needs no restart`,
      );
  }
}

function textOf({ cert, key, clientCa }: CertificateFiles): string {
  return [cert, key, clientCa].map((file) => String(file?.content)).join('\n');
}
