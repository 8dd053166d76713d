#!/bin/sh
# sandbox.sh DENO TASK [arguments]: runs a task where the user stands, with the permissions that deno.json names for it.
# Of files, a task may read the checkout, the cache folder and what its arguments name, and write the cache folder, the
# checkout's runs and what its arguments say is to be written: before Deno starts, only a shell can tell which those are.
set -eu
deno=$1
task=$2
shift 2
checkout=$(cd "${0%/*}/.." && pwd)
cd "${INIT_CWD:-.}" # Deno's task runner starts in the checkout
export INIT_CWD="$PWD"

caches=${XDG_CACHE_HOME:-${HOME:-.}/.cache} # as cacheFolder() of lib/files.ts has it, and Deno
[ ! -d /System/Library ] || caches=${HOME:-.}/Library/Caches

folder_of() { case $1 in */*) printf %s "${1%/*}/" ;; *) printf . ;; esac }
# what Deno is allowed for a path: the folder above where it has a comma, which separates paths
allowed() { case $1 in *,*) folder_of "${1%%,*}" ;; *) printf %s "$1" ;; esac }
readable=
writable=
may_read() { [ -z "$1" ] || readable=$readable,$(allowed "$1"); }
may_write() {
  may_read "$1" # to see what is there, and to sync the folder
  writable=$writable,$(allowed "$1")
}
# as may_read, and what a link on the way leads to: Deno asks for that
may_read_through() {
  may_read "$1"
  real=$(readlink -f -- "$1" || true)
  case $real in "$1" | "$PWD/$1") ;; *) may_read "$real" ;; esac
}
# the server of an address, where Deno can be allowed it; of any other the task says that it is none
server_of() {
  "$deno" eval --no-config '
    const host = URL.parse(Deno.args[0])?.host ?? "";
    if (/^([\w-]+(\.[\w-]+)*\.?|\[.*\])(:\d+)?$/.test(host)) console.log(host);
  ' -- "$1"
}
lacks_onnx() {
  for folder in "$1" "$1/model"; do
    if [ -f "$folder/model.json" ] && [ ! -f "$folder/model.onnx" ]; then return 0; fi
  done
  return 1
}
# of a run: where its faces come from
may_read_settings() {
  [ -f "$1" ] || return 0
  while read -r path; do may_read "$path"; done <<PATHS
$(grep -o '"/[^"]*"' "$1" | tr -d '"')
PATHS
}

may_read "$checkout"
may_read "${DENO_DIR:-$caches/deno}/npm" # the face detector's weights are in its package
may_read /usr/bin/ldd # sharp asks it which C library there is
may_read "${TENSORFLOW_LIBRARY:-}"
may_write "${POSMAP_CACHE:-$caches/posmap}"
may_write "$checkout/runs"
permissions=$task
host=127.0.0.1
server=raw.githubusercontent.com # what is downloaded
out= page=
processes= # of a training that starts several itself
case $task in video | predict | track | card) out=. ;; esac # where what they make is, unless a flag says where
flag=
for argument; do
  value=$argument
  case $task$argument in prepare--pick | prepare--choose) permissions=prepare_page page=$host ;; esac # bundled, and served here alone
  case $argument in
    --*=*) flag=${argument%%=*} value=${argument#*=} ;;
    --*) flag=$argument && continue ;;
  esac
  case $flag in
    --run) may_write "$value" && may_read_settings "$value/config.json" ;;
    --config) may_read "$value" && may_read_settings "$value" ;;
    --checkpoint) may_read "$(folder_of "$value")" ;; # several files begin with it
    --out)
      while case $value in ?*/) ;; *) false ;; esac; do value=${value%/}; done # a folder is made beside itself
      out=$(folder_of "$value")
      ;;
    --host) host=$value ;;
    --processes) processes=$value ;;
    --url) server=$(server_of "$value") ;;
    --format) [ "$value" != page ] || permissions=serve ;; # it is bundled as there
    *)
      if [ -d "$value" ]; then
        may_read_through "$value" && may_read_settings "$value/config.json"
        # a model's other formats lie beside it; what is missing is made
        if [ "$task" = export ] || { [ "$task" != train ] && lacks_onnx "$value"; }; then may_write "$value"; fi
      elif [ -e "$value" ]; then
        may_read_through "$value"
      else
        case $value in
          *,*) ;; # no path
          *[*?]*) may_read "$(folder_of "$value")" ;; # a pattern that the task expands
          *) may_read "$value" ;; # no path, or one that the task is to miss
        esac
      fi
      ;;
  esac
  flag=
done

set -- "$checkout/tasks/$task.ts" "$@"
case $task in
  bench) set -- --allow-run="python3,apt-get,dpkg,ffmpeg,ip,$deno" "$@" ;;
  notebooks) set -- --allow-run="python3,$deno" "$@" ;;
  check_notebooks | check_docs | mutate) set -- --allow-run="$deno" "$@" ;;
  *)
    case $task in
      video | predict | track | card | export | import | evaluate) [ -z "$out" ] || may_write "$out" ;;
      download) [ -z "$server" ] || set -- --allow-net="$server" "$@" ;;
      prepare)
        [ -z "$out" ] || may_write "$out"
        [ -z "$page" ] || set -- --allow-net="$page" "$@"
        ;;
      build_kernels) may_write "$checkout/lib/geometry/kernels" ;;
      serve)
        case $host in
          '' | *[!0-9A-Za-z.:-]*) host=127.0.0.1 ;; # no address: the task refuses it
          *:*) host=[$host] ;;
        esac
        set -- --allow-net="$host" "$@"
        ;;
    esac
    code= # which no task changes, also where it may write the folder that all of it is in
    case $task$checkout in
      build_kernels* | *,*) ;;
      *) for name in .git deno.json deno.lock lib tasks; do code=$code,$checkout/$name; done ;;
    esac
    [ -z "$code" ] || set -- --deny-write="${code#,}" "$@"
    set -- --allow-read="${readable#,}" --allow-write="${writable#,}" "$@"
    ;;
esac
set -- "$deno" run --quiet --no-prompt --config="$checkout/deno.json" -P="$permissions" "$@"
if [ "$task" = train ] && [ -n "$processes" ]; then
  set -- --allow-run="$deno" --allow-net=127.0.0.1 "$checkout/tasks/train/processes.ts" "$processes" -- "$@"
  set -- "$deno" run --quiet --no-prompt --config="$checkout/deno.json" -P=processes "$@"
fi
exec "$@"
