# Shared by the scripts in bin/. To be sourced, with NIGHTSHIFT_ROOT set.

log() {
    # log LEVEL JOB HOST MESSAGE...
    level=$1 job=$2 host=$3
    shift 3
    printf '%s %s %s[%s] %s\n' "$(date +%Y-%m-%dT%H:%M:%S)" "$level" "$job" "$host" "$*" >&2
}

die() {
    log ERROR "$1" "$2" "failed: $3"
    exit "${4:-1}"
}

setting() {
    # setting FILE SECTION KEY: a value of an INI file in config/
    awk -F ' *= *' -v section="[$2]" -v key="$3" '
        /^\[/ { inside = ($0 == section) }
        inside && $1 == key { print $2; exit }
    ' "$NIGHTSHIFT_ROOT/config/$1"
}
