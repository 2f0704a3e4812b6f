# Runs its arguments as a command for as long as standard input stays open. The process that started
# this holds the other end of a pipe: when it closes it, or dies for whatever reason, the kernel ends
# the input.
"$@" </dev/null &
exec >/dev/null 2>&1 # so that the output ends when the command does
read -r _
kill -9 $!
wait
