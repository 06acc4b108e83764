import type { GatewayOptions } from '../gateway-client';

/** Runs `nexus top`. @throws CommandError */
export async function runTop(_options: GatewayOptions): Promise<void> {}
