/** How a client that has no valid credentials may authenticate (RFC 9110 section 11.6.1). */
export const CHALLENGE = 'Bearer realm="nexus"';
