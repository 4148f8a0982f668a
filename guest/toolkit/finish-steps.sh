case $mode in
dry-run) printf '%s' "$text" ;;
explain) printf '%s' "$steps" ;;
*) carry_out ;;
esac
