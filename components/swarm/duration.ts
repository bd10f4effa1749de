/**
 * Whole seconds as the engine writes them back, `1m30s`: any other spelling would show as a change at each preview.
 */
export function duration(seconds: number): string {
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
  if (h > 0) {
    // 1h, 1h1m, and 1h0m5s: a zero is left out at the end only.
    return `${h}h${m > 0 || s > 0 ? `${m}m` : ""}${s > 0 ? `${s}s` : ""}`;
  }
  return m > 0 ? `${m}m${s > 0 ? `${s}s` : ""}` : `${s}s`;
}
