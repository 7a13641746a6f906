# Starts the model and the proxy, and ends with the first of them. On SIGTERM the proxy drains while the model still
# answers; then the model ends. 5 s and 20 s of the proxy (Caddyfile) and 3 s of the model are less than SageMaker's 30.
# Arguments, such as SageMaker's `serve`, say nothing.

home=${0%/*}

fail() {
    echo "entrypoint: $*" >&2
    exit 1
}

alive() {
    kill -0 "$1" 2>/dev/null
}

[ -n "${SAS_SCR_APP_PATH:-}" ] || fail "SAS_SCR_APP_PATH is not set: it says where the model answers, such as /credit_risk"
export SAS_SCR_APP_PATH
export MODEL_PING_PATH="${MODEL_PING_PATH:-$SAS_SCR_APP_PATH/apiMeta/api}"
export SAGEMAKER_BIND_TO_PORT="${SAGEMAKER_BIND_TO_PORT:-8080}"

# Containers of one endpoint share their ports; the range, such as 20000-29999, is what SageMaker leaves to this one.
port=${SAGEMAKER_SAFE_PORT_RANGE:-9090}
export MODEL_PORT="${MODEL_PORT:-${port%%-*}}"
[ "$MODEL_PORT" != "$SAGEMAKER_BIND_TO_PORT" ] || MODEL_PORT=$((MODEL_PORT + 1))

# Serverless endpoints leave only /tmp to be written.
for PROXY_TMP in ${PROXY_TMP:+"$PROXY_TMP"} "$home/tmp" /tmp; do
    [ ! -d "$PROXY_TMP" ] || [ ! -w "$PROXY_TMP" ] || break
done
[ -w "$PROXY_TMP" ] || fail "no folder for temporary files can be written: name one with PROXY_TMP"
export PROXY_TMP XDG_CONFIG_HOME="$PROXY_TMP" XDG_DATA_HOME="$PROXY_TMP"
export _JAVA_OPTIONS="${_JAVA_OPTIONS:+$_JAVA_OPTIONS }-Djava.io.tmpdir=$PROXY_TMP"

model='' proxy='' stopping=''
# The signal is passed on in the trap itself: wherever this script stands then, it is not lost.
trap 'stopping=1; [ -z "$proxy" ] || kill -TERM "$proxy" 2>/dev/null' TERM INT

exec_model() {
    exec{% for word in command %} {{ word }}{% endfor %}

}

# GOGC: memory for speed, a tenth less of the processor for each call.
exec_proxy() {
    GOGC=400 exec "$home/caddy" run --config "$home/Caddyfile" --adapter caddyfile
}

exec_model &
model=$!
exec_proxy &
proxy=$!
[ -z "$stopping" ] || kill -TERM "$proxy" 2>/dev/null

# `wait -n` misses a process that ends just before it is called: hence the tick, after which the loop looks again.
while alive "$model" && alive "$proxy"; do
    sleep 5 &
    wait -n
    kill "$!" 2>/dev/null
done

code=0
if [ -z "$stopping" ]; then
    if alive "$model"; then wait "$proxy"; else wait "$model"; fi
    code=$?
    echo "entrypoint: the $(alive "$model" && echo proxy || echo model) has ended with $code" >&2
fi

if alive "$model"; then
    kill -TERM "$proxy" 2>/dev/null
else
    # No call can be answered any more; those in flight get their 502 in that time.
    sleep 0.5
    kill -KILL "$proxy" 2>/dev/null
fi
while alive "$proxy"; do wait "$proxy"; done

# Java with -Xrs ends at once. What does not is given 3 s.
kill -TERM "$model" 2>/dev/null
for _ in {1..30}; do
    alive "$model" || break
    sleep 0.1
done
kill -KILL "$model" 2>/dev/null
exit "$code"
