# supervise.sh DIRECTORY PROGRAM [ARGUMENT...]
#
# Runs a database server for as long as somebody holds the other end of standard input, then ends
# the server and removes DIRECTORY. The holder may end in any way, SIGKILL included: the system
# closes its end of the pipe. The first line read is the word to go; until then the holder prepares
# DIRECTORY.
#
# The data is scratch, so the server is killed rather than asked to write it out first.
directory=$1
shift

if ! IFS= read -r go; then
    rm -rf "$directory"
    exit 0
fi

exec 3<&0 </dev/null
"$@" 3<&- &
server=$!
{
    while IFS= read -r line <&3; do :; done
    kill -KILL "$server"
} 2>/dev/null &
watcher=$!
exec 3<&-
trap 'kill -KILL "$server" 2>/dev/null' HUP INT TERM

# A signal interrupts `wait`; the server may still be there then.
wait "$server"
status=$?
while kill -0 "$server" 2>/dev/null; do
    wait "$server"
    status=$?
done
kill "$watcher" 2>/dev/null
rm -rf "$directory"
exit "$status"
