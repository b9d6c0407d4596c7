#!/bin/sh
# The Node that runs the built tool in a mutation run: it knows the mutant, and a tool that never ends is ended.
ulimit -t 20
exec "$NODE_TO_RUN" --require "${0%/*}/child.cjs" "$@"
