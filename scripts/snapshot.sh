#!/bin/sh
# Writes a snapshot of this machine, as `iterscope world FILE` and `run --world FILE` take it.
#
#     sh scripts/snapshot.sh [--no-names] [--no-paths] [--no-addresses] > machine.json
#
# Reads /proc and /sys/fs/cgroup only. Without root it tells all about your own processes and little about
# others'. --no-names leaves out names of processes, --no-paths those of files and cgroups, --no-addresses
# where memory is mapped and whom sockets talk to. Needs sh, awk, stat and a find that knows -printf.
#
# Links and what is behind descriptors are read many at a time, so that the number of programs it starts does not
# grow with that of processes:
#
#     find -printf, find -exec stat {} +  ->  lines that begin with \001  ->  awk, which reads the other files itself
LC_ALL=C
export LC_ALL
names=1 paths=1 addresses=1
for word in "$@"; do
	case $word in
	--no-names) names=0 ;;
	--no-paths) paths=0 ;;
	--no-addresses) addresses=0 ;;
	*)
		echo "usage: snapshot.sh [--no-names] [--no-paths] [--no-addresses] > FILE" >&2
		exit 2
		;;
	esac
done
cd /proc || exit 1
# The unified hierarchy, which beside old ones has a place of its own.
groups=/sys/fs/cgroup
[ -e "$groups/cgroup.controllers" ] || groups=$groups/unified

# What links say and what is behind descriptors, then one line for each process, thread and cgroup; the program
# below reads the files that these name. A line without \001 in front is the rest of a name with a line break.
{
	find [0-9]*/exe [0-9]*/cwd [0-9]*/ns/* [0-9]*/task/[0-9]*/fd/ -maxdepth 1 -type l -printf '\001link %p %l\n' 2>/dev/null
	find [0-9]*/task/[0-9]*/fd/ -maxdepth 1 -type l -exec stat -L -c "$(printf '\001stat') %n %i %d %f %s %h %X %Y %Z" {} + 2>/dev/null
	# Of others it may be opened and not read, which awk would not survive.
	[ $addresses = 0 ] || find [0-9]*/task/[0-9]*/syscall -exec grep -H . {} + 2>/dev/null | awk '{ print "\001call " $0 }'
	printf '\001task %s\n' [0-9]*/task/[0-9]* | sort -t / -k 1.7n,1 -k 3n,3
	find "$groups" -type d -exec stat -c "$(printf '\001cgroup') %i %n" {} + 2>/dev/null
} | awk -v names=$names -v paths=$paths -v addresses=$addresses -v self=$$ -v root="$groups" '
function quote(text,    out, n, i, c) {
	if (text !~ /[^ !#-\[\]-~]/) return "\"" text "\""
	n = length(text)
	for (i = 1; i <= n; i++) {
		c = substr(text, i, 1)
		out = out (c in escape ? escape[c] : c)
	}
	return "\"" out "\""
}
function slurp(file,    line, out) {
	while ((getline line < file) > 0) out = out line "\n"
	close(file)
	return out
}
# A path stands for itself, or for a number that is the same wherever the path is.
function hide(path,    tail) {
	if (paths || path == "" || path !~ /^\// || path ~ /^\/(dev|proc|sys)(\/|$)/) return path
	if (path == "/") return path
	tail = ""
	if (path ~ / \(deleted\)$/) { tail = " (deleted)"; sub(/ \(deleted\)$/, "", path) }
	if (!(path in hidden)) hidden[path] = ++hiddens
	return (path ~ /^\/memfd:/ ? "/memfd:" : "/hidden/") hidden[path] tail
}
function hideParts(path,    n, part, i, out) {
	if (paths || path == "/" || path == "") return path
	n = split(path, part, "/")
	for (i = 2; i <= n; i++) {
		if (!(part[i] in parts)) parts[part[i]] = ++partCount
		out = out "/g" parts[part[i]]
	}
	return out
}
function hex(n,    out, d) {
	if (n == 0) return "0"
	while (n > 0) { d = n % 16; out = substr("0123456789abcdef", d + 1, 1) out; n = (n - d) / 16 }
	return out
}
function unhex(text,    i, n) {
	n = 0
	for (i = 1; i <= length(text); i++) n = n * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
	return n
}
function octal(n,    out, d) {
	while (n > 0) { d = n % 8; out = d out; n = (n - d) / 8 }
	return out == "" ? "0" : out
}
function device(n,    low, high) {
	low = n % 256 + int(n / 1048576) % 4096 * 256
	high = int(n / 256) % 4096
	return hex(high) ":" hex(low)
}
# The numbers in a stat line that are addresses, from field 26 on.
function plainStat(text, pid,    cut, head, tail, n, field, i, out) {
	cut = match(text, /\)[^)]*$/)
	head = substr(text, 1, cut)
	tail = substr(text, cut + 2)
	if (!names) head = pid " (task-" pid ")"
	if (addresses) return head " " tail
	n = split(tail, field, " ")
	for (i = 1; i <= n; i++) {
		if ((i >= 24 && i <= 28) || (i >= 43 && i <= 49)) field[i] = 0
		out = out " " field[i]
	}
	return head out "\n"
}
function readMaps(pid,    file, line, n, field, size, range, path, at, out, flags, count, live) {
	file = pid "/smaps"
	at = 4194304
	flags = ""; out = ""; live = 0
	while ((getline line < file) > 0) {
		if (line ~ /^[0-9a-f]+-[0-9a-f]+ /) {
			live = line !~ /\[vsyscall\]$/
			if (!live) continue
			n = split(line, field, " ")
			path = ""
			if (n > 5) { path = line; sub(/^[^ ]+ +[^ ]+ +[^ ]+ +[^ ]+ +[^ ]+ +/, "", path) }
			if (!addresses) {
				split(field[1], range, "-")
				size = unhex(range[2]) - unhex(range[1])
				field[1] = hex(at) "-" hex(at + size)
				at += size + 4096
			}
			out = out field[1] " " field[2] " " field[3] " " field[4] " " field[5] " " hide(path) "\n"
		} else if (live && line ~ /^VmFlags:/) {
			sub(/^VmFlags: */, "", line)
			flags = flags (flags == "" ? "" : ",") quote(line)
		}
	}
	close(file)
	maps = out
	vmflags = flags
}
function readNs(pid,    out, n, i, kind, path) {
	n = split("pid pid_for_children net mnt uts ipc user cgroup time", kind, " ")
	for (i = 1; i <= n; i++) {
		path = pid "/ns/" kind[i]
		if (path in links) out = out (out == "" ? "" : ",") quote(kind[i]) ":" quote(links[path])
	}
	return out
}
# Threads mostly share a table: what looks like the last one is it, and its fdinfo is not read again.
function readFds(dir,    n, i, fd, path, word, out, seen) {
	n = split(fds[dir], fd, " ")
	for (i = 1; i <= n; i++) {
		path = dir "/fd/" fd[i]
		if (path in behind) seen = seen fd[i] " " links[path] " " behind[path] "\n"
	}
	if (seen == lastTable) return lastFds
	lastTable = seen
	for (i = 1; i <= n; i++) {
		path = dir "/fd/" fd[i]
		if (!(path in links) || !(path in behind)) continue
		split(behind[path], word, " ")
		out = out (out == "" ? "" : ",\n") "{\"fd\":" fd[i] ",\"link\":" quote(hide(links[path])) ",\"ino\":" word[1] ",\"dev\":" quote(device(word[2])) ",\"mode\":" quote(octal(unhex(word[3]))) ",\"size\":" word[4] ",\"nlink\":" word[5] ",\"times\":[" word[6] "," word[7] "," word[8] "],\"fdinfo\":" quote(slurp(dir "/fdinfo/" fd[i])) "}"
	}
	lastFds = out
	return out
}
function finish() {
	if (open) printf "]}"
	open = 0
}
function field(name, text) { printf "%s:%s,\n", quote(name), quote(text) }
BEGIN {
	for (i = 0; i < 256; i++) if (i < 32 || i > 126) escape[sprintf("%c", i)] = sprintf("\\u%04x", i)
	escape["\""] = "\\\""
	escape["\\"] = "\\\\"
	printf "{"
	field("encoding", "strings are bytes as latin-1")
	field("version", slurp("version"))
	field("uname_release", slurp("sys/kernel/osrelease"))
	while ((getline line < "stat") > 0) if (line ~ /^(cpu|ctxt) /) counts = counts line "\n"
	field("stat", counts)
	n = split(slurp("cmdline"), words, /[ \n]/)
	for (i = 1; i <= n; i++) if (words[i] ~ /^console=/) consoles = consoles words[i] " "
	field("cmdline", consoles)
	controlFiles = split("memory.current memory.peak memory.min memory.low memory.high memory.max memory.oom.group memory.events cpu.weight cpu.max cpu.stat pids.max pids.peak", control, " ")
	split(slurp("uptime"), up, " ")
	printf "\"monotonic_ns\":%.0f,\n\"self\":%d,\n", up[1] * 1000000000, self
	field("cpuinfo", slurp("cpuinfo") ~ /la57/ ? "flags : la57" : "flags :")
	while ((getline line < "self/mountinfo") > 0) {
		n = split(line, m, " ")
		for (i = 7; i <= n && m[i] != "-"; i++) ;
		mount = m[1] " " m[2] " " m[3] " / " hide(m[5]) " rw - " m[i + 1] " " hide(m[i + 2]) "\n"
		if (m[5] == "/" ) rootMount = rootMount mount; else mounts = mounts mount
	}
	field("mounts", rootMount mounts)
	printf "\"net\":{"
	n = split("tcp tcp6 udp udp6 raw raw6 netlink packet unix ipv6_route", net, " ")
	for (i = 1; i <= n; i++) if (addresses) printf "%s%s:%s", (i == 1 ? "" : ",\n"), quote(net[i]), quote(slurp("self/net/" net[i]))
	printf "},\n\"processes\":["
}
# A link with a line break is left out, as /proc itself cannot tell where it ends.
!/^\001/ { delete links[last]; next }
# One that nobody may read is empty, and is left out too.
$1 == "\001link" {
	last = $2
	sub(/\/+fd\/+/, "/fd/", last)
	if (NF < 3) next
	links[last] = substr($0, length($1 $2) + 3)
	if (match(last, /\/fd\/[0-9]+$/)) {
		dir = substr(last, 1, RSTART - 1)
		fds[dir] = fds[dir] " " substr(last, RSTART + 4)
	}
}
$1 == "\001stat" {
	path = $2
	sub(/\/+fd\/+/, "/fd/", path)
	behind[path] = substr($0, length($1 $2) + 3)
}
$1 == "\001call" {
	path = $2
	sub(/\/syscall:.*$/, "", path)
	calls[path] = substr($0, index($0, ":") + 1)
}
function process(pid,    exe, cwd) {
	readMaps(pid)
	exe = links[pid "/exe"]
	cwd = links[pid "/cwd"]
	finish()
	printf "%s", (processes++ ? ",\n" : "")
	printf "{\"pid\":%d,\"exe\":%s,\"cwd\":%s,\"maps\":%s,\"vmflags\":[%s],\"ns\":{%s},\"threads\":[", pid, exe == "" ? "null" : quote(hide(exe)), cwd == "" ? "null" : quote(hide(cwd)), quote(maps), vmflags, readNs(pid)
	open = 1
	threads = 0
}
function thread(pid, tid,    dir, stat, comm, status, cgroup) {
	dir = pid "/task/" tid
	stat = slurp(dir "/stat")
	if (stat == "" && threads > 0) return
	if (stat == "") { dir = pid; stat = "" pid " (gone) Z 0 0 0 0 0 0" }
	comm = names ? slurp(dir "/comm") : "task-" tid "\n"
	status = slurp(dir "/status")
	if (!names) sub(/^Name:[^\n]*/, "Name:\thidden", status)
	cgroup = slurp(dir "/cgroup")
	sub(/^.*0::/, "", cgroup)
	sub(/\n.*$/, "", cgroup)
	printf "%s{\"tid\":%d,\"comm\":%s,\"stat\":%s,\"status\":%s,\"oom_score_adj\":%s,\"wchan\":%s,\"syscall\":%s,\"cgroup\":%s,\"fds\":[%s]}", (threads++ ? ",\n" : ""), tid, quote(comm), quote(plainStat(stat, tid)), quote(status), quote(slurp(pid "/oom_score_adj")), quote(slurp(dir "/wchan")), quote(calls[dir]), quote("0::" hideParts(cgroup) "\n"), readFds(dir)
}
# The leader comes first: it has the lowest number unless numbers have gone round.
$1 == "\001task" {
	split($2, part, "/")
	pid = part[1]
	if (pid != current) {
		current = pid
		skip = slurp(pid "/stat") == ""
		if (skip) next
		process(pid)
		thread(pid, pid)
	}
	if (!skip && part[3] != pid) thread(pid, part[3])
}
$1 == "\001cgroup" {
	path = substr($0, length($1 $2) + 3)
	path = substr(path, length(root) + 1)
	place = root path "/"
	kept = ""
	for (i = 1; i <= controlFiles; i++) {
		text = slurp(place control[i])
		if (text != "") kept = kept (kept == "" ? "" : ",") quote(control[i]) ":" quote(text)
	}
	groups = groups (groups == "" ? "" : ",\n") "{\"path\":" quote(hideParts(path)) ",\"id\":" $2 ",\"controllers\":" quote(slurp(place "cgroup.controllers")) ",\"files\":{" kept "}}"
}
END {
	finish()
	printf "],\n\"cgroups\":[%s]}\n", groups
}'
