if [ "$script" ]; then
  quote "$script$newline"
  text="$start sh -ec $word" head="$start sh"
else
  text="$start $only" head="$start $only"
fi

case $mode in
dry-run) printf '%s\n' "$text" ;;
explain)
  printf '%s\n' "1. $head" "$reasons     call: $call" "     man:  $manual"
  [ ! "$script" ] || printf 'Inside:\n%s' "$steps"
  ;;
*) eval "exec $text" ;;
esac
