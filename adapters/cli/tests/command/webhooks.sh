# Keeps 1,000 webhooks, kills the worker and the receiver five times with -9, and works off what is left.
# $RECEIVE starts a receiver at $URL that fails every third time.
store=calls.db
insist later --store $store --base 50ms --cap 200ms --attempt-timeout 1s --deadline 2m -d paid $(seq -f "$URL/%g" 1000) >keys
for round in 1 2 3 4 5; do
    $RECEIVE & receiver=$!
    insist work --store $store --lease-margin 1s & worker=$!
    sleep 0.4
    kill -9 $worker $receiver; wait
done
$RECEIVE & receiver=$!
insist work --store $store --lease-margin 1s --until-empty
kill $receiver
insist calls stats --store $store --json
for key in $(sed -n '1~111p' keys); do insist calls show "$key" --store $store; done
