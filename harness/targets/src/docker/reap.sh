# reap.sh DOCKER LABEL NETWORK
#
# Waits until nobody holds the other end of standard input any more, then removes all containers
# with LABEL and the network NETWORK. The holder may end in any way, SIGKILL included: the system
# closes its end of the pipe. A holder that has removed everything itself writes a line first.
docker=$1
label=$2
network=$3

if IFS= read -r done; then exit 0; fi

# The engine may still carry out a request that the holder made last, and a container that goes may
# start one more before it is gone: look until nothing has been there five times.
clean=0
rounds=0
while [ "$clean" -lt 5 ] && [ "$rounds" -lt 60 ]; do
    containers=$("$docker" ps --all --quiet --filter "label=$label")
    if [ -n "$containers" ]; then
        clean=0
        # Identifiers, one word each.
        # shellcheck disable=SC2086
        "$docker" rm --force --volumes $containers
    else
        clean=$((clean + 1))
    fi
    "$docker" network rm "$network"
    rounds=$((rounds + 1))
    sleep 1
done
