import { Site } from "../../../ops/lib/site";
import { watch, web1 } from "../../e2e/support/observed";
import {
  asking,
  container,
  Fault,
  figures,
  gone,
  meanwhile,
  nothing,
  psql,
  scale,
  stop,
  stopAsking,
} from "./fault";

/** Without its database much is quiet: alerts that follow from it are not told. */
export const withoutDatabase = (): Fault[] => [
  {
    ...gone("Postgres stopped", "postgres", { PostgresDown: /^Postgres on web1 lets nobody in$/ }),
    begin: async () => {
      // It starts again with what a later round wants, an archive.
      await web1.exec(psql("ALTER SYSTEM SET archive_mode = on"));
      await scale("postgres", 0);
    },
  },
  gone("PgBouncer stopped", "pooler", { PgBouncerDown: /^PgBouncer on web1 does not answer$/ }),
  {
    cause: "a disk filled to 97 %",
    begin: () => web1.exec("dd if=/dev/zero of=/srv/small/file bs=1M count=31 2>/dev/null"),
    end: () => web1.exec("rm /srv/small/file"),
    alerts: { DiskLow: /^web1: .+% of \/srv\/small is free$/ },
  },
];

/** Services, units and files that are gone. */
export const ended = (site: Site): Fault[] => [
  {
    ...gone("the gateway stopped, and visitors go on asking", "gateway", {
      ProbeFailed: /gateway|rooms/,
      EdgeErrors: /^\d+(\.\d+)?% of the answers of .*gateway.* are errors \(5xx\)$/,
    }),
    begin: () => {
      asking(site, "/api/rooms/list", 1000);
      return scale("gateway", 0);
    },
    end: async () => {
      await scale("gateway", 1);
      await stopAsking();
    },
  },
  gone("the bridge stopped", "bridge", { BridgeDown: /^The bridge \(.+\) does not answer$/ }),
  gone("the homeserver stopped", "homeserver", {
    TargetDown: /^homeserver on web1 gives no metrics \(synapse\)$/,
  }),
  {
    cause: "a Mycelium node stopped",
    begin: () => web1.exec("systemctl stop mycelium.service"),
    end: () => web1.exec("systemctl start mycelium.service"),
    alerts: { MyceliumDown: /^The Mycelium node on web1 does not answer$/ },
  },
  {
    cause: "what asks a Mycelium node for its peers stopped",
    begin: () => watch.exec("systemctl stop hypha-mycelium-figures.service"),
    end: () => watch.exec("systemctl start hypha-mycelium-figures.service"),
    alerts: { TextfileStale: /^watch: .*mycelium\.prom is \d+m \d+s old$/ },
  },
  {
    cause: "a file with figures that is none",
    begin: () => figures(watch, "broken", "this is no figure"),
    end: () => watch.exec("rm -r /var/lib/hypha/metrics/broken"),
    alerts: { TextfileUnreadable: /^watch: a text file with metrics cannot be read$/ },
  },
  {
    cause: "the last good backup two days old, and a restore drill failed, as their job tells it",
    begin: async () => {
      const old = Math.round(Date.now() / 1000) - 2 * 24 * 3600;
      await figures(
        web1,
        "backup",
        `hypha_backup_last_success_timestamp_seconds{repository="test"} ${old}\nhypha_restore_drill_success{repository="test"} 0`,
      );
    },
    end: () => web1.exec("rm -r /var/lib/hypha/metrics/backup"),
    alerts: {
      BackupTooOld: /^The last good backup to test of web1 is 2d 0h \d+m \d+s old$/,
      RestoreDrillFailed: /^The restore drill from test of web1 failed$/,
    },
  },
  {
    cause: "a file system out of inodes",
    begin: () => web1.exec("cd /srv/few && for n in $(seq 2000); do : >$n || break; done 2>/dev/null"),
    end: () => web1.exec("rm -f /srv/few/*"),
    alerts: { InodesLow: /^web1: .+% of the inodes of \/srv\/few are free$/ },
  },
  {
    cause: "a unit failed",
    begin: () => web1.exec("systemd-run --quiet --unit=fails false"),
    end: () => web1.exec("systemctl reset-failed fails.service"),
    alerts: { UnitFailed: /^web1: fails\.service failed$/ },
  },
  {
    cause: "a container killed five times",
    // The alert looks at half an hour.
    lasts: true,
    begin: () =>
      meanwhile(
        watch,
        "kills",
        // Each lives long enough to be seen by a look every five seconds.
        `for n in 1 2 3 4 5; do until docker kill ${container("frontend")}; do sleep 1; done; sleep 15; done`,
      ),
    end: () => stop(watch, "kills"),
    alerts: {
      ContainerRestarts: /^hypha-\w+-frontend\.1 on watch was started \d+ times in half an hour$/,
    },
  },
  {
    cause: "a receiver of alerts refuses them",
    lasts: true,
    begin: nothing,
    end: nothing,
    alerts: {
      NotificationsFailing: /^Alertmanager could not deliver \d+ notifications by webhook in ten minutes$/,
    },
  },
];
