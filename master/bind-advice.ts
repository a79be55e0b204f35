// What to do about listeners that could not be bound: one sentence for each cause. Called by
// start.ts, with the alerts that have been printed.

const usual = /\(([^)]*)\) for \[.*:(\d+)\]/;
const privilegedMax = 1023;

/** In the order of the faults, none twice; nothing where the fault says all. */
export function bindAdvice(faults: readonly string[]): readonly string[] {
  const advice = faults.map((fault) => {
    const [, reason = '', port = ''] = usual.exec(fault) ?? [];
    if (reason === 'Address already in use') {
      return `Who listens at port ${port} already: ss -ltnp 'sport = :${port}'`;
    }
    return reason === 'Permission denied' && Number(port) <= privilegedMax ? privileged : '';
  });
  return [...new Set(advice)].filter((text) => text !== '');
}

const privileged =
  "Ports below 1024 are root's: start as root with 'user' in 'global', or give the node program " +
  'cap_net_bind_service, or lower net.ipv4.ip_unprivileged_port_start';
