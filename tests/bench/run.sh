#!/bin/bash
# What a tick costs:  run.sh [peers|goals|scale]
# peers: in one run vctop, the floor (a C loop that preads the same counters from kept fds once a tick), and
# the monitors that are installed here.  Root.  They are alone there: namespaces of their own (alone.sh).
#   CGROUPS=1000     groups named as Docker names them, a process in each
#   BUSY=100         of which so many work
#   CONTAINERS=20    real ones, for docker stats and podman stats
#   INTERVAL=1       seconds
# goals: what vctop is meant to cost at most, and whether it does (of v2: guest.sh)
#   MANY=10000       groups, beside CGROUPS
#   BYSTANDERS=10000 processes that are neither container nor VM
# scale: how far it goes (STEPS="1000 5000 10000 20000" groups)
set -u
cd "$(dirname "$0")/../.." || exit 2
export VCTOP=${VCTOP:-$PWD/build/vctop} TOOLS=$PWD/build/tests/tools
export CGROUPS=${CGROUPS:-1000} INTERVAL=${INTERVAL:-1} CONTAINERS=${CONTAINERS:-20}
export MANY=${MANY:-10000} BYSTANDERS=${BYSTANDERS:-10000}
export BUSY=${BUSY:-$((CGROUPS / 10))}
ulimit -n "$(ulimit -H -n)"
exec tests/bench/alone.sh /usr/bin/python3 -IB "tests/bench/${1:-peers}.py"
