/** What the images' health check asks for: a GET on a port of the container, answered with a text. */
export function healthEnv(port: number, path: string, text: string): Record<string, string> {
  return { HEALTH_PORT: String(port), HEALTH_PATH: path, HEALTH_TEXT: text };
}
