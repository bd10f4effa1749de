import { dependencies } from "../../../package.json";
import { imageUids, pulumiVersions } from "../../../components/config/versions";

test("package.json pins the versions of versions.ts", () => {
  expect({
    pulumi: dependencies["pulumi"],
    sdk: dependencies["@pulumi/pulumi"],
    docker: dependencies["@pulumi/docker"],
    random: dependencies["@pulumi/random"],
    tls: dependencies["@pulumi/tls"],
    command: dependencies["@pulumi/command"],
  }).toEqual({ ...pulumiVersions, sdk: pulumiVersions.pulumi });
});

test("no two images share an account", () => {
  expect(new Set(Object.values(imageUids)).size).toBe(Object.keys(imageUids).length);
});
