# shellcheck shell=bash
# Shared by the server scripts in this folder; sourced, never run.
#
# Exit codes used by every script:
#   0 done   1 the operation failed   2 wrong usage   3 not running / not set up
#   4 packages missing and not installable   5 a port is taken

# shellcheck disable=SC2034
readonly E_FAIL=1 E_USAGE=2 E_DOWN=3 E_PACKAGES=4 E_PORT=5

export PATH="$PATH:/usr/sbin:/sbin" # servers live there, and not every user looks there
export LC_ALL=C.UTF-8 # text is cut by characters, not bytes, wherever this runs

say() { printf '%s: %s\n' "${SELF:-server}" "$*" >&2; }

die() {
  local code=$1
  shift
  say "$*"
  exit "$code"
}

usage_error() { die "$E_USAGE" "$* (try: $SELF help)"; }

is_root() { [ "$(id -u)" -eq 0 ]; }

# need_value OPTION COUNT: COUNT is "$#" as seen at the option
need_value() { [ "$2" -ge 2 ] || usage_error "$1 needs a value"; }

is_number() { [[ $1 =~ ^[0-9]+$ ]]; }

check_port() {
  if ! is_number "$1" || [ "$1" -lt 1024 ] || [ "$1" -gt 65535 ]; then usage_error "port must be 1024-65535, not '$1'"; fi
}

# default_dir NAME: where a server keeps its state unless told otherwise
default_dir() { printf '%s/real-servers-%s/%s\n' "${TMPDIR:-/tmp}" "$(id -u)" "$1"; }

# A socket path has room for 107 bytes, so a state directory may not be long.
check_dir() {
  case $1 in
    /*) ;;
    *) usage_error "--dir must be an absolute path" ;;
  esac
  [[ $1 =~ ^[A-Za-z0-9/._-]+$ ]] || usage_error "--dir may hold only letters, digits and / . _ -"
  [ "${#1}" -le 70 ] || usage_error "--dir is too long for sockets (at most 70 characters): $1"
}

random_word() { # random_word BYTES
  od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'
}

# ---- running as a service user -------------------------------------------

# as_user USER COMMAND...: as that user when called as root, else as oneself
as_user() {
  local user=$1
  shift
  if is_root && [ "$user" != root ]; then
    setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups -- env HOME=/nonexistent "$@"
  else
    "$@"
  fi
}

# spawn PIDFILE LOG USER COMMAND...: starts a server in the background. Every
# step replaces itself with the next, so the PID is the server's own.
spawn() {
  local pidfile=$1 log=$2 user=$3
  local -a prefix=()
  shift 3
  sweep "$pidfile"
  if is_root && [ "$user" != root ]; then
    prefix=(setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups -- env HOME=/nonexistent)
  fi
  (exec setsid "${prefix[@]}" "$@" </dev/null >>"$log" 2>&1 9>&-) &
  record_pid "$pidfile" "$!"
}

owned_dir() { # owned_dir USER MODE DIR...
  local user=$1 mode=$2
  shift 2
  mkdir -p -- "$@"
  chmod "$mode" -- "$@"
  if is_root; then chown "$user:$(id -g "$user")" -- "$@"; fi
}

check_reachable() { # check_reachable USER DIR
  as_user "$1" test -x "$2" || die "$E_FAIL" "user $1 cannot enter $2: choose another --dir (or TMPDIR) that others may enter"
}

# ---- processes ------------------------------------------------------------
# A PID file holds "pid starttime", so that a recycled PID is never signalled.

proc_start() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  stat=${stat##*) }
  # shellcheck disable=SC2086
  set -- $stat
  [ "$1" != Z ] || return 1
  printf '%s\n' "${20}"
}

record_pid() { # record_pid FILE PID
  local start
  start=$(proc_start "$2") || return 1
  printf '%s %s\n' "$2" "$start" >"$1"
}

live_pid() { # live_pid FILE: prints the PID when that very process is alive
  local pid start
  [ -s "$1" ] || return 1
  read -r pid start <"$1" || return 1
  is_number "$pid" || return 1
  [ "$(proc_start "$pid" || true)" = "$start" ] || return 1
  printf '%s\n' "$pid"
}

# sweep FILE: ends what a server that was killed left running in its process
# group. A dead leader's number is not given out again while its group lives.
sweep() {
  local pid start
  [ -s "$1" ] || return 0
  read -r pid start <"$1" || return 0
  if ! is_number "$pid" || [ "$pid" -lt 2 ] || proc_start "$pid" >/dev/null; then return 0; fi
  kill -KILL -- "-$pid" 2>/dev/null || true
}

stop_pid() { # stop_pid FILE SIGNAL SECONDS
  local pid tries=$(($3 * 10))
  if pid=$(live_pid "$1"); then
    kill -CONT "$pid" 2>/dev/null || true
    kill -"$2" "$pid" 2>/dev/null || true
    while live_pid "$1" >/dev/null && [ "$tries" -gt 0 ]; do
      sleep 0.1
      tries=$((tries - 1))
    done
    if live_pid "$1" >/dev/null; then
      say "process $pid did not stop in $3 s; ending it the hard way"
      kill -KILL "$pid" 2>/dev/null || true
      sleep 0.2
    fi
  fi
  sweep "$1"
  rm -f -- "$1"
}

wait_until() { # wait_until SECONDS COMMAND...
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.1
  done
}

# wait_started PIDFILE SECONDS COMMAND...: as wait_until, but gives up as soon
# as the process is gone
wait_started() {
  local pidfile=$1 end=$((SECONDS + $2))
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || return 1
    live_pid "$pidfile" >/dev/null || return 1
    sleep 0.1
  done
}

port_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

need_free_port() {
  ! port_open "$1" || die "$E_PORT" "port $1 on 127.0.0.1 is taken by something else; choose another with --port"
}

show_log() { # show_log FILE
  [ ! -s "$1" ] || { say "last lines of $1:"; tail -n 15 -- "$1" >&2; }
}

# One command at a time per state directory. Descriptor 9 must be closed for
# anything that stays running (9>&-), or the lock would outlive the command.
take_lock() {
  mkdir -p -- "$1"
  exec 9>"$1/.lock"
  flock -w 300 9 || die "$E_FAIL" "another $SELF command has held $1 for five minutes"
}

# ---- packages -------------------------------------------------------------

installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null || true)" = installed ]; }

# ensure_packages LOG PACKAGE...: installs what is missing, with nothing extra
# and without letting any package start its own service.
ensure_packages() {
  local log=$1 package guard=/usr/sbin/policy-rc.d made_guard='' status=0
  local -a missing=() apt
  shift
  for package in "$@"; do installed "$package" || missing+=("$package"); done
  [ "${#missing[@]}" -gt 0 ] || return 0
  is_root || die "$E_PACKAGES" "missing packages, and only root can install them: ${missing[*]}"
  command -v apt-get >/dev/null || die "$E_PACKAGES" "apt-get not found; install these yourself: ${missing[*]}"
  say "installing: ${missing[*]}"
  apt=(apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold --no-install-recommends)
  if [ ! -e "$guard" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$guard"
    chmod 755 "$guard"
    made_guard=yes
  fi
  {
    DEBIAN_FRONTEND=noninteractive "${apt[@]}" install "${missing[@]}" ||
      { apt-get -q update && DEBIAN_FRONTEND=noninteractive "${apt[@]}" install "${missing[@]}"; }
  } </dev/null >>"$log" 2>&1 9>&- || status=$?
  [ -z "$made_guard" ] || rm -f "$guard"
  [ "$status" -eq 0 ] || { show_log "$log"; die "$E_PACKAGES" "could not install: ${missing[*]} (log: $log)"; }
}

# ---- settings -------------------------------------------------------------
# KEY=VALUE lines written and read only by these scripts, never evaluated.

save_setting() { # save_setting FILE KEY VALUE
  touch -- "$1"
  { grep -v "^$2=" -- "$1" || true; printf '%s=%s\n' "$2" "$3"; } >"$1.new"
  mv -- "$1.new" "$1"
}

read_setting() { # read_setting FILE KEY [DEFAULT]
  local line
  if [ -s "$1" ] && line=$(grep "^$2=" -- "$1"); then
    printf '%s\n' "${line#*=}"
  else
    printf '%s\n' "${3-}"
  fi
}
