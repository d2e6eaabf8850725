/** What `iterscope --help` prints. */
export const USAGE = `iterscope: run BPF iterator programs against a simulated Linux kernel

  iterscope run FILE.bpf.c|FILE.bpf.o     compile, load, attach and read; prints what the iterator prints
  iterscope check FILE                    stop after the verifier
  iterscope compile FILE.bpf.c -o OUT     write the ELF object
  iterscope disasm FILE                   instructions with their source lines
  iterscope exec READER.c PROG.bpf.c... [-- ARGS]
                                          a user program that opens, loads and reads; its output and status
  iterscope world NAME|FILE.json          what is in a world
  iterscope world NAME|FILE.json -o OUT   writes it as a world file, a snapshot too
  iterscope world NAME --show task.mm     a struct of it, what is simulated and what not; --pid N: whose
  iterscope shell [-c 'LINE; LINE']       a shell in the machine: bpftool, cat, ls, ps, ...
  iterscope case DIR                      replay a recorded case and print the differences

which program, attached how (run, check):
  --prog NAME                             default: the first iterator of the object
  --tid N | --pid N | --pidfd PID         one thread; one process; one process through a pidfd
  --map NAME  --fill MAP:N                the map to iterate; put N elements into a map first
  --cgroup PATH | --cgroup-id N           where the walk of a cgroup iterator starts
  --order self|pre|post|up|children       and which way it goes
  --set VAR=VALUE                         a global variable before load; may be repeated

how it is read:
  --read-size BYTES                       size of each read(2); default 4096
  --sessions N                            iterators opened on the link, read in turn
  --max-reads N                           stop after so many reads
  --reader PID                            the task that loads and reads

the machine:
  --world NAME|FILE                       default: demo; a FILE may be a snapshot of a real machine
  --module TARGET.c                       kernel C that registers an iterator target of your own
  --kernel RELEASE                        default: the world's, or 6.12
  --btf FILE  --kallsyms FILE             another kernel's types and symbols
  --seed N                                of everything random

also:
  --log-level 0|1|2                       the verifier's log
  --define NAME[=VALUE]  --include DIR    for the compiler; may be repeated
  --mcpu v1|v2|v3|v4                      version of the instruction set (v3)
  -Wall -Wno-NAME -Werror[=NAME] -w        the compiler's warnings, by clang's names; all are on
  -O 0|1|2|3                              0: every variable stays in memory (2)
  --run N  --object ours|clang            which run of a case, which object (case)
  --json                                  one JSON object on stdout

Every FILE may be gzip. Exit status: 0 done, 1 the program was refused or failed, 2 wrong use,
70 a bug in iterscope.
`;
