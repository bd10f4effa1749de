import type { Sandbox } from "./sandbox";

/**
 * Engines here and, by ssh, at any address. Each has its images in the file `images-<here or address>`, a line each from
 * the oldest: name, id, layers with commas between. Files steer it:
 * - `down-<at>`: ssh reaches nobody. `free-<at>`: KiB of disk. `arch-<at>`. `swarm-<at>`: as `docker info` says it.
 * - `services`: what the swarm's services use. `used-<at>`: names that a container uses.
 * - `whole-<at>`: this engine takes no archive that lacks a layer. `other-<at>`: it gives what it loads another id.
 * - `build-fails`, `forget` and `no-registry`: docker does not build, does not keep what it built, does not pull.
 * What `docker build` was sent is kept in `context.tar`, what was loaded in `loaded-<at>`.
 */
export function withEngines(box: Sandbox, reference: string): Sandbox {
  const docker = `
    cd ${box.root}
    at=\${ENGINE_AT:-here} images=images-\${ENGINE_AT:-here}
    touch "$images"
    setting() { if [[ -e $1-$at ]]; then cat "$1-$at"; else echo "$2"; fi; }
    last=\${@: -1}
    case "$1 $2" in
      "version "*) setting arch amd64 ;;
      "info "*)
        case $* in
          *DockerRootDir*) echo /var/lib/docker ;;
          *Swarm*) setting swarm "$([[ $at == here ]] && echo 'inactive false' || echo 'active true')" ;;
        esac ;;
      "service ls") echo one ;;
      "service inspect") cat services 2>/dev/null || true ;;
      "image inspect")
        shift 2
        format= code=0
        case $1 in --format=*) format=$1; shift ;; --format) format=$2; shift 2 ;; esac
        for name in "$@"; do
          found=$(awk -v name="$name" '$1 == name || $2 == name { print; exit }' "$images")
          [[ -n $found ]] || { echo; echo "No such image: $name" >&2; code=1; continue; }
          read -r _ id layers <<<"$found"
          case $format in
            --format=there) echo there ;;
            "layers "*) echo "layers \${layers//,/ } " ;;
            *Architecture*) echo "$id amd64 \${layers//,/ } " ;;
            *) echo "$id" ;;
          esac
        done
        exit "$code" ;;
      "image ls")
        case $* in
          *dangling*) awk '$1 ~ /<none>|@/ { sub(/@.*/, "", $1); print $1, $2 }' "$images" ;;
          *Repository*) awk -v r="$last" 'index($1, r ":") == 1 { l = $1 "\\n" l } END { printf "%s", l }' "$images" ;;
          *--no-trunc*) cut -d ' ' -f 2 "$images" ;;
          *) awk -v r="\${last##*=}" 'index($1, r ":") == 1 { print $2 }' "$images" ;;
        esac ;;
      "image rm")
        [[ $* == *--force* ]] || ! grep -qxF "$last" "used-$at" 2>/dev/null || { echo "conflict" >&2; exit 1; }
        awk -v name="$last" '$1 != name && $2 != name' "$images" >"left-$at"; cat "left-$at" >"$images" ;;
      build*) [[ ! -e build-fails ]] || { cat >/dev/null; echo "step 3 failed"; exit 1; }
        cat >context.tar
        [[ -s context.tar ]] || { echo "no Dockerfile in the context"; exit 1; }
        printf '%s\\n' "$@" >build-args
        echo "Successfully built"
        [[ -e forget ]] || echo "${reference} sha256:built base,new,top" >>"$images" ;;
      "save "*)
        saved=$(mktemp -d)
        awk -v name="$2" '$1 == name' "$images" >"$saved/image"
        read -r _ _ layers <"$saved/image"
        for layer in \${layers//,/ }; do
          mkdir -p "$saved/d-$layer"; head -c 3000000 /dev/zero >"$saved/d-$layer/layer.tar"
          list+=\${list:+,}\\"d-$layer/layer.tar\\"
        done
        echo "[{\\"Config\\":\\"x.json\\",\\"RepoTags\\":[\\"$2\\"],\\"Layers\\":[$list]}]" >"$saved/manifest.json"
        (cd "$saved" && tar -cf - *); rm -r "$saved" ;;
      "load "*)
        sent=$(mktemp -d)
        tar -C "$sent" -xzf - || exit 1
        (cd "$sent" && find . -name layer.tar | sort | tr '\\n' ' ') >>"loaded-$at"; echo >>"loaded-$at"
        read -r name id layers <"$sent/image"
        chain=
        for layer in \${layers//,/ }; do
          chain+=\${chain:+,}$layer
          if [[ ! -e $sent/d-$layer/layer.tar ]]; then
            [[ ! -e whole-$at ]] && awk '{ print $3 "," }' "$images" | grep -q "^$chain," ||
              { echo "open d-$layer/layer.tar: no such file or directory" >&2; exit 1; }
          fi
        done
        rm -r "$sent"
        [[ ! -e other-$at ]] || id=sha256:other
        awk -v name="$name" '$1 == name { $1 = "<none>" } { print }' "$images" >"left-$at"; cat "left-$at" >"$images"
        echo "$name $id $layers" >>"$images" ;;
      "pull "*)
        [[ ! -e no-registry ]] || { echo "no registry answers" >&2; exit 1; }
        echo "$last sha256:pulled base" >>"$images" ;;
    esac`;
  const ssh = `
    while [[ $2 != -- ]]; do shift; done
    address=\${1#*@}; shift 2
    [[ ! -e ${box.root}/down-$address ]] || { echo "ssh: connect to host $address port 22: refused" >&2; exit 255; }
    ENGINE_AT=$address bash -c "$*"`;
  const df = `cd ${box.root}; echo; echo "- - - $(cat "free-\${ENGINE_AT:-here}" 2>/dev/null || echo 90000000)"`;
  for (const name of ["gunzip", "xargs", "dd", "id", "mkdir"]) box.real(name);
  // As sshd does: the words are joined by blanks and given to a shell.
  return box.stub("docker", docker).stub("ssh", ssh).stub("df", df).stub("flock");
}
