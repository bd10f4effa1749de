import type { Sandbox } from "./sandbox";

/**
 * Two engines, here and (by ssh) on the host: each has a list of images, in the files `images-here` and `images-target`.
 * `docker build` keeps the context that it was sent; where an image is missing, `inspect` prints an empty line, as docker
 * does. The files `build-fails`, `forget` and `no-registry` make it fail to build, to keep what it built, and to pull.
 */
export function withEngines(box: Sandbox, reference: string): Sandbox {
  const docker = `
    images=${box.root}/images-\${ENGINE_AT:-here}
    touch ${box.root}/images-here ${box.root}/images-target
    case "$1 $2" in
      "image inspect")
        found=$(grep -F "\${@: -1} " "$images") || { echo; echo "No such image" >&2; exit 1; }
        if [[ $* == *Size* ]]; then echo 3145728; else echo "\${found##* }"; fi ;;
      build*) [[ ! -e ${box.root}/build-fails ]] || { cat >/dev/null; echo "step 3 failed"; exit 1; }
        cat >${box.root}/context.tar
        [[ -s ${box.root}/context.tar ]] || { echo "no Dockerfile in the context"; exit 1; }
        printf '%s\\n' "$@" >${box.root}/build-args
        echo "Successfully built"; [[ -e ${box.root}/forget ]] || echo "${reference} sha256:built" >>"$images" ;;
      "save "*) grep -F "$2 " "$images" ;;
      "load "*) gunzip -c >>"$images" ;;
      "pull "*) [[ ! -e ${box.root}/no-registry ]] || exit 1; echo "$3 sha256:base" >>"$images" ;;
      "image ls") cut -d ' ' -f 2 "$images" ;;
      "image rm") grep -v " $4\\$" "$images" >${box.root}/left; cat ${box.root}/left >"$images" ;;
    esac`;
  return (
    box
      .stub("docker", docker)
      .real("gunzip")
      // As sshd does: the words are joined by blanks and given to a shell.
      .stub("ssh", `while [[ $1 != -- ]]; do shift; done; shift; ENGINE_AT=target bash -c "$*"`)
  );
}
