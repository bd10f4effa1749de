/** What a run of pyinfra or Ansible says of itself: how many servers it went through, and what it changed there. */
export interface Verdict {
  hosts: number;
  changed: number;
  failed: number;
}

/** From the servers it connected to and its table's last line: operations, successes, errors, no changes. */
export function pyinfraVerdict(output: string): Verdict {
  const total = /Grand total\s+\S+\s+(\S+)\s+(\S+)\s+\S+/.exec(output);
  if (total === null) {
    throw new Error(`pyinfra did not come to its end:\n${output.slice(-3000)}`);
  }
  const count = (cell: string | undefined) => (cell === undefined || cell === "-" ? 0 : Number(cell));
  return {
    hosts: output.match(/\] Connected/g)?.length ?? 0,
    changed: count(total[1]),
    failed: count(total[2]),
  };
}

/** From its recap: one line for each server. */
export function ansibleVerdict(output: string): Verdict {
  const recaps = [...output.matchAll(/ok=\d+\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)/g)];
  const sum = (group: number) => recaps.reduce((total, recap) => total + Number(recap[group]), 0);
  return { hosts: recaps.length, changed: sum(1), failed: sum(2) + sum(3) };
}
