# `--ssh` runs this on a host, with sh -c and without these comments. The arguments: MARK, and those of the standalone
# script. Pool names and the script come from standard input, so no shell interprets them. The tool sends:
#   1. a line of virsh commands for each call of virsh
#   2. a line of MARK, and a line with the size of the script in bytes
#   3. the script
# It waits for each answer before it sends more, so that no child process reads the input of a later step. The answers:
#   at the start: the user ID and `uname -n`, then MARK
#   for a call of virsh: its standard output, MARK and the exit code, its standard error, then MARK
#   for the script: MARK, its output, MARK; or only one MARK if no Python was found
# MARK is random, so that no XML contains it.
# The text contains no single quotes, backslashes and exclamation marks, so every login shell passes it on unchanged.
mark=$1; shift; cd / || exit; exec 3>&1;
echo; echo "$(id -u) $(uname -n)"; echo "$mark";
while IFS= read -r line && test "$line" != "$mark"; do
    # Standard error goes to $errors, standard output to the tool.
    errors=$(LC_ALL=C.UTF-8 LANGUAGE=C virsh -q -r -c qemu:///system "$line" 2>&1 >&3 3>&- </dev/null);
    code=$?;
    echo; echo "$mark $code"; printf %s "$errors"; echo; echo "$mark";
done;
read -r size || exit;
# Python runs the script only if it was received completely.
for python in python3 /usr/libexec/platform-python python2.7 python2; do
    "$python" -E -S -c "" </dev/null 2>/dev/null &&
    exec "$python" -B -E -s -c "import atexit, io, os, sys; script = io.FileIO(0).read();
        len(script) == int(sys.argv.pop(1)) or sys.exit(7); mark = sys.argv.pop(1).encode();
        os.write(1, mark); atexit.register(os.write, 1, mark); exec(script)" "$size" "$mark" "$@" 3>&-;
done;
echo; echo "$mark"; exit 6
