/**
 * Whole seconds as the engine writes them back, `1m30s`: any other spelling would show as a change at each preview.
 */
export function duration(seconds: number): string {
  const parts: [number, string][] = [
    [Math.floor(seconds / 3600), "h"],
    [Math.floor((seconds % 3600) / 60), "m"],
    [seconds % 60, "s"],
  ];
  const text = parts
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join("");
  return text === "" ? "0s" : text;
}
