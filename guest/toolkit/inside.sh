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
