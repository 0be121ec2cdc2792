#!/bin/sh
# Runs the program under the name it is called by, with the Node of the installation, of the checkout, or of the system.
self=$0
case $self in */*) ;; *) self=$(command -v -- "$self") ;; esac
[ -L "$self" ] && self=$(readlink -f -- "$self")
here=${self%/*}
for node in "$here/../node" "$here/../../.runtime/bin/node" NODE_OF_BUILD /usr/bin/node /usr/local/bin/node; do
  [ -x "$node" ] && exec "$node" --disable-sigusr1 "$here/../exim.js" "--called-as=${0##*/}" "$@"
done
exec node --disable-sigusr1 "$here/../exim.js" "--called-as=${0##*/}" "$@"
