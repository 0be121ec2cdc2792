#!/bin/sh
# Runs the program under the name it is called by, with the Node of the installation, of the checkout, or of the system.
self=$0
case $self in */*) ;; *) self=$(command -v -- "$self") ;; esac
[ -L "$self" ] && self=$(readlink -f -- "$self")
here=${self%/*}
# USR1, which exiwhat sends, opens no debugger. A megabyte for new objects, as V8 begins with, is full twice before a short-lived mode is done.
set -- --disable-sigusr1 --min-semi-space-size=4 "$here/../exim.js" "--called-as=${0##*/}" "$@"
for node in "$here/../node" "$here/../../.runtime/bin/node" NODE_OF_BUILD /usr/bin/node /usr/local/bin/node; do
  [ -x "$node" ] && exec "$node" "$@"
done
exec node "$@"
