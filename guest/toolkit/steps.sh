text='' steps='' run='' number=0 back=''

# Notes a step: its line, its reason, and the line that takes it back, if there is one.
step() {
  number=$((number + 1))
  text="$text$1$newline"
  steps="$steps$number. $1$newline$2"
  quote "$1"
  run="$run$newline begin $number $word$newline$1"
  [ $# -lt 3 ] || {
    quote "$3"
    run="$run$newline took $word"
  }
}

# Before a step that is carried out: shows its line, as a shell would with `set -x`.
begin() {
  number=$1 line=$2
  printf '+ %s\n' "$line" >&2
}

# After a step: notes the line that takes it back.
took() {
  back="$1$newline$back"
}

# Carries out what was noted. A step that fails is named, and what was done before it is taken back.
carry_out() {
  trap 'failed $?' EXIT
  eval "set -e$run"
  trap - EXIT
}

failed() {
  trap - EXIT
  [ "$1" != 0 ] || return 0
  printf '%s\n' "$name: step $number failed: $line" >&2
  [ ! "$back" ] || {
    printf '%s\n' "Taking back what was done before it:" "$back" >&2
    eval "set -e$newline$back"
  }
  exit "$1"
}
