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

# Fails unless each of the directories $2, with colons between them, is there; $1 is the option.
there() {
  left=$2
  while [ "$left" ]; do
    case $left in
    *:*) directory=${left%%:*} left=${left#*:} ;;
    *) directory=$left left='' ;;
    esac
    [ -d "$directory" ] || fail "--$1: there is no directory $directory"
  done
}

newline='
'
