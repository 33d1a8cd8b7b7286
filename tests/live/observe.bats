#!/usr/bin/env bats
# Observing changes nothing and asks nobody; and it works without root.
# asan: yes

load lib

setup_file() {
	live_setup
	need jq
}
teardown_file() { live_teardown; }
setup() { cd "$SCRATCH" || return 1; }

none() { # PATTERN FILE
	if grep -E -- "$1" "$2"; then return 1; fi
}

@test "observing opens nothing for writing and connects to nobody" {
	need strace
	case $VCTOP in
	*address*) skip "the leak checker of ASan cannot run under strace" ;;
	esac
	strace -f -o trace -e trace=open,openat,openat2,creat,connect,sendto,mkdir,mkdirat,unlink,unlinkat,rename,renameat2,link,linkat,symlink,symlinkat,chmod,fchmod,fchmodat,kill,tkill,tgkill,mount,umount2,ptrace,process_vm_writev,setxattr,truncate,ftruncate,bpf,execve,fork,vfork,clone,clone3 \
		"$VCTOP" --json -n 3 -d 0.2 >json 2>stderr || skip "strace does not work here: $(tail -n 1 stderr)"
	valid json
	none 'O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND' trace
	none '^[0-9]+ +(creat|connect|sendto|mkdir|unlink|rename|link|symlink|chmod|fchmod|kill|tkill|tgkill|mount|umount|ptrace|process_vm|setxattr|truncate|ftruncate|fork|vfork|clone)' trace
	# Where there are many groups: programs that are iterators, what those print into, and nothing that is kept.
	grep -E '^[0-9]+ +bpf\(' trace |
		grep -vE '^[0-9]+ +bpf\((BPF_(MAP_CREATE|BTF_LOAD|ITER_CREATE|OBJ_GET_INFO_BY_FD)|BPF_PROG_LOAD, \{prog_type=BPF_PROG_TYPE_(SOCKET_FILTER|TRACING),.*|BPF_LINK_CREATE, .*attach_type=BPF_TRACE_ITER,)' >others || :
	none . others
	[ "$(grep -c execve trace)" = 1 ]
}

@test "a steady tick opens next to nothing" {
	need strace
	case $VCTOP in
	*address*) skip "strace and ASan do not go together" ;;
	esac
	local few many
	strace -f -o few -e trace=openat "$VCTOP" --json -n 2 -d 0.2 >/dev/null 2>&1 || skip "strace does not work here"
	strace -f -o many -e trace=openat "$VCTOP" --json -n 22 -d 0.2 >/dev/null 2>&1
	# Processes that others start meanwhile are looked at while they are young: those apart, nothing is opened again
	# and again but the listing of /proc, the census of groups and, once a second, the tree.
	few=$(grep -vcE '"proc/[0-9]+/' few)
	many=$(grep -vcE '"proc/[0-9]+/' many)
	echo "opens: $few for 2, $many for 22"
	[ $((many - few)) -lt $((20 * 60)) ]
}

@test "without root: it runs, says what is denied, and the JSON is whole" {
	need_root
	need setpriv qemu-system-x86_64
	qemu-system-x86_64 -nodefaults -accel tcg -m 64 -smp 1 -name "$TESTNAME-vm" -S -display none >/dev/null 2>&1 </dev/null 3>&- &
	remember_pid $!
	poll 20 maps_ram $!
	chmod 755 "$SCRATCH"
	cp "$VCTOP" "$SCRATCH/vctop-user"
	(cd / && HOME=/ setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --bounding-set=-all "$SCRATCH/vctop-user" --json -n 2 -d 0.3) >json 2>stderr
	equal stderr "$(cat stderr)" ""
	valid json
	equal "VM seen" "$(field json "$TESTNAME-vm" .kind)" vm
	equal "its RAM" "$(field json "$TESTNAME-vm" .memory.allocated_bytes)" $((64 << 20))
	equal "what it holds" "$(field json "$TESTNAME-vm" .memory.held_bytes)" null
	field json "$TESTNAME-vm" '.unavailable["memory.held_bytes"]' | grep '^denied: '
	within "its CPU" "$(field json "$TESTNAME-vm" .cpu.used_cores)" 0 1
	(cd / && HOME=/ setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --bounding-set=-all "$SCRATCH/vctop-user" -b -n 1 -d 0.1) >table
	grep -q 'VIRTUAL MACHINES' table
}

@test "a process that may open few files reads all the same" {
	(ulimit -n 20 && "$VCTOP" --json -n 2 -d 0.2) >json 2>stderr
	equal stderr "$(cat stderr)" ""
	valid json
}

@test "SIGTERM and SIGINT end it quietly" {
	local s pid status
	for s in TERM INT; do
		# A background job of a script ignores SIGINT unless told otherwise.
		env --default-signal=INT "$VCTOP" --json -n 1000 -d 0.1 >json 2>stderr 3>&- &
		pid=$!
		remember_pid $pid
		poll 10 test -s json
		kill -$s $pid
		status=0
		wait $pid || status=$?
		case $status in
		0 | 130 | 143) ;;
		*)
			echo "status $status after SIG$s"
			return 1
			;;
		esac
		equal "stderr after $s" "$(cat stderr)" ""
		# The last line is whole.
		jq -es 'length > 0' json >/dev/null
	done
}
