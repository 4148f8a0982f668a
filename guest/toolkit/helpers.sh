fail() {
  printf '%s\n' "$name: $1" "Try '$name --help'." >&2
  exit 2
}

# Sets $word to $1, quoted so that a shell reads it as one word.
quote() {
  case $1 in
  '' | *[!A-Za-z0-9_@%+=:,./-]*) ;;
  *)
    word=$1
    return
    ;;
  esac
  word='' rest=$1
  while :; do
    case $rest in
    *\'*) word="$word${rest%%\'*}'\\''" rest=${rest#*\'} ;;
    *) break ;;
    esac
  done
  word="'$word$rest'"
}

newline='
'

# Notes a namespace: its option, its flag for the kernel, its reason.
namespace() {
  start="$start $1"
  flags="${flags:+$flags | }$2"
  reasons="$reasons$3"
}

# Notes a step of the shell inside: its line there, its line when typed, its reason.
inside() {
  script="$script$newline  $1"
  number=$((number + 1))
  steps="$steps$number. $2$newline$3"
}
